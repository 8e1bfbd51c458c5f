package command

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/waguard/waguard/consent"
)

// The evidence of a consent record is given as fields and values: there are more than a
// command has room for flags.

// evidenceFields are the names of the fields, each with a sign of equality.
func evidenceFields() (names []string) {
	for f := range reflect.TypeFor[consent.Evidence]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name+"=")
	}
	return names
}

func sourceNames() (names []string) {
	for _, s := range consent.Sources() {
		names = append(names, string(s))
	}
	return append(names, consent.OtherSource)
}

// readEvidence reads the fields a command was given into e.
func readEvidence(c *call, e *consent.Evidence) error {
	flag := c.flags.Lookup("evidence")
	if flag == nil {
		return nil
	}
	given, err := c.flags.GetStringArray("evidence")
	if err != nil {
		return err
	}
	fields := make(map[string]any)
	for _, field := range given {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			return misused("evidence is %q; write it as field=value, such as page_url=https://example.com/sign-up", field)
		}
		if file, ok := strings.CutPrefix(value, "@"); ok {
			content, err := os.ReadFile(file)
			if err != nil {
				return misused("evidence %s can't be read: %v", name, err)
			}
			value = string(content)
		}
		if !utf8.ValidString(value) {
			return misused("evidence %s is not in UTF-8; what was shown would be recorded otherwise than it was", name)
		}
		switch name {
		case string(consent.FieldNamesChannel):
			if value != "true" && value != "false" {
				return misused("evidence %s is %q; it must be true or false", name, value)
			}
			fields[name] = value == "true"
		case string(consent.FieldCategories):
			list, _ := fields[name].([]string)
			for kind := range strings.SplitSeq(value, ",") {
				list = append(list, strings.TrimSpace(kind))
			}
			fields[name] = list
		default:
			if _, twice := fields[name]; twice {
				return misused("evidence %s is given twice", name)
			}
			fields[name] = value
		}
	}
	if len(fields) == 0 {
		return nil
	}
	if _, twice := fields[string(consent.FieldReference)]; twice && e.Reference != "" {
		return misused("the reference is given twice, by --reference and by --evidence")
	}
	written, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(written)))
	dec.DisallowUnknownFields()
	err = dec.Decode(e)
	if unknown, ok := strings.CutPrefix(errorText(err), "json: unknown field "); ok {
		return misused("there is no field %s of the evidence; there are %s", unknown, strings.ReplaceAll(strings.Join(evidenceFields(), ", "), "=", ""))
	}
	if err != nil {
		return errors.Join(errors.New("reading the evidence"), err)
	}
	return nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// fieldNames are fields as a sentence has them.
func fieldNames(fields []consent.Field) (names []string) {
	for _, f := range fields {
		names = append(names, string(f))
	}
	return names
}
