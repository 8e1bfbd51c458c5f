package adminapi

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// answers are all that routes answer.
var answers = []any{
	Version{}, Health{}, Page{}, Groups{}, Summary{}, Templates{}, Numbers{}, Diagnosis{}, EventPage{}, billing.Report{}, Consent{}, History{}, store.CheckReport{}, Templates{}, Numbers{}, Summary{}, Diagnosis{}, store.Rebuilt{},
}

// Times are written as RFC 3339 in every answer: as a time.Time, and not as the
// number that a policy.Moment is.
func TestTimesAreReadable(t *testing.T) {
	for _, v := range answers {
		eachField(reflect.TypeOf(v), "", func(path string, typ reflect.Type, _ string) {
			if typ == reflect.TypeFor[policy.Moment]() {
				t.Errorf("%T%s is a number", v, path)
			}
		})
	}
}

// One thing has one name in every answer: what happened has a time; a number is a
// phone_number_id, never by another key.
func TestOneNameForOneThing(t *testing.T) {
	others := map[string]string{
		"at": "time", "timestamp": "time", "when": "time", "number_id": "phone_number_id", "business_id": "phone_number_id",
		"ref": "reference", "alias": "identity", "person": "contact", "user": "contact", "account": "waba", "waba_id": "waba", "code": "error_code",
	}
	for _, v := range answers {
		eachField(reflect.TypeOf(v), "", func(path string, _ reflect.Type, key string) {
			if other, ok := others[key]; ok {
				t.Errorf("%T%s is called %q; elsewhere it is %q", v, path, key, other)
			}
			if strings.ToLower(key) != key || strings.Contains(key, "-") {
				t.Errorf("%T%s is called %q; keys are lower case with underscores", v, path, key)
			}
		})
	}
}

// eachField visits the fields of a type that JSON shows, and of those in it.
func eachField(typ reflect.Type, path string, visit func(path string, typ reflect.Type, key string)) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		eachField(typ.Elem(), path, visit)
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if key == "-" || !f.IsExported() {
				continue
			}
			if !f.Anonymous {
				visit(path+"."+f.Name, f.Type, key)
			}
			eachField(f.Type, path+"."+f.Name, visit)
		}
	}
}
