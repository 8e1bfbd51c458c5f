package replicas

import "testing"

// TestBehindPgBouncer: gateways keep the promises that hold for all of them together also
// where they reach the database through a PgBouncer in transaction mode, which hands a
// connection to somebody else after each statement.
func TestBehindPgBouncer(t *testing.T) {
	some := limits()[:4]
	o := withLimits(some)
	o.pooled, o.policy = true, policyOfOptOuts
	f, left := start(t, o), 0
	for n, limit := range some {
		t.Run(limit.name, func(t *testing.T) { left += limit.isExact(t, f, n) })
	}
	f.addsUp(t, left)
	for n, way := range optOuts()[:2] {
		t.Run(way.name, func(t *testing.T) { way.holds(t, f, 100+n) })
	}
	t.Run("gateways die under load", func(t *testing.T) { f.dieUnderLoad(t, *rounds) })
}
