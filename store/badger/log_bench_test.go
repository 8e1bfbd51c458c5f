package badger

import (
	"fmt"
	"testing"

	"github.com/waguard/waguard/policy"
)

// BenchmarkConsentRecords measures what a consent record costs in a webhook of 1,000
// STOPs and in an import: 1,000 opt-ins of new people at a time.
func BenchmarkConsentRecords(b *testing.B) {
	for name, state := range map[string]policy.ConsentState{"stops": policy.OptedOut, "opt-ins": policy.OptedIn} {
		b.Run(name, func(b *testing.B) {
			s := openStore(b, b.TempDir(), Options{Now: testNow})
			defer closeStore(b, s)
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				events := make([]policy.Event, 1000)
				for i := range events {
					n++
					events[i] = policy.ConsentChanged{
						PhoneNumberID: testNumber, Who: []policy.Identity{phone(fmt.Sprintf("1555%07d", n))}, At: policy.Moment(1_790_000_000_000 + n),
						State: state, Scopes: policy.AllScopes, Source: policy.SourceKeyword, Ref: fmt.Sprint("wamid.", n), General: true,
					}
				}
				apply(b, s, events...)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
