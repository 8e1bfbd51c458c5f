package caddymodule

import (
	"net/netip"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/waguard/waguard/policy"
)

const (
	defaultFormRate = 20
	mostFormRate    = 10_000

	// A phone number is written into forms this often at most within an hour: whoever
	// has it mistypes, or has lost the page.
	formsForNumber = 5

	// remembered is for how many addresses and numbers limits are kept, the ones that
	// came last.
	remembered = 1 << 14
)

// formLimits bound how often forms are sent, from one address and for one number.
type formLimits struct {
	perMinute int
	addresses *lru.Cache[netip.Prefix, *rate.Limiter]
	numbers   *lru.Cache[policy.Identity, *rate.Limiter]
}

func newFormLimits(perMinute int) *formLimits {
	addresses, _ := lru.New[netip.Prefix, *rate.Limiter](remembered) // the error is of a size below 1
	numbers, _ := lru.New[policy.Identity, *rate.Limiter](remembered)
	return &formLimits{perMinute, addresses, numbers}
}

// form reports that another form may come from the subscriber who has an address.
func (l *formLimits) form(address string, now time.Time) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false // Caddy knows everybody's
	}
	return allows(l.addresses, subscriber(ip), rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute, now)
}

// formFor reports that another form may come for a number.
func (l *formLimits) formFor(who policy.Identity, now time.Time) bool {
	return allows(l.numbers, who, rate.Every(time.Hour/formsForNumber), formsForNumber, now)
}

func allows[K comparable](limits *lru.Cache[K, *rate.Limiter], key K, every rate.Limit, burst int, now time.Time) bool {
	limit, known := limits.Get(key)
	if !known {
		limit = rate.NewLimiter(every, burst)
		if other, came, _ := limits.PeekOrAdd(key, limit); came {
			limit = other
		}
	}
	return limit.AllowN(now, 1)
}
