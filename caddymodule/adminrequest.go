package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/waguard/waguard/internal/strictjson"
)

// jsonRequest reads the body of an admin request, strictly: one object, each key
// once and exactly as it is documented, nothing behind it. Of two readings of a
// request on consent one would be wrong.
func jsonRequest(r *http.Request, v any) error {
	if err := readStrictly(r.Body, v); err != nil {
		return adminError(http.StatusBadRequest, fmt.Errorf("reading the request: %w", err))
	}
	return nil
}

func readStrictly(body io.Reader, v any) error {
	raw, err := io.ReadAll(io.LimitReader(body, largestAdminRequest+1))
	if err != nil {
		return errors.New("the body broke off")
	}
	if len(raw) > largestAdminRequest {
		return errors.New("the body is larger than 64 KiB")
	}
	doc, err := strictjson.Parse(raw)
	if err != nil {
		return err
	}
	if doc.Kind() != strictjson.Object {
		return fmt.Errorf("the body is %s; it must be an object", doc.Kind())
	}
	known := keysOf(reflect.TypeOf(v).Elem())
	for key := range doc.Members() {
		if name := key.String(); !slices.Contains(known, name) {
			return fmt.Errorf("unknown field %s; there are %s", nameable(name), strings.Join(known, ", "))
		}
	}
	return json.Unmarshal(raw, v)
}

// keysOf are the keys of a struct's JSON.
func keysOf(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			keys = append(keys, keysOf(f.Type)...)
			continue
		}
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

var identifier = regexp.MustCompile(`^[A-Za-z_]{1,40}$`)

// nameable is a key as an error may name it, which Caddy logs: not where it could
// be somebody's number.
func nameable(key string) string {
	if identifier.MatchString(key) {
		return fmt.Sprintf("%q", key)
	}
	return "(not shown)"
}
