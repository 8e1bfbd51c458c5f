package replicas

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

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

// TestPgBouncerUntold: gateways that nobody has told of the PgBouncer find out by
// themselves, and nothing is lost of what they did before.
func TestPgBouncerUntold(t *testing.T) {
	f := start(t, options{gateways: 2, pooled: true, untold: true})
	who := person(0, 0)
	f.says(t, f.gateways[0], shop, who, "Hello")
	const sends = 200
	wrong := make(kinds)
	var mu sync.Mutex
	together(sends, func(i int) {
		a := f.send(f.gateways[i%2], text(who, fmt.Sprint(i), "Hello"))
		mu.Lock()
		defer mu.Unlock()
		if a.status != http.StatusOK {
			wrong.add("a send is answered", a)
		}
	})
	wrong.fail(t)
	f.addsUp(t, sends)
}
