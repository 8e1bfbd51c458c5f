package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// askAnalytics is what a target answers, with pages of data points one after another.
func askAnalytics(t *testing.T, s *Sim, target string) (points []dataPoint, status, pages int) {
	t.Helper()
	for target != "" {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Authorization", "Bearer token")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var answer struct {
			Field *struct {
				Data []struct {
					Points []dataPoint `json:"data_points"`
				} `json:"data"`
				Paging paging `json:"paging"`
			} `json:"pricing_analytics"`
			Data []struct {
				Points []dataPoint `json:"data_points"`
			} `json:"data"`
			Paging paging `json:"paging"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		status, pages = w.Code, pages+1
		blocks, next := answer.Data, answer.Paging.Next
		if answer.Field != nil {
			blocks, next = answer.Field.Data, answer.Field.Paging.Next
		}
		for _, b := range blocks {
			points = append(points, b.Points...)
		}
		target = strings.ReplaceAll(next, `"`, "%22")
	}
	return points, status, pages
}

// TestAnalytics: pricing_analytics have what was delivered, by days where the account is, and
// with each switch they differ in one way from what statuses told.
func TestAnalytics(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 5, 22, 30, 0, 0, time.UTC) // the next day in Berlin
	s := New(Options{
		Clock: func() time.Time { return now }, Location: berlin, Currency: "USD",
		Templates: []Template{{Name: "sale", Language: "en", Category: "MARKETING"}, {Name: "parcel", Language: "en", Category: "UTILITY"}},
	})
	t.Cleanup(func() { s.Close() })
	send := func(to, template string) {
		t.Helper()
		body := fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"template","template":{"name":%q,"language":{"code":"en"}}}`, to, template)
		r := httptest.NewRequest(http.MethodPost, "/v25.0/104455667788/messages", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
	}
	for range 3 {
		send("+4915112345678", "sale")
	}
	send("+919876543210", "sale")
	send("+4915112345678", "parcel")
	send("+4915112345678", "parcel")
	s.Pending() // all are delivered
	send("+4915112345678", "sale")
	s.SetOutcome(func(Send) Outcome { return Outcome{Code: 131026} })
	send("+4915112345678", "sale")

	field := func(granularity, dimensions string) string {
		q := fmt.Sprintf("currency,pricing_analytics.start(%d).end(%d).granularity(%s).dimensions(%s)", now.AddDate(0, 0, -5).Unix(), now.AddDate(0, 0, 5).Unix(), granularity, dimensions)
		return "/v25.0/200300400500?fields=" + url.QueryEscape(q)
	}
	const all = `["PHONE","COUNTRY","PRICING_CATEGORY","PRICING_TYPE","TIER"]`
	said := func(points []dataPoint) string {
		var parts []string
		for _, p := range points {
			parts = append(parts, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %s %s %d=%s", time.Unix(p.Start, 0).UTC().Format("02T15:04"), p.Phone, p.Country, p.Category, p.Type, p.Tier, p.Volume, p.Cost)), " "))
		}
		return strings.Join(parts, " | ")
	}
	for _, test := range []struct {
		name, target string
		set          Analytics
		want         string
	}{
		{"all", field("DAILY", all), Analytics{}, "05T22:00 4930555123 DE MARKETING REGULAR 3=0.4095 | 05T22:00 4930555123 DE UTILITY REGULAR 2=0.11 | 05T22:00 4930555123 IN MARKETING REGULAR 1=0.0118"},
		{"nothing told apart", field("DAILY", "[]"), Analytics{}, "05T22:00 6=0.5313"},
		{"half hours", field("HALF_HOUR", `["COUNTRY"]`), Analytics{}, "05T22:30 DE 5=0.5195 | 05T22:30 IN 1=0.0118"},
		{"months", field("MONTHLY", "PRICING_TYPE"), Analytics{}, "30T22:00 REGULAR 6=0.5313"},
		{"other days", field("DAILY", "[]"), Analytics{Location: time.UTC}, "05T00:00 6=0.5313"},
		{"another category", field("DAILY", `["PRICING_CATEGORY"]`), Analytics{Categories: map[string]string{"utility": "marketing"}}, "05T22:00 MARKETING 6=0.6943"},
		{"another country", field("DAILY", `["COUNTRY"]`), Analytics{Countries: map[string]string{"IN": "FR"}}, "05T22:00 DE 5=0.5195 | 05T22:00 FR 1=0.0859"},
		{"another type", field("DAILY", `["PRICING_TYPE"]`), Analytics{Types: map[string]string{"regular": "free_entry_point"}}, "05T22:00 FREE_ENTRY_POINT 6=0"},
		{"some missing", field("DAILY", "[]"), Analytics{Missing: 2}, "05T22:00 4=0.2583"},
		{"some besides", field("DAILY", `["PHONE"]`), Analytics{Extra: []Charged{{At: now, PhoneNumberID: "4930999", Country: "DE", Category: "marketing", Type: "regular", Copies: 2}}}, "05T22:00 4930555123 6=0.5313 | 05T22:00 4930999 2=0.273"},
		{"other rates", field("DAILY", "[]"), Analytics{Rates: map[string]string{"DE utility": "0.06"}}, "05T22:00 6=0.5413"},
		{"a tier", field("DAILY", `["TIER"]`), Analytics{TierAfter: 1, Rates: map[string]string{"DE utility tier": "0.0523"}}, "05T22:00 4=0.4213 | 05T22:00 0:1 1=0.055 | 05T22:00 2: 1=0.0523"},
		{"rounded", field("DAILY", "[]"), Analytics{Decimals: 2}, "05T22:00 6=0.53"},
		{"in pages", field("DAILY", all), Analytics{PageSize: 2}, "05T22:00 4930555123 DE MARKETING REGULAR 3=0.4095 | 05T22:00 4930555123 DE UTILITY REGULAR 2=0.11 | 05T22:00 4930555123 IN MARKETING REGULAR 1=0.0118"},
	} {
		s.SetAnalytics(test.set)
		points, status, pages := askAnalytics(t, s, test.target)
		if got := said(points); status != http.StatusOK || got != test.want {
			t.Errorf("%s: %d\n got %s\nwant %s", test.name, status, got, test.want)
		}
		if want := 1 + test.set.PageSize/2; pages != want {
			t.Errorf("%s: %d pages, want %d", test.name, pages, want)
		}
	}
	s.SetAnalytics(Analytics{})
	for _, target := range []string{
		field("WEEKLY", "[]"), field("DAILY", `["COLOUR"]`), "/v25.0/200300400500?fields=pricing_analytics.start(2).end(1).granularity(DAILY)", "/v25.0/200300400500/pricing_analytics",
	} {
		if _, status, _ := askAnalytics(t, s, target); status != http.StatusBadRequest {
			t.Errorf("%s is answered %d", target, status)
		}
	}
	if points, status, _ := askAnalytics(t, s, "/v25.0/200300400500?fields=pricing_analytics.start(1).end(2).granularity(DAILY)"); status != http.StatusOK || points != nil {
		t.Errorf("of a time without traffic it is %d %v", status, points)
	}
}
