package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/internal/strictjson"
)

// LargestRequest is how large the body of a request may be.
const LargestRequest = 64 << 10

// ReadRequest fills a request, given by pointer, from the query parameters of a GET
// or the body of a POST.
func ReadRequest(r *http.Request, request any) error {
	if r.Method == http.MethodPost {
		return readBody(r.Body, request)
	}
	return readQuery(r.URL.Query(), request)
}

// readBody reads the body of a request, strictly: one object, each key once and
// exactly as it is documented, nothing behind it. Of two readings of a request on
// consent one would be wrong.
func readBody(body io.Reader, request any) error {
	if err := readStrictly(body, request); err != nil {
		return Errorf(http.StatusBadRequest, "reading the request: %w", err)
	}
	return nil
}

// ReadBody fills a request, given by pointer, from a body that was read, as strictly.
func ReadBody(body []byte, request any) error {
	return readRaw(body, request)
}

func readStrictly(body io.Reader, request any) error {
	largest := LargestRequest
	if large, ok := request.(interface{ largestBody() int }); ok {
		largest = large.largestBody()
	}
	raw, err := io.ReadAll(io.LimitReader(body, int64(largest)+1))
	if err != nil {
		return errors.New("the body broke off")
	}
	if len(raw) > largest {
		return fmt.Errorf("the body is larger than %d KiB", largest>>10)
	}
	return readRaw(raw, request)
}

// mostTokens holds an import of full size with all the evidence there is: a thousand
// records of some forty fields.
const mostTokens = 200_000

func readRaw(raw []byte, request any) error {
	doc, err := strictjson.ParseLarge(raw, mostTokens)
	if err != nil {
		return err
	}
	if doc.Kind() != strictjson.Object {
		return fmt.Errorf("the body is %s; it must be an object", doc.Kind())
	}
	var known []string
	for _, f := range fieldsOf(request) {
		known = append(known, f.key)
	}
	for key := range doc.Members() {
		if name := key.String(); !slices.Contains(known, name) {
			return fmt.Errorf("unknown field %s; there are %s", nameable(name), strings.Join(known, ", "))
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // deeper down
	if err := dec.Decode(request); err != nil {
		return err
	}
	for _, f := range fieldsOf(request) {
		for key := range doc.Members() {
			if key.String() == f.key && f.value.Kind() == reflect.Int && f.value.Int() == 0 {
				return fmt.Errorf("%s must be at least 1", f.key)
			}
		}
	}
	return nil
}

// readQuery reads query parameters, each of them once.
func readQuery(query url.Values, request any) error {
	fields := make(map[string]field)
	for _, f := range fieldsOf(request) {
		if !f.bodyOnly {
			fields[f.key] = f
		}
	}
	for key, values := range query {
		f, ok := fields[key]
		switch {
		case len(values) > 1:
			return Errorf(http.StatusBadRequest, "parameter %s is given more than once", nameable(key))
		case !ok:
			return Errorf(http.StatusBadRequest, "unknown parameter %s; to look for a contact or a wamid use POST", nameable(key))
		case f.value.Kind() == reflect.String:
			f.value.SetString(values[0])
		default:
			n, err := strconv.Atoi(values[0])
			if err != nil {
				return Errorf(http.StatusBadRequest, "%s is not a number", key)
			}
			if n == 0 { // what is not given is 0
				return Errorf(http.StatusBadRequest, "%s must be at least 1", key)
			}
			f.value.SetInt(int64(n))
		}
	}
	return nil
}

// queryOf is a request, given by pointer, as query parameters, without empty ones.
func queryOf(request any) url.Values {
	query := url.Values{}
	for _, f := range fieldsOf(request) {
		if !f.value.IsZero() && !f.bodyOnly {
			query.Set(f.key, fmt.Sprint(f.value))
		}
	}
	return query
}

// field is a field of a request by its key. Where it could name a person it comes
// in bodies only.
type field struct {
	key      string
	value    reflect.Value
	bodyOnly bool
}

// fieldsOf are the fields of a request, given by pointer, those of embedded ones
// among them.
func fieldsOf(request any) (fields []field) {
	v := reflect.ValueOf(request).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			fields = append(fields, fieldsOf(v.Field(i).Addr().Interface())...)
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{key, v.Field(i), f.Tag.Get("query") == "-"})
	}
	return fields
}

var identifier = regexp.MustCompile(`^[A-Za-z_]{1,40}$`)

// nameable is a key as an error may name it, which the server logs: not where it
// could be somebody's number.
func nameable(key string) string {
	if identifier.MatchString(key) {
		return fmt.Sprintf("%q", key)
	}
	return "(not shown)"
}
