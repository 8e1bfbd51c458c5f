package billing

import (
	"fmt"
	"strings"
	"testing"
)

// An answer of Meta's is read as it is, numbers to the last digit.
func TestReadAnalytics(t *testing.T) {
	const answer = `{"id":"2003","pricing_analytics":{"data":[{"data_points":[
		{"start":1790823600,"end":1790910000,"country":"IN","phone_number":"493055512","tier":"0:750000","pricing_type":"REGULAR","pricing_category":"AUTHENTICATION_INTERNATIONAL","volume":2,"cost":4.6},
		{"start":1790823600,"end":1790910000,"country":"DE","phone_number":493055512,"pricing_type":"FREE_CUSTOMER_SERVICE","pricing_category":"SERVICE","volume":7}
	]}],"paging":{"cursors":{"after":"MQ"}}}}`
	a, err := ReadAnalytics([]byte("\xef\xbb\xbf" + answer))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(a.WABA, " ", a.Phones, a.Countries, a.Categories, a.Types, a.Rounded, a.Monthly()), "2003 true true true true 0 false"; got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(a.Points), "[{2026-10-01 03:00:00 +0000 UTC 2026-10-02 03:00:00 +0000 UTC 493055512 IN authentication_international regular 0:750000 2 4.6000} {2026-10-01 03:00:00 +0000 UTC 2026-10-02 03:00:00 +0000 UTC 493055512 DE service free_customer_service  7 0.0000}]"; got != want {
		t.Errorf("its points are\n%s, want\n%s", got, want)
	}
	// Without traffic there is no such field; a later page has no account around it; what is
	// told again is told anew; and figures that nobody asked to be told apart add up.
	for name, test := range map[string]struct{ file, want string }{
		"no traffic":          {`{"id":"2003"}`, "0 0 0.0000"},
		"pages":               {answer + "\n" + `{"data":[{"data_points":[{"start":1,"end":2,"pricing_type":"REGULAR","volume":3,"cost":"0.15"}]}]}`, "3 12 4.7500"},
		"a list":              {`[{"id":"2003"},{"data":[{"data_points":[{"start":"1","end":"2","pricing_type":"REGULAR","volume":3,"cost":1e-4}]}]}]`, "1 3 0.0001"},
		"told again":          {answer + answer, "2 9 4.6000"},
		"alike in one answer": {`{"data":[{"data_points":[{"start":1,"end":2,"volume":3,"cost":1},{"start":1,"end":2,"volume":4,"cost":2.5}]}]}`, "1 7 3.5000"},
		"added in binary":     {`{"data":[{"data_points":[{"start":1,"end":2,"volume":3,"cost":11.959999999999999}]}]}`, "1 3 11.9600"},
	} {
		a, err := ReadAnalytics([]byte(test.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		volume, cost := 0, Amount(0)
		for _, p := range a.Points {
			volume, cost = volume+p.Volume, cost+p.Cost
		}
		if got := fmt.Sprint(len(a.Points), volume, cost); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestReadAnalyticsBroken(t *testing.T) {
	point := func(fields string) string { return `{"data":[{"data_points":[{"start":1,"end":2,` + fields + `}]}]}` }
	for file, want := range map[string]string{
		"":                       "it is empty",
		"\n\nMarket,Currency":    "line 3: it is no JSON",
		`{"error":{"code":190}}`: "it is an error of Meta's",
		`{"data_points":[]}`:     "it has no pricing_analytics",
		`{"id":"1"}{"id":"2"}`:   "answer 2: it is of the account 2, and those before are of 1",
		`[{"id":"1","pricing_analytics":{"data":[{"data_points":[{"start":"soon"}]}]}}]`: `answer 1: data point 1: its start "soon"`,
		`{"data":[{"data_points":[{"start":2,"end":2,"volume":1,"cost":1}]}]}`:           "after its start",
		point(`"volume":-1,"cost":1`):                   `its volume "-1"`,
		point(`"volume":1.5,"cost":1`):                  `its volume "1.5"`,
		point(`"volume":1`):                             "it has no cost; ask Meta for metric_types VOLUME and COST",
		point(`"volume":1,"cost":"1/3"`):                "",
		point(`"volume":1,"cost":1e999`):                `its cost "1e999" is no amount of money`,
		point(`"volume":1,"cost":99999999999999999999`): "too large",
		`{"currency":"euros","data":[]}`:                "write its code",
	} {
		a, err := ReadAnalytics([]byte(file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is read as %+v, %v; want %q", file, a, err, want)
		}
	}
}

func FuzzReadAnalytics(f *testing.F) {
	f.Add([]byte(`{"id":"2003","pricing_analytics":{"data":[{"data_points":[{"start":1790823600,"end":1790910000,"country":"IN","volume":2,"cost":4.6}]}]}}`))
	f.Add([]byte(`[{"data":[{"data_points":[{"start":"1","end":"2","volume":3,"cost":1e-4}]}]}]`))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := ReadAnalytics(file)
		if err != nil {
			return
		}
		for _, p := range a.Points {
			if !p.End.After(p.Start) || p.Volume < 0 {
				t.Errorf("%q has the point %+v", file, p)
			}
		}
	})
}
