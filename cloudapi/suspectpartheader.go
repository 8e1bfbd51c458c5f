package cloudapi

import (
	"regexp"
	"strings"

	"github.com/waguard/waguard/internal/lookalike"
	"github.com/waguard/waguard/policy"
)

// partFields are the header fields that clients give a part.
var partFields = map[string]bool{
	"content-disposition": true, "content-type": true, "content-length": true, "content-transfer-encoding": true,
}

// maxPartLine is how long a line in the header of a part may be. Readers with
// small buffers cut longer ones in two.
const maxPartLine = 4 << 10

// checkPart refuses a part that would be a parameter with a meaning of its own,
// or whose header is not written as clients write it: some readers put lines
// together that have no colon, end names at a NUL, or take the last of two names.
func checkPart(header []byte) *Refusal {
	if refusal := checkPartNames(header); refusal != nil {
		return refusal
	}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(string(header), "\r\n") {
		name, value, colon := strings.Cut(line, ":")
		name = strings.ToLower(name)
		switch {
		case !colon || !partFields[name] || seen[name]:
			return refusef(policy.RuleUnreadable, byLibrary, "a part of the multipart body has a header line that is not one Content-Disposition, Content-Type, Content-Length or Content-Transfer-Encoding")
		case len(line) > maxPartLine:
			return refusef(policy.RuleTooLarge, "shorten the file name", "a part of the multipart body has a header line of more than 4 KiB")
		case strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7F }):
			return refusef(policy.RuleUnreadable, byLibrary, "the header of a part of the multipart body holds a control character")
		}
		seen[name] = true
		if name == "content-disposition" {
			if problem := dispositionProblem(strings.TrimLeft(value, " ")); problem != "" {
				return refusef(policy.RuleUnreadable, byLibrary, "the Content-Disposition of a part of the multipart body is not as clients write it: %s", problem)
			}
		} else if strings.ContainsFunc(value, func(r rune) bool { return r >= 0x7F }) {
			return refusef(policy.RuleUnreadable, byLibrary, "the header of a part of the multipart body holds more than ASCII outside of a file name")
		}
	}
	if !seen["content-disposition"] {
		return refusef(policy.RuleUnreadable, byLibrary, "a part of the multipart body has no Content-Disposition")
	}
	return nil
}

// dispositionProblem says what is unusual about the disposition of a part, ""
// if nothing is. One name of plain signs it must have; a file name may be any
// text in quotes.
func dispositionProblem(s string) string {
	kind, s, _ := strings.Cut(s, ";")
	if !strings.EqualFold(strings.TrimRight(kind, " "), "form-data") {
		return "it is not form-data"
	}
	seen := map[string]bool{}
	for s = strings.Trim(s, " "); s != ""; s = strings.Trim(s, " ") {
		key, rest, ok := strings.Cut(s, "=")
		key = strings.ToLower(key)
		if !ok || seen[key] {
			return "a parameter occurs twice or has no value"
		}
		seen[key] = true
		var value string
		if value, s, ok = dispositionValue(rest); !ok {
			return "the value of a parameter can't be read in one way"
		}
		switch key {
		case "name":
			if !isPartName(value) {
				return "the name is not plain letters, digits, hyphens and dots"
			}
		case "filename":
		case "filename*", "size", "creation-date", "modification-date", "read-date":
			if strings.ContainsFunc(value, func(r rune) bool { return r >= 0x7F }) {
				return key + " is not ASCII"
			}
		default:
			return "it has another parameter than name and filename"
		}
	}
	if !seen["name"] {
		return "it has no name"
	}
	return ""
}

// dispositionValue reads a value in quotes or a plain one, and the semicolon
// after it.
func dispositionValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		value = strings.TrimRight(value, " ")
		return value, rest, value != "" && !strings.ContainsFunc(value, func(r rune) bool {
			return r <= ' ' || r >= 0x7F || strings.ContainsRune(`"\,=`, r)
		})
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\': // before a quote it keeps it from ending the value; elsewhere it is part of a path
			if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
				i++
			}
		case '"':
			value, rest = s[1:i], strings.TrimLeft(s[i+1:], " ")
			if rest == "" {
				return value, "", true
			}
			rest, ok = strings.CutPrefix(rest, ";")
			return value, rest, ok
		}
	}
	return "", "", false
}

func isPartName(s string) bool { return isQueryName(s) && len(s) <= 256 }

// partName finds every name that a part's header could give, in quotes or not.
var partName = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])name([^=a-z0-9]{0,20}(?:[0-9]+\*?)?)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\r\n]*)`)

// checkPartNames refuses a part that would be a parameter of the request, or
// could be under a name written in an unusual way.
func checkPartNames(header []byte) *Refusal {
	if strings.Contains(lookalike.Fold(string(header)), "contenttypemultipart") {
		return refusef(policy.RuleUnreadable, "send one file in each part", "a part of the multipart body is multipart itself")
	}
	for _, match := range partName.FindAllSubmatch(header, -1) {
		name := string(match[2])
		if strings.Contains(string(match[1]), "*") || strings.Contains(name, "=?") {
			return refusef(policy.RuleUnreadable, "write the names of parts in plain ASCII", "the name of a part is encoded")
		}
		name = strings.Trim(strings.ReplaceAll(name, `\`, ""), `"`)
		for n := range looseForm(name) {
			switch folded := lookalike.Fold(string(beforeBracket([]byte(n)))); {
			case folded == "method":
				return methodParameter("the multipart body")
			case strings.HasSuffix(folded, "batch"):
				return refusef(policy.RuleBatch, "send the batch as JSON, and upload files to /media in requests of their own",
					"a part of the multipart body is a batch")
			case isFieldList(n):
				return refusef(policy.RuleMethod, "put the list of fields into the query", "a part of the multipart body lists fields to read, which could ask for another method")
			}
		}
	}
	return nil
}
