package command

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/adminapi"
)

// Lists come out of spreadsheets, databases and editors. What a row says is recorded as
// it is written there, or the row is rejected.
func TestReadList(t *testing.T) {
	const head = "contact,at,text\n"
	utf16 := "\xff\xfe" + strings.Join(strings.Split(head, ""), "\x00") + "\x00"
	for _, tt := range []struct {
		name, list string
		want       []string // of each row the contact and the text, or why it is rejected
		wantErr    string
	}{
		{"quotes and lines in a cell", head + "+1,2025-06-01,\"a \"\"b\"\"\nc\"\n+2,2025-06-01,d\n", []string{"2: +1 a \"b\"\nc", "4: +2 d"}, ""},
		{"carriage returns", "contact,at,text\r\n+1,2025-06-01,a\r\n", []string{"2: +1 a"}, ""},
		{"carriage returns alone", "contact,at,text\r+1,2025-06-01,a\r", nil, "carriage return alone"},
		{"UTF-16", utf16, nil, "UTF-16"},
		{"UTF-16 without a mark", utf16[2:], nil, "UTF-16"},
		{"Latin-1", head + "+1,2025-06-01,Gr\xfc\xdfe\n+2,2025-06-01,d\n", []string{"2: not in UTF-8", "3: +2 d"}, ""},
		{"a formula for a text", head + "=\"+1\",2025-06-01,a\n+2,2025-06-01,d\n", []string{"2: quotation mark", "3: +2 d"}, ""},
		{"a quote left open", head + "+1,2025-06-01,a\n+2,2025-06-01,\"b\n+3,2025-06-01,c\n", []string{"2: +1 a"}, "from line 3 on"},
		{"a quote left open in a large list", head + "+1,2025-06-01,a\n+2,2025-06-01,\"b\n" + strings.Repeat("+3,2025-06-01,c\n", longestRow/10), []string{"2: +1 a"}, "behind line 2"},
		{"a row too long", head + "+1,2025-06-01," + strings.Repeat("a", largestRecord) + "\n+2,2025-06-01,d\n", []string{"2: longer than", "3: +2 d"}, ""},
		{"a file of rejects", "line,error," + head + "7,why,+1,2025-06-01,a\n", []string{"2: +1 a"}, ""},
		{"no names of columns", "+4915112345678,2025-06-01\n", nil, "column 1 of the first line"},

		{"JSON", `{"contact":"+1","text":"a"}` + "\n\n" + `{"contact":"+2","text":"b"}`, []string{"1: +1 a", "3: +2 b"}, ""},
		{"a field twice", `{"contact":"+1","contact":"+2"}`, []string{"1: a key appears twice"}, ""},
		{"a field in other letters", `{"contact":"+1","Contact":"+2"}`, []string{`1: "Contact" is no field; did you mean contact?`}, ""},
		{"a field of the request", `{"contact":"+1","actor":"the boss"}`, []string{`1: "actor" is no field`}, ""},
		{"numbers", `{"contact":4915112345678}`, []string{"1: contact is a JSON number"}, ""},
		{"half a character", `{"contact":"+1","text":"\ud83d"}`, []string{"1: half a character"}, ""},
		{"Latin-1 in JSON", `{"contact":"+1","text":"Gr` + "\xfc" + `n"}`, []string{"1: UTF-8"}, ""},
		{"a line too long", `{"contact":"+1","text":"` + strings.Repeat("a", 3*largestRecord) + `"}` + "\n" + `{"contact":"+2","text":"b"}`, []string{"1: longer than", "2: +2 b"}, ""},
		{"a last line too long", `{"contact":"+2","text":"b"}` + "\n" + `{"text":"` + strings.Repeat("a", largestRecord), []string{"1: +2 b", "2: longer than"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := new(listShape).read(strings.NewReader(tt.list), func([]string) error { return nil }, func(row *listRow) error {
				line := fmt.Sprintf("%d: %v", row.line, row.wrong)
				if row.wrong == nil {
					line = fmt.Sprintf("%d: %s %s", row.line, row.record.Contact, row.record.Text)
				}
				got = append(got, line)
				return nil
			})
			if (err != nil) != (tt.wantErr != "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d rows: %.200q, want %q", len(got), got, tt.want)
			}
			for i := range got {
				line, want, _ := strings.Cut(tt.want[i], ": ")
				if !strings.HasPrefix(got[i], line+": ") || !strings.Contains(got[i], want) {
					t.Errorf("row %d: %.200q, want %q", i, got[i], tt.want[i])
				}
			}
		})
	}
}

// However long what all rows have, a request with a thousand of them is no larger than
// the gateway takes.
func TestListFitsRequests(t *testing.T) {
	shape := &listShape{set: map[string]string{"text": strings.Repeat("<p>", 5000)}}
	list := "contact\n" + strings.Repeat("+1\n", adminapi.LargestImport)
	size := 0
	err := shape.read(strings.NewReader(list), func([]string) error { return nil }, func(row *listRow) error {
		size += row.size
		return row.wrong
	})
	if err != nil || size < 3*5000*adminapi.LargestImport {
		t.Errorf("%d rows are counted as %d bytes (%v)", adminapi.LargestImport, size, err)
	}
}
