package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A shadow is a policy on trial: it judges what is sent beside the one that is enforced, on
// facts of the same read, and nothing waits for it or fails by it. For some of the people it
// can be enforced itself.

// Shadow is a policy on trial for a business phone number.
type Shadow struct {
	Name   string
	Policy policy.Policy
	// Share is for whom it is enforced.
	Share Share
}

// Share is a part of all people, in hundredths of a percent. Whoever belongs to a share
// belongs to every larger one of the same name.
type Share int

// Everybody is the share of all people.
const Everybody Share = 10_000

// ParseShare reads a share such as 10% or 0.5%.
func ParseShare(text string) (Share, error) {
	number, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	parts := percent * 100
	if !ok || err != nil || !(parts >= 1 && parts <= float64(Everybody)) || math.Abs(parts-math.Round(parts)) > 1e-6 {
		return 0, fmt.Errorf("%q; it must be a share of people from 0.01%% to 100%%, such as 10%%", text)
	}
	return Share(math.Round(parts)), nil
}

// Percent is the share in percent.
func (s Share) Percent() float64 { return float64(s) / 100 }

// Has reports that somebody belongs to the share of a name of whom nothing but a pseudonym is
// known.
func (s Share) Has(name string, contact policy.ContactID) bool { return s.HasAny(name, contact.Lot()) }

// HasAny reports that somebody with some lots belongs to the share of a name. It goes by those
// alone, which are keyed, and the same for all names of a person. Lots that are added take nobody
// out of a share.
func (s Share) HasAny(name string, lots ...policy.Lot) bool {
	return slices.ContainsFunc(lots, func(lot policy.Lot) bool {
		if lot == policy.NoLot {
			return false
		}
		sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("share\x00"+name+"\x00"), uint32(lot)))
		return Share(binary.BigEndian.Uint64(sum[:8])%uint64(Everybody)) < s
	})
}

// monitorShare is the name of the share of those for whom monitor mode doesn't hold.
const monitorShare = "monitor"

// monitors reports that a send passes whatever was decided about it.
func (g *Gateway) monitors(e *store.Entry) bool {
	if !g.Businesses.Monitors(e.Send.PhoneNumberID) {
		return false
	}
	b, served := g.Businesses.Of(e.Send.PhoneNumberID)
	if !served {
		return true
	}
	enforced := e.Shadow != nil && e.Shadow.Enforced
	return !enforced && !b.Share.HasAny(monitorShare, e.Lots()...)
}

// forSome reports that something is enforced for a part of the people.
func (b *Business) forSome() bool { return b.Share > 0 || b.Shadow != nil && b.Shadow.Share > 0 }

// deciding is the settings by which an entry was decided: with the policy of the shadow where
// that did.
func (b *Business) deciding(e *store.Entry) *Business {
	if b.Shadow == nil || e.Shadow == nil || !e.Shadow.Enforced {
		return b
	}
	return b.under(b.Shadow)
}

// wouldDecide is the settings by which an entry would be decided, with the policy of the shadow
// where that is enforced for the person, and whether it would pass whatever is decided.
func (b *Business) wouldDecide(e *store.Entry) (by *Business, monitored bool) {
	lots := e.Lots()
	// Of who belonged to no part, or is erased, is known what was.
	nobody := slices.Equal(lots, []policy.Lot{policy.NoLot})
	if sh := b.Shadow; sh != nil && sh.Share > 0 {
		was := nobody && e.Shadow != nil && e.Shadow.Enforced && e.Shadow.Name == sh.Name
		if was || sh.Share.HasAny(sh.Name, lots...) {
			return b.under(sh), false
		}
	}
	was := nobody && e.Violation() && !e.Monitored
	return b, b.Monitor && !(b.Share > 0 && (was || b.Share.HasAny(monitorShare, lots...)))
}

// under is the business with the policy of a shadow.
func (b *Business) under(sh *Shadow) *Business {
	other := *b
	other.Policy, other.Shadow = sh.Policy, nil
	return &other
}

// Promote puts the shadow of a name in the place of what is enforced; false where no business
// has one.
func (bs *Businesses) Promote(name string) (found bool) {
	promoted := func(b *Business) *Business {
		if b == nil || b.Shadow == nil || b.Shadow.Name != name {
			return b
		}
		found = true
		return b.under(b.Shadow)
	}
	for id, b := range bs.Listed {
		bs.Listed[id] = promoted(b)
	}
	bs.Others = promoted(bs.Others)
	return found
}

// remembered asks for each meter once.
func remembered(read meters) meters {
	type answer struct {
		known store.Meters
		err   error
	}
	asked := make(map[string]answer)
	return func(ctx context.Context, q *store.MeterQuery) (store.Meters, error) {
		key := fmt.Sprint(*q)
		a, ok := asked[key]
		if !ok {
			a.known, a.err = read(ctx, q)
			asked[key] = a
		}
		return a.known, a.err
	}
}

// guarded does what a policy on trial is the reason for. Whatever becomes of it, what is sent
// goes on.
func guarded(work func() error) (err error) {
	defer func() {
		if failed := recover(); failed != nil {
			err = fmt.Errorf("it failed: %v", failed)
		}
	}()
	return work()
}

// onTrial has the shadow of a business judge a send on what is known, none of which is left
// out. Where it is enforced for the person the entry is decided by it, else that is only noted.
func (g *Gateway) onTrial(ctx context.Context, e *store.Entry, b *Business, known *policy.Facts, r *Request, metersOf meters) {
	var judged *store.Entry
	err := guarded(func() (err error) {
		judged, err = g.besides(ctx, e, b, known, r, metersOf)
		return err
	})
	if err != nil {
		e.Shadow = &store.Shadow{Name: b.Shadow.Name, Failed: true} // the one that is enforced has decided
		return
	}
	*e = *judged
}

// besides is an entry with what the shadow of its business says.
func (g *Gateway) besides(ctx context.Context, e *store.Entry, b *Business, known *policy.Facts, r *Request, metersOf meters) (*store.Entry, error) {
	sh := b.Shadow
	trial, err := g.tried(ctx, e, b.under(sh), known, r, metersOf)
	if err != nil {
		return nil, err
	}
	decided, other := *e, trial
	enforced := sh.Share.HasAny(sh.Name, e.Lots()...)
	if enforced {
		decided, other = *trial, new(*e)
	}
	said := &store.Shadow{Name: sh.Name, Enforced: enforced, Facts: &other.Facts, Policy: &other.Policy}
	said.Missing = policy.Uncounted(&other.Send, &other.Facts, &decided.Policy, &other.Policy, e.At.Time())
	said.Says(&other.Decision, &decided.Decision)
	decided.Shadow = said
	return &decided, nil
}

// tried is an entry as a policy on trial decides it.
func (g *Gateway) tried(ctx context.Context, e *store.Entry, b *Business, known *policy.Facts, r *Request, metersOf meters) (*store.Entry, error) {
	now := e.At.Time()
	t := *e
	t.Policy, t.Facts, t.Shadow, t.Metering = b.Policy, *known, nil, store.Metering{}
	b.tellRules(&t.Send, &t.Facts, now)
	if len(b.Policy.Rules) > 0 {
		t.Facts.Sender = r.By.Sender
	}
	t.Decision, t.Decided = policy.Decide(&t.Send, &t.Facts, &t.Policy, now), true
	there := now.In(b.Zone)
	t.Market, t.MarketEstimated = marketOf(&t.Send, &t.Decision, there)
	if err := g.price(ctx, &t, b, r.By.Tags, there, metersOf); err != nil {
		return nil, err
	}
	return &t, nil
}
