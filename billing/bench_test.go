package billing

import (
	"testing"
	"time"
)

// BenchmarkReport prices a million lines of a month, by day, market and team; a quarter of them
// take turns for the allowance.
func BenchmarkReport(b *testing.B) {
	categories := []Category{Marketing, Utility, Authentication, Service}
	markets := []string{"Germany", "India", "Brazil", "France", "Spain"}
	begin := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		q := Question{By: []string{"day", "market", "team"}, Cards: Shipped()}
		_, err := q.NewReport(func(yield func(*Line, error) bool) {
			var l Line
			for i := range 1_000_000 {
				sent := begin.Add(time.Duration(i%2900) * quarter)
				l = Line{
					Key:  Key{PhoneNumberID: "1044", Category: string(categories[i%4]), Market: markets[i/4%5], Tags: "team=crm", Currency: "USD"},
					N:    10,
					Sent: sent, Delivered: sent, Zone: time.UTC, Pool: "account 1", Send: Send{Fate: Accepted, Status: "delivered", ByBusiness: true},
				}
				if !yield(&l, nil) {
					return
				}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
