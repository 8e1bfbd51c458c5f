package export

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

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
	for title, columns := range map[string][]Column{"the ledger": Columns[Send](), "the bill": Columns[Line](), "FOCUS": Columns[Charge]()} {
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

// Parquet has every value with its type, and null where there is none.
func TestParquet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := NewWriter[thing](&out, Parquet, Options{Kind: Ledger})
	if err != nil {
		t.Fatal(err)
	}
	want := things(t)
	for i := range want {
		if err := w.Write(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if schema, ok := file.Lookup("waguard.schema"); !ok || schema != "waguard.ledger/1" {
		t.Errorf("the schema is called %q", schema)
	}
	const schema = `message thing {
	optional binary name (STRING);
	optional int64 at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional boolean yes;
	required int64 n (INT(64,true));
	optional int64 price (DECIMAL(18,6));
	required group tags (MAP) {
		repeated group key_value {
			required binary key (STRING);
			required binary value (STRING);
		}
	}
}`
	if got := file.Schema().String(); got != schema {
		t.Errorf("the schema is\n%s\nwant\n%s", got, schema)
	}
	rows, err := parquet.Read[thing](bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i := range want {
		want[i].Place = Place{} // it is in the names of folders
		if want[i].At != nil {
			want[i].At = new(want[i].At.UTC())
		}
		if want[i].Tags == nil {
			want[i].Tags = map[string]string{}
		}
		if rows[i].At != nil {
			rows[i].At = new(rows[i].At.UTC())
		}
		if rows[i].Tags == nil {
			rows[i].Tags = map[string]string{}
		}
		if !reflect.DeepEqual(rows[i], want[i]) {
			t.Errorf("got %+v, want %+v", rows[i], want[i])
		}
	}
}

// The same rows make the same file, so that one that hasn't changed is known.
func TestParquetIsTheSame(t *testing.T) {
	t.Parallel()
	files := make(map[string]bool)
	for range 5 {
		var out bytes.Buffer
		w, err := NewWriter[Send](&out, Parquet, Options{Kind: Ledger})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 500 {
			s := Send{ID: fmt.Sprint(n), Time: time.UnixMilli(int64(n)), Tags: map[string]string{}}
			for tag := range n % 7 {
				s.Tags[fmt.Sprint("tag", tag)] = fmt.Sprint(n)
			}
			if err := w.Write(&s); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		files[out.String()] = true
	}
	if len(files) != 1 {
		t.Errorf("they make %d different files", len(files))
	}
}

// A charge costs what its line does; what it would have cost without volume tiers stands beside
// it; its day and month begin where the account is; what has no price is in none.
func TestCharges(t *testing.T) {
	t.Parallel()
	amount := func(s string) *billing.Amount {
		a, err := billing.ParseAmount(s)
		if err != nil {
			t.Fatal(err)
		}
		return &a
	}
	card := &billing.Card{Currency: "USD", From: "2026-10-01", Rates: map[billing.Market]map[billing.Category]billing.Amount{"India": {billing.Utility: *amount("0.0014")}}}
	c := Charging{Issuer: "A provider", Cards: billing.NewCards(card)}
	l := Line{
		Place: Place{"2026-10-25", "shop"}, TimeZone: "Europe/Berlin", PhoneNumberID: "104455667788", Category: "utility", PriceType: "regular", Market: "India",
		Decision: "allow", Card: card.ID(), Currency: "USD", UnitPrice: amount("0.001"), Delivered: 3, Charged: 3, Actual: amount("0.003"),
	}
	charge, ok, err := c.Of(&l)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	got := fmt.Sprintln(charge.BilledCost, charge.ListCost, charge.ListUnitPrice, charge.ContractedUnitPrice, charge.ConsumedQuantity, charge.BillingAccountID, charge.InvoiceIssuerName,
		charge.BillingPeriodStart, charge.BillingPeriodEnd, charge.ChargePeriodStart, charge.ChargePeriodEnd)
	const want = "0.0030 0.0042 0.0014 0.0010 3 unknown A provider 2026-09-30 22:00:00 +0000 UTC 2026-10-31 23:00:00 +0000 UTC 2026-10-24 22:00:00 +0000 UTC 2026-10-25 23:00:00 +0000 UTC\n"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	free := l
	free.PriceType, free.Actual, free.UnitPrice, free.Charged, free.Free = "free_entry_point", amount("0.0"), amount("0.0"), 0, 3
	if charge, ok, err := c.Of(&free); !ok || err != nil || charge.ListCost != 0 || charge.BilledCost != 0 || charge.ConsumedQuantity != 3 {
		t.Errorf("of free messages: %+v, %v, %v", charge, ok, err)
	}
	unsent, unknown := l, l
	unsent.Delivered = 0
	unknown.Actual, unknown.UnitPrice, unknown.Unpriced = nil, nil, 3
	for _, l := range []*Line{&unsent, &unknown} {
		if _, ok, err := c.Of(l); ok || err != nil {
			t.Errorf("%+v is a charge: %v", l, err)
		}
	}
	if c.Unpriced != 3 {
		t.Errorf("%d messages are in no charge", c.Unpriced)
	}
	l.TimeZone = "Nowhere"
	if _, _, err := c.Of(&l); err == nil {
		t.Error("there is a charge in no time zone")
	}
}
