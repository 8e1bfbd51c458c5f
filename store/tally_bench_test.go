package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
)

// BenchmarkAddPacked adds a quarter of an hour of 3,500 sends, of templates in campaigns and
// of many markets, to a tally by days.
func BenchmarkAddPacked(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.3, 1, 46)
	sums := newTally()
	for range 3500 {
		template := random.IntN(20)
		a := Alike{
			PhoneNumberID: fmt.Sprint(template % 4), Business: fmt.Sprint("shop ", template%4), Category: policy.CategoryMarketing, Tag: "allow", Market: fmt.Sprint("market ", zipf.Uint64()),
			State: Accepted, Kind: policy.TemplateMessage, Template: fmt.Sprint("template ", template), Told: billing.Regular, Charged: true,
			Status: []policy.DeliveryStatus{policy.StatusRead, policy.StatusDelivered}[random.IntN(2)],
		}
		a.Price.Unit = billing.Amount(len(a.Market) * 1000)
		if random.IntN(20) == 0 {
			a.DeliveredAfter = random.IntN(100)
		}
		sums.add(0, &a, 1)
	}
	packed, rows := sums.pack(), len(sums.counts)
	into := newTally()
	into.in(&Detail{Days: func(*Alike) *time.Location { return time.UTC }}, 0)
	q := int64(1_988_000)
	for b.Loop() {
		if err := into.addPacked(q, packed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/sum")
	b.ReportMetric(float64(len(packed))/float64(rows), "B/sum")
}
