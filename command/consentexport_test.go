package command

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/internal/adminapi"
)

// What is exported reads back as it was, in both formats, and is no formula to a
// spreadsheet.
func TestExportReadsBack(t *testing.T) {
	field := rapid.OneOf(rapid.StringMatching(`[ -~äß\n]{0,12}`), rapid.SampledFrom([]string{"=1+1", "'=1+1", "''-x", "+49", "@x", "-", "'", "a,b\"c\";d\n e", "\u200b"}))
	rapid.Check(t, func(t *rapid.T) {
		r := &adminapi.ExportRecord{State: rapid.SampledFrom([]string{"opted_in", "opted_out"}).Draw(t, "state")}
		r.PhoneNumberID, r.Contact, r.Scope, r.Source, r.At = "104455667788", "pseudonym:0123456789abcdef/0123456789abcdef0123456789abcdef", "marketing", "other:fair", "2026-11-22T10:00:00.123Z"
		r.Evidence = consent.Evidence{Reference: field.Draw(t, "reference"), Text: field.Draw(t, "text"), UserAgent: field.Draw(t, "user agent"), NamesChannel: rapid.Bool().Draw(t, "names channel")}
		if err := r.Normalise(); err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "categories") {
			r.Categories = []string{"offers", "news"}
		}
		for _, format := range []string{exportCSV, exportLines} {
			var b bytes.Buffer
			write, flush := linesOf(&b)
			if format == exportCSV {
				write, flush = listOf(&b)
			}
			if err := write(r); err != nil {
				t.Fatal(err)
			}
			if err := flush(); err != nil {
				t.Fatal(err)
			}
			if format == exportCSV {
				for _, cell := range bytes.Split(b.Bytes(), []byte(",")) {
					if bytes.HasPrefix(bytes.Trim(cell, `"`), []byte("=1")) {
						t.Errorf("a formula: %s", b.String())
					}
				}
			}
			var got []adminapi.ImportRecord
			shape := &listShape{columns: map[string]string{}, set: map[string]string{}}
			err := shape.read(&b, func([]string) error { return nil }, func(row *listRow) error {
				if row.wrong != nil {
					t.Fatalf("%s: %v", format, row.wrong)
				}
				got = append(got, *row.record)
				return nil
			})
			if err != nil || len(got) != 1 || got[0].State != r.State || !reflect.DeepEqual(got[0].ConsentRequest, r.ConsentRequest) {
				t.Fatalf("%s: %v, %+v, want %+v", format, err, got, r)
			}
		}
	})
}
