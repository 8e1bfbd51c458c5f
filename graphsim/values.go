package graphsim

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// scalar reads a string, number or boolean as text. Graph coerces JSON numbers in `to`, so the Sim does.
func scalar(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	default:
		return "", false
	}
}

// lookup follows a dotted path through objects.
func lookup(root object, dotted string) (v any, found bool) {
	for {
		step, rest, more := strings.Cut(dotted, ".")
		v, found = root[step]
		if !more || !found {
			return v, found
		}
		next, isObject := v.(object)
		if !isObject {
			return nil, false
		}
		root, dotted = next, rest
	}
}

// text is the string at a dotted path, empty if there is none.
func textAt(root object, dotted string) string {
	v, _ := lookup(root, dotted)
	text, _ := v.(string)
	return text
}

// require checks that the paths exist under root and have the right type. A path ends in a mark for its type: []
// array, {} object, # number; without mark it is a string. name is the parameter root belongs to, for error texts.
func require(name string, root object, paths ...string) *graphError {
	for _, marked := range paths {
		dotted := strings.TrimRight(marked, "[]{}#")
		v, found := lookup(root, dotted)
		full := name + "." + dotted
		if !found || v == nil {
			return fail(131008, full+" is required")
		}
		if e := checkType(full, marked[len(dotted):], v); e != nil {
			return e
		}
	}
	return nil
}

func checkType(full, mark string, v any) *graphError {
	switch mark {
	case "[]":
		list, isList := v.([]any)
		if !isList {
			return fail(100, full+" must be an array")
		}
		if len(list) == 0 {
			return fail(131008, full+" is empty")
		}
	case "{}":
		if _, isObject := v.(object); !isObject {
			return fail(100, full+" must be an object")
		}
	case "#":
		text, isScalar := scalar(v)
		if _, err := strconv.ParseFloat(text, 64); !isScalar || err != nil {
			return fail(100, full+" must be a number")
		}
	default:
		text, isString := v.(string)
		if !isString {
			return fail(100, full+" must be a string")
		}
		if text == "" {
			return fail(131008, full+" is empty")
		}
	}
	return nil
}

// atMost checks the length in characters of an optional string.
func atMost(name string, root object, dotted string, limit int) *graphError {
	if utf8.RuneCountInString(textAt(root, dotted)) > limit {
		return fail(131009, name+"."+dotted+" is longer than "+strconv.Itoa(limit)+" characters")
	}
	return nil
}

// between checks an optional whole number.
func between(name string, v any, low, high float64) *graphError {
	if v == nil {
		return nil
	}
	text, _ := scalar(v)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < low || n > high || n != float64(int64(n)) {
		return fail(131009, name+" must be a whole number from "+strconv.FormatFloat(low, 'f', -1, 64)+
			" to "+strconv.FormatFloat(high, 'f', -1, 64))
	}
	return nil
}

// firstOf gives the first refusal.
func firstOf(errs ...*graphError) *graphError {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}
