package export

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/billpage"
)

var row = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([^|]+) \\| [^|]+ \\|$")

// The reference has every column of every kind of rows, with its type, in their order, and
// says of those that may be without a value what that means.
func TestReference(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/reference/export.md")
	if err != nil {
		t.Fatal(err)
	}
	for title, columns := range map[string][]Column{"the ledger": Columns[Send]()} {
		_, section, ok := strings.Cut(string(raw), "\n## Columns of "+title+"\n")
		if !ok {
			t.Errorf("the reference has no columns of %s", title)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var want, got []string
		for _, c := range columns {
			null := ""
			if !c.Null {
				null = "never"
			}
			want = append(want, c.Name+" "+string(c.Type)+" "+null)
		}
		for _, m := range row.FindAllStringSubmatch(section, -1) {
			null := ""
			if m[3] == "never" {
				null = "never"
			}
			got = append(got, m[1]+" "+m[2]+" "+null)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the reference has\n%s\nand rows have\n%s", title, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// thing has a column of every type.
type thing struct {
	Place
	Name  string            `json:"name" parquet:"name,optional"`
	At    *time.Time        `json:"at" parquet:"at,timestamp(microsecond)"`
	Yes   *bool             `json:"yes" parquet:"yes"`
	N     int               `json:"n" parquet:"n"`
	Price *billing.Amount   `json:"price" parquet:"price,decimal(6:18)"`
	Tags  map[string]string `json:"tags" parquet:"tags"`
}

func things(t *testing.T) []thing {
	t.Helper()
	amount, err := billing.ParseAmount("0.13650")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.October, 5, 9, 0, 0, 1e6, time.FixedZone("", 7200))
	return []thing{
		{Place{"2026-10-05", "shop"}, "=1+1, \"é\"", &at, new(false), 3, &amount, map[string]string{"team": "crm", "campaign": "a\"b"}},
		{Place: Place{Day: "2026-10-04"}},
	}
}

// Every value is written exactly, and what has none as none.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		format Format
		o      Options
		want   string
	}{
		{CSV, Options{}, "day,business,name,at,yes,n,price,tags\n" +
			`2026-10-05,shop,"=1+1, ""é""",2026-10-05T07:00:00.001Z,false,3,0.1365,"{""campaign"":""a\""b"",""team"":""crm""}"` + "\n" +
			"2026-10-04,,,,,0,,{}\n"},
		{CSV, Options{Folders: true, Dialect: billpage.ExcelSemicolon}, "\ufeffname;at;yes;n;price;tags\r\n" +
			`"'=1+1, ""é""";2026-10-05T07:00:00.001Z;false;3;0,1365;"{""campaign"":""a\""b"",""team"":""crm""}"` + "\r\n" +
			";;;0;;{}\r\n"},
		{Lines, Options{}, `{"day":"2026-10-05","business":"shop","name":"=1+1, \"é\"","at":"2026-10-05T07:00:00.001Z","yes":false,"n":3,"price":"0.1365","tags":{"campaign":"a\"b","team":"crm"}}` + "\n" +
			`{"day":"2026-10-04","business":null,"name":null,"at":null,"yes":null,"n":0,"price":null,"tags":{}}` + "\n"},
		{Lines, Options{Folders: true}, `{"name":"=1+1, \"é\"","at":"2026-10-05T07:00:00.001Z","yes":false,"n":3,"price":"0.1365","tags":{"campaign":"a\"b","team":"crm"}}` + "\n" +
			`{"name":null,"at":null,"yes":null,"n":0,"price":null,"tags":{}}` + "\n"},
	} {
		var out strings.Builder
		w, err := NewWriter[thing](&out, test.format, test.o)
		if err != nil {
			t.Fatal(err)
		}
		for _, thing := range things(t) {
			if err := w.Write(&thing); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != test.want {
			t.Errorf("%s %+v:\n%s\nwant\n%s", test.format, test.o, got, test.want)
		}
	}
}
