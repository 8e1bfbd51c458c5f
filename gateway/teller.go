package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/notify"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// Teller tells one endpoint what happens, one event after the other. It keeps no events: it
// reads on in what the store has written down, and remembers how far it is. So an event
// that is on disk is told, whatever ends this process, and some are told again then, under
// the same id.
//
// An event that the endpoint doesn't take is parked and tried again, ten times in three
// days, and given up then. One alone holds nobody up. Where the endpoint doesn't take the
// next one either, it counts as away: what is to be told waits where it is written down,
// and now and then one event is tried.
type Teller struct {
	*Gateway
	Log  *zap.Logger
	Name string
	// Types are the types of events, or groups of them, that it is told of.
	Types []string
	// Pseudonyms: events name people, by pseudonym.
	Pseudonyms bool
	// Ending is how long before its end a window is told of.
	Ending time.Duration
	// KeepDead is how long events are kept that were given up.
	KeepDead time.Duration
	// Holder names this process among those that share a store.
	Holder string
	// Send tries to have the endpoint take a message.
	Send func(context.Context, *notify.Event) *notify.Answer
	// Counts are told what becomes of attempts; nil for nobody.
	Counts func(result string)

	// What follows belongs to the goroutine that calls Due.
	sub *store.Subscriber
	// seen are what was read of the lists whose entries may come late, since what of them is
	// settled.
	seen [2]map[[16]byte]struct{}
	// lateNext are when it is looked next for what came late in those lists, windowsNext for
	// windows that end, holdNext whether nobody holds the endpoint, oldestNext what is old.
	lateNext                          [2]time.Time
	windowsNext, holdNext, oldestNext time.Time
	// erasedBefore: of erasures before it is known which it will not hear of.
	erasedBefore policy.Moment
	// hindered is until when nothing is tried, since something here keeps it from that; told
	// all: there was nothing more to tell when it was looked last.
	hindered time.Time
	toldAll  bool
	// lookNext is when it is looked next whether an operator has switched it on, or has events
	// tried again.
	lookNext time.Time
	// saved is when it was last written down how far it is, changed that more than time has
	// gone by since.
	saved   time.Time
	changed bool
	dead    []*store.DeadEvent

	// mu guards state.
	mu    sync.Mutex
	state TellerState
}

// TellerState is how it stands with an endpoint, as far as this process knows.
type TellerState struct {
	// Held: this process tells it.
	Held bool
	// Off: it was switched off.
	Off bool
	// Oldest is when the oldest event happened that it was not told; zero for none.
	Oldest policy.Moment
	// Parked are the events that are tried again.
	Parked int
	// Dead are those that were given up and are still kept.
	Dead int
}

// Results of attempts, for Counts; expired are events of which what they tell was no longer
// kept before the endpoint took them.
const (
	ToldDelivered = "delivered"
	ToldFailed    = "failed"
	ToldDead      = "dead"
	ToldExpired   = "expired"
)

const (
	// tellerLease is how long another gateway waits before it takes an endpoint over whose
	// gateway has gone.
	tellerLease = time.Minute
	// renewAt is how much of it may be left.
	renewAt = tellerLease / 2
	// tellAtOnce is how many events of a list are read at once.
	tellAtOnce = 64
	// saveEvery is after what time it is written down how far it is, where it goes on.
	saveEvery = time.Second
	// roundFor is after what time of one it goes on with the other: what is tried again, and
	// what is new.
	roundFor = time.Second
	// mostParked is how many events are tried again at the same time. Further ones wait.
	mostParked = 1000
	// awayAfter is how many new events in a row an endpoint doesn't take that is away.
	awayAfter = 2
	// lateEvery is how often it is looked for what was written down later than what was decided
	// after it, underWay how much later it is mostly, so
	// that it is looked for each time, and readAtOnce how many are read at once.
	lateEvery  = 15 * time.Second
	underWay   = 5 * time.Second
	readAtOnce = 512
	// hinderedFor is how long it waits where something here keeps it from trying, such as a
	// secret that can't be read.
	hinderedFor = 30 * time.Second
	// holdEvery is how often it is looked whether the gateway that held the endpoint has gone.
	holdEvery = 2 * time.Second
	// oldestEvery is how often it is looked how old the oldest event is that waits.
	oldestEvery = 10 * time.Second
	// ahead is how far in the future an id may be, by another clock, before the clock counts
	// as set back.
	ahead = 5 * time.Second
	// windowsEvery is how often it is looked for windows that end, at most; more seldom where
	// that takes long, so that it never takes more than a fiftieth of the time.
	windowsEvery = time.Minute
	windowsShare = 50
)

// Due does what is to be done now. One at a time may call it.
func (t *Teller) Due(ctx context.Context) {
	st, err := t.Open()
	if err != nil {
		return // which whoever needs it more says
	}
	tells, ok := st.(store.Tells)
	if !ok {
		return
	}
	if err := t.due(ctx, st, tells); err != nil {
		if ctx.Err() != nil {
			return
		}
		t.sub = nil // what it has got to is read anew
		if !errors.Is(err, store.ErrHeld) {
			t.Often.Log(t.Now(), t.Log, zap.WarnLevel, "could not tell an endpoint what happened", zap.String("endpoint", t.Name), zap.Error(err))
		}
	}
	t.observe(ctx, st, tells)
}

func (t *Teller) due(ctx context.Context, st store.Store, tells store.Tells) error {
	if t.sub == nil {
		if t.Now().Before(t.holdNext) {
			return nil
		}
		t.holdNext = t.Now().Add(holdEvery)
		sub, err := tells.Hold(ctx, t.Name, t.Holder, tellerLease)
		if err != nil {
			return err
		}
		t.seen = [2]map[[16]byte]struct{}{seenOf(&sub.Violations), seenOf(&sub.Arrivals)}
		// Earlier versions tried an endpoint no more that had not taken eleven events.
		sub.Probe = min(sub.Probe, t.now().Add(notify.Longest))
		t.sub, t.dead, t.saved, t.changed = sub, nil, t.Now(), false
	}
	t.toldAll = false
	if !t.Now().Before(t.lookNext) {
		t.lookNext = t.Now().Add(holdEvery)
		if err := t.look(ctx, tells); err != nil {
			return err
		}
	}
	if t.sub.Off != 0 {
		if t.sub.Until >= t.now().Add(renewAt) {
			return nil
		}
		return t.save(ctx, tells)
	}
	for {
		more, err := t.round(ctx, st, tells)
		if err != nil {
			return errors.Join(err, t.save(ctx, tells))
		}
		t.toldAll = !more && len(t.sub.Parked) == 0 && t.sub.Off == 0 && t.ready() && ctx.Err() == nil
		if !more || t.sub.Off != 0 || ctx.Err() != nil {
			break
		}
		t.observe(ctx, st, tells)
	}
	if !t.changed && t.sub.Until >= t.now().Add(renewAt) {
		return nil
	}
	return t.save(ctx, tells)
}

// round tries again what is to be, and tells what is new, some of it: with much to tell
// neither waits for all of the other. It reports that there may be more.
func (t *Teller) round(ctx context.Context, st store.Store, tells store.Tells) (more bool, err error) {
	if more, err = t.retry(ctx, st, tells); err != nil || t.sub.Off != 0 || !t.ready() {
		return more, err
	}
	list, err := t.gather(ctx, st, tells)
	if err == nil {
		err = t.tell(ctx, st, tells, list)
	}
	return more || len(list) > 0 && t.ready(), err
}

// look is [store.ErrHeld] where somebody else holds the endpoint by now, or has changed it.
func (t *Teller) look(ctx context.Context, tells store.Tells) error {
	is, err := tells.Subscriber(ctx, t.Name)
	if err == nil && (is.Holder != t.sub.Holder || is.Changes != t.sub.Changes) {
		err = store.ErrHeld
	}
	return err
}

// away reports that the endpoint takes nothing.
func (t *Teller) away() bool { return t.sub.Misses >= awayAfter }

// ready reports that it may be told something new.
func (t *Teller) ready() bool {
	return !t.Now().Before(t.hindered) && len(t.sub.Parked) < mostParked && (!t.away() || t.sub.Probe <= t.now())
}

// save writes down how far it is.
func (t *Teller) save(ctx context.Context, tells store.Tells) error {
	if t.sub == nil {
		return nil
	}
	t.sub.Violations.Seen, t.sub.Arrivals.Seen = seenBytes(t.seen[0]), seenBytes(t.seen[1])
	// What was sent was sent: that the configuration goes doesn't keep it from being written down.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := tells.Told(ctx, t.sub, t.dead, tellerLease, t.KeepDead); err != nil {
		return err
	}
	t.dead, t.saved, t.changed = nil, t.Now(), false
	return nil
}

// Leave lets another gateway take over at once.
func (t *Teller) Leave(ctx context.Context) {
	st, err := t.Open()
	if err != nil || t.sub == nil {
		return
	}
	if tells, ok := st.(store.Tells); ok {
		_ = tells.Release(ctx, t.sub) // else it is taken over a minute later
	}
	t.sub = nil
}

// pending is an event that is to be told, and what is so once it was.
type pending struct {
	ref  store.EventRef
	at   policy.Moment
	done func()
}

// tell tells new events, until the endpoint is away or it has done so for a while.
func (t *Teller) tell(ctx context.Context, st store.Store, tells store.Tells, list []pending) error {
	begun := t.Now()
	for i := range list {
		p := &list[i]
		if ctx.Err() != nil || !t.ready() || t.sub.Off != 0 || t.Now().Sub(begun) > roundFor {
			return ctx.Err()
		}
		e, err := t.eventOf(ctx, st, tells, &p.ref)
		if errors.Is(err, store.ErrNotFound) {
			if p.ref.Log != store.LogArrivals { // of which nobody knows whether it wanted that
				t.lost(1)
			}
		} else if err != nil {
			return err
		}
		if e != nil {
			answer := t.attempt(ctx, e)
			if ctx.Err() != nil && !answer.Taken {
				return ctx.Err() // the configuration is gone: that is no failure of the endpoint's
			}
			switch {
			case answer.Taken:
				t.taken()
			case answer.Ours && !answer.Never:
				return nil // the event waits where it is written down
			case answer.Ours:
				now := t.now()
				t.bury(e, &store.ParkedEvent{Ref: p.ref, Attempts: 1, First: now, Next: now, Error: answer.Why})
			case answer.Gone:
				t.failed(answer)
				t.off(ctx, answer.Why)
				return nil // the event is told when it is switched on again
			default:
				t.failed(answer)
				t.park(ctx, &p.ref, answer)
			}
		}
		p.done()
		t.changed = true
		if t.Now().Sub(t.saved) > saveEvery {
			if err := t.save(ctx, tells); err != nil {
				return err
			}
		}
	}
	return nil
}

// attempt tries to have an event taken.
func (t *Teller) attempt(ctx context.Context, e *notify.Event) *notify.Answer {
	answer := t.Send(ctx, e)
	if answer.Ours { // which says nothing of the endpoint
		if !answer.Never {
			t.hindered = t.Now().Add(hinderedFor)
			if t.sub.Error != answer.Why {
				t.sub.Error, t.changed = answer.Why, true
			}
			t.Often.Log(t.Now(), t.Log, zap.ErrorLevel, "an endpoint can't be told what happens, by a fault here; events wait", zap.String("endpoint", t.Name), zap.String("why", answer.Why))
		}
		return answer
	}
	result := ToldDelivered
	if !answer.Taken {
		result = ToldFailed
		t.Often.Log(t.Now(), t.Log, zap.WarnLevel, "an endpoint didn't take an event", zap.String("endpoint", t.Name), zap.String("event", e.ID),
			zap.String("type", e.Type), zap.Int("status", answer.Status), zap.String("why", answer.Why))
	}
	if t.Counts != nil {
		t.Counts(result)
	}
	return answer
}

// taken notes that the endpoint takes events.
func (t *Teller) taken() {
	now := t.now()
	if t.away() { // what it didn't take while it was away, it may take now
		for i := range t.sub.Parked {
			t.sub.Parked[i].Next = min(t.sub.Parked[i].Next, now)
		}
		t.Log.Info("an endpoint takes events again", zap.String("endpoint", t.Name))
	}
	t.sub.Taken, t.sub.Failing, t.sub.Misses, t.sub.Probe, t.sub.Error = now, 0, 0, 0, ""
}

// failed notes that it didn't take one.
func (t *Teller) failed(answer *notify.Answer) {
	t.sub.Error, t.changed = answer.Why, true
	if t.sub.Failing == 0 {
		t.sub.Failing = t.now()
	}
}

// park keeps a new event for later, and switches an endpoint off that has taken nothing for
// longer than one is tried.
func (t *Teller) park(ctx context.Context, ref *store.EventRef, answer *notify.Answer) {
	now := t.now()
	wait, _ := notify.Wait(1, answer)
	t.sub.Parked = append(t.sub.Parked, store.ParkedEvent{Ref: *ref, Attempts: 1, First: now, Next: now.Add(wait), Status: answer.Status, Error: answer.Why})
	t.sub.Misses++
	probe, _ := notify.Wait(min(t.sub.Misses, notify.Attempts)-1, answer)
	t.sub.Probe = now.Add(probe)
	// Mostly one that is given up switches it off. What nobody needs to know after some time,
	// such as that a window ends, is never given up.
	if now.Time().Sub(t.sub.Failing.Time()) > notify.Longest {
		t.offIdle(ctx, answer.Why)
	}
}

// offIdle switches an endpoint off that has taken nothing for long.
func (t *Teller) offIdle(ctx context.Context, why string) {
	t.off(ctx, fmt.Sprintf("it has taken nothing since %s; last: %s", t.sub.Failing, why))
}

// retry tries events again whose time has come, for a while. It reports that there are more.
func (t *Teller) retry(ctx context.Context, st store.Store, tells store.Tells) (more bool, err error) {
	begun := t.Now()
	for i := 0; i < len(t.sub.Parked) && t.sub.Off == 0; {
		p := &t.sub.Parked[i]
		if p.Next > t.now() {
			i++
			continue
		}
		if ctx.Err() != nil || t.Now().Before(t.hindered) {
			return false, ctx.Err()
		}
		if t.Now().Sub(begun) > roundFor {
			return true, nil
		}
		e, err := t.eventOf(ctx, st, tells, &p.Ref)
		if errors.Is(err, store.ErrNotFound) {
			t.lost(1)
		} else if err != nil {
			return false, err
		}
		t.changed = true
		gone := e == nil // it is no longer kept, or it is too late for it
		if !gone {
			answer := t.attempt(ctx, e)
			if ctx.Err() != nil && !answer.Taken {
				return false, ctx.Err()
			}
			if answer.Ours && !answer.Never {
				return false, nil
			}
			p.Attempts++
			p.Status, p.Error = answer.Status, answer.Why
			switch wait, again := notify.Wait(p.Attempts, answer); {
			case answer.Taken:
				gone = true
				t.taken()
			case answer.Ours:
				gone = true
				t.bury(e, p)
			case answer.Gone:
				t.failed(answer)
				p.Next = t.now().Add(wait)
				t.off(ctx, answer.Why)
				return false, nil
			case again:
				t.failed(answer)
				p.Next = t.now().Add(wait)
			default:
				t.failed(answer)
				gone = true
				t.die(ctx, e, p)
			}
		}
		if gone {
			t.sub.Parked = slices.Delete(t.sub.Parked, i, i+1)
		} else {
			i++
		}
		if t.Now().Sub(t.saved) > saveEvery {
			if err := t.save(ctx, tells); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// die gives an event up; and the endpoint, if it has taken nothing for as long.
func (t *Teller) die(ctx context.Context, e *notify.Event, p *store.ParkedEvent) {
	t.bury(e, p)
	if t.sub.Failing != 0 && t.sub.Failing <= p.First {
		t.offIdle(ctx, p.Error)
	}
}

// bury gives an event up.
func (t *Teller) bury(e *notify.Event, p *store.ParkedEvent) {
	t.changed = true
	t.dead = append(t.dead, &store.DeadEvent{Event: e.ID, Type: e.Type, At: policy.MomentOf(e.Time), Died: t.now(), Parked: *p})
	if t.Counts != nil {
		t.Counts(ToldDead)
	}
	t.Log.Error("an event was given up that an endpoint didn't take: waguard notify dead lists it, waguard notify replay has it tried again",
		zap.String("endpoint", t.Name), zap.String("event", e.ID), zap.String("type", e.Type), zap.Int("attempts", p.Attempts), zap.Int("status", p.Status), zap.String("why", p.Error))
}

// lost notes that the endpoint will never be told of some events.
func (t *Teller) lost(events int) {
	if t.Counts != nil {
		for range events {
			t.Counts(ToldExpired)
		}
	}
	t.Log.Error("what events tell was no longer kept before an endpoint took them: it will not hear of them", zap.String("endpoint", t.Name), zap.Int("events", events))
}

// lostErasures notes which erasures happened so long before the endpoint is told of any that
// nobody knows any more whom to name.
func (t *Teller) lostErasures(ctx context.Context, st store.Store) error {
	from, before := max(t.erasedBefore, store.ArrivalID(t.sub.Arrivals.Next).Moment()), t.now().Add(-store.ErasedToldFor)
	erases, ok := st.(store.Erases)
	if from >= before || !ok || !t.wantsAny(EventPersonErased) {
		return nil
	}
	notes, err := erases.Erasures(ctx)
	if err != nil {
		return err
	}
	lost := 0
	for _, n := range notes {
		if n.At > from && n.At <= before {
			lost++
		}
	}
	if t.erasedBefore = before; lost > 0 {
		t.lost(lost)
	}
	return nil
}

// off switches the endpoint off, and says so where it is seen: an account event, of which
// other endpoints are told too.
func (t *Teller) off(ctx context.Context, why string) {
	t.sub.Off, t.sub.Why = t.now(), why
	t.Log.Error("an endpoint was switched off, and is told nothing until `waguard notify on --endpoint`; what happens meanwhile is told then",
		zap.String("endpoint", t.Name), zap.String("why", why))
	e := policy.AccountEvent{At: t.now(), Kind: EndpointOff, Name: "ENDPOINT_OFF", Severity: policy.Warning, Detail: "endpoint " + t.Name + " was switched off: " + why}
	if err := t.Learn(ctx, []policy.Event{e}); err != nil {
		t.Log.Error("that an endpoint was switched off could not be recorded as an account event", zap.String("endpoint", t.Name), zap.Error(err))
	}
}

// gather reads on: what comes next of each list, in the order of time.
func (t *Teller) gather(ctx context.Context, st store.Store, tells store.Tells) ([]pending, error) {
	var list []pending
	for _, more := range []func(context.Context, store.Store, store.Tells) ([]pending, error){t.consents, t.violations, t.arrivals, t.windows} {
		some, err := more(ctx, st, tells)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortStableFunc(list, func(a, b pending) int { return int(max(-1, min(1, a.at-b.at))) })
	return list, nil
}

// wantsAny reports that it is told of any of some types.
func (t *Teller) wantsAny(types ...EventType) bool {
	return slices.ContainsFunc(types, func(is EventType) bool { return Wants(t.Types, is) })
}

func (t *Teller) consents(ctx context.Context, _ store.Store, tells store.Tells) ([]pending, error) {
	if !t.wantsAny(EventOptedIn, EventOptedOut, EventSuspected) {
		end, err := tells.LogEnd(ctx)
		t.sub.Leaf = end
		return nil, err
	}
	read, next, err := tells.ConsentsFrom(ctx, t.sub.Leaf, tellAtOnce)
	if err != nil {
		return nil, err
	}
	var list []pending
	latest := policy.Moment(0)
	for _, told := range read {
		if told.Leaf == nil {
			continue
		}
		at := policy.MomentOf(told.Leaf.Given)
		if told.Leaf.Recorded != nil {
			at = policy.MomentOf(*told.Leaf.Recorded)
		}
		latest = max(latest, at) // they stay in the order of the log
		after := store.LeafPlace{Epoch: told.Place.Epoch, Index: told.Place.Index + 1}
		list = append(list, pending{store.EventRef{Log: store.LogConsents, Leaf: told.Place}, latest, func() { t.sub.Leaf = after }})
	}
	if len(list) == 0 {
		t.sub.Leaf = next
	}
	return list, nil
}

// trailed is a list of ids whose entries may come a little late.
type trailed struct {
	log    store.EventLog
	of     int // which of those lists
	trail  *store.Trail
	seen   map[[16]byte]struct{}
	first  func(policy.Moment) [16]byte
	moment func([16]byte) policy.Moment
	read   func(ctx context.Context, from, before [16]byte, most int) ([][16]byte, [16]byte, error)
}

func (t *Teller) violations(ctx context.Context, _ store.Store, tells store.Tells) ([]pending, error) {
	l := &trailed{
		log: store.LogViolations, of: 0, trail: &t.sub.Violations, seen: t.seen[0],
		first:  func(at policy.Moment) [16]byte { return store.FirstID(at) },
		moment: func(id [16]byte) policy.Moment { return store.ID(id).Moment() },
		read: func(ctx context.Context, from, before [16]byte, most int) ([][16]byte, [16]byte, error) {
			ids, next, err := tells.ViolationIDs(ctx, from, before, most)
			return plain(ids), next, err
		},
	}
	return t.readOn(ctx, l, t.wantsAny(EventViolation))
}

func (t *Teller) arrivals(ctx context.Context, st store.Store, tells store.Tells) ([]pending, error) {
	if err := t.lostErasures(ctx, st); err != nil {
		return nil, err
	}
	l := &trailed{
		log: store.LogArrivals, of: 1, trail: &t.sub.Arrivals, seen: t.seen[1],
		first:  func(at policy.Moment) [16]byte { return store.FirstArrival(at) },
		moment: func(id [16]byte) policy.Moment { return store.ArrivalID(id).Moment() },
		read: func(ctx context.Context, from, before [16]byte, most int) ([][16]byte, [16]byte, error) {
			ids, next, err := tells.Arrivals(ctx, from, before, most)
			return plain(ids), next, err
		},
	}
	return t.readOn(ctx, l, true)
}

func plain[ID ~[16]byte](ids []ID) [][16]byte {
	list := make([][16]byte, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}

// readOn reads what comes next, and now and then what came late.
func (t *Teller) readOn(ctx context.Context, l *trailed, wanted bool) ([]pending, error) {
	now := t.now()
	if !wanted {
		l.trail.Next, l.trail.Settled = l.first(now), now
		clear(l.seen)
		return nil, nil
	}
	if l.moment(l.trail.Next) > now.Add(ahead) { // the clock was set back
		l.trail.Next, l.trail.Settled = l.first(now), min(l.trail.Settled, now)
	}
	if late, err := t.late(ctx, l, now); err != nil || len(late) > 0 {
		return late, err
	}
	// What was just being written down when it was last looked is looked for at once.
	from, end := l.first(max(l.trail.Settled, now.Add(-underWay))), l.first(now+1)
	if bytes.Compare(l.trail.Next[:], from[:]) < 0 {
		from = l.trail.Next
	}
	var list []pending
	for len(list) < tellAtOnce && bytes.Compare(from[:], end[:]) < 0 {
		ids, next, err := l.read(ctx, from, end, readAtOnce)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if _, told := l.seen[id]; told {
				continue
			}
			list = append(list, pending{store.EventRef{Log: l.log, ID: id}, l.moment(id), func() {
				l.seen[id] = struct{}{}
				if after := following(id); bytes.Compare(l.trail.Next[:], after[:]) < 0 {
					l.trail.Next = after
				}
			}})
		}
		from = next
	}
	if len(list) == 0 {
		l.trail.Next = end
	}
	return list, nil
}

// late reads what was written down after something that was decided later had been read.
func (t *Teller) late(ctx context.Context, l *trailed, now policy.Moment) ([]pending, error) {
	next := &t.lateNext[l.of]
	if t.Now().Before(*next) {
		return nil, nil
	}
	*next = t.Now().Add(lateEvery)
	settled := min(now.Add(-t.lateBy()), l.moment(l.trail.Next))
	var list []pending
	for from, end := l.first(l.trail.Settled), l.first(settled); bytes.Compare(from[:], end[:]) < 0; {
		ids, next, err := l.read(ctx, from, end, readAtOnce)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if _, told := l.seen[id]; !told {
				list = append(list, pending{store.EventRef{Log: l.log, ID: id}, l.moment(id), func() { l.seen[id] = struct{}{} }})
			}
		}
		if len(list) > 0 { // what follows is looked at once these were told
			return list, nil
		}
		from = next
	}
	if settled > l.trail.Settled {
		l.trail.Settled = settled
		for id := range l.seen {
			if l.moment(id) < settled {
				delete(l.seen, id)
			}
		}
	}
	return nil, nil
}

// following is the smallest id that is larger.
func following(id [16]byte) [16]byte {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id
}

func seenOf(trail *store.Trail) map[[16]byte]struct{} {
	seen := make(map[[16]byte]struct{})
	for rest := trail.Seen; len(rest) >= 16; rest = rest[16:] {
		seen[[16]byte(rest)] = struct{}{}
	}
	return seen
}

// seenBytes are the newest of what was read, as a trail keeps them.
func seenBytes(seen map[[16]byte]struct{}) []byte {
	if len(seen) == 0 {
		return nil
	}
	ids := make([][16]byte, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	ids = ids[max(0, len(ids)-store.MostSeen):]
	return slices.Concat(slices.Collect(func(yield func([]byte) bool) {
		for i := range ids {
			if !yield(ids[i][:]) {
				return
			}
		}
	})...)
}

// windows looks for windows that end soon in which somebody waits. Of those of which nobody
// knows that yet it is waited for half the time that is left, while what was sent is read; then
// they are told as such.
func (t *Teller) windows(ctx context.Context, st store.Store, _ store.Tells) ([]pending, error) {
	now, until := t.now(), t.now().Add(t.Ending)
	windowed, ok := st.(store.Windowed)
	if !ok || !t.wantsAny(EventWindowEnding) || t.Now().Before(t.windowsNext) {
		return nil, nil
	}
	begun := time.Now()
	var err error
	if t.following.Load() {
		err = windowed.FollowAnswers(ctx, &t.answered, now.Add(-longestRunway), now.Add(-t.lateBy()), t.mostAnswers())
	}
	var found []EndingWindow
	if err == nil {
		found, err = t.endingWindows(ctx, "", max(now, t.sub.Windows), until)
	}
	t.windowsNext = t.Now().Add(max(windowsEvery, windowsShare*time.Since(begun)))
	switch {
	case errors.Is(err, store.ErrUnreadable): // the store has said so, and all else is told
		return nil, nil
	case err != nil:
		return nil, err
	}
	var list []pending
	for _, w := range found {
		switch w.Answer {
		case Unanswered:
		case AnswerNotKnown:
			if t.following.Store(true); w.Ends > now.Add(t.Ending/2) {
				until = w.Ends - 1 // those after it wait too, so that they are told in their order
			}
		default:
			continue
		}
		if w.Ends > until {
			break
		}
		ref := &store.WindowRef{PhoneNumberID: w.PhoneNumberID, Opened: w.Opened, Ends: w.Ends, Contact: w.Contact, ID: windowID(&w), Unknown: w.Answer == AnswerNotKnown}
		if !w.Later.MarketEstimated {
			ref.Market = string(w.Later.Market)
		}
		list = append(list, pending{store.EventRef{Log: store.LogWindows, Window: ref}, now, func() { t.sub.Windows = max(t.sub.Windows, w.Ends-1) }})
	}
	if n := len(list); n > 0 {
		last := list[n-1].done
		list[n-1].done = func() { last(); t.sub.Windows = until }
	} else {
		t.sub.Windows = until
	}
	return list, nil
}

// windowID names the event that a window ends, without naming whose it is.
func windowID(w *EndingWindow) string {
	h := sha256.New()
	h.Write(w.Contact[:])
	h.Write([]byte(w.PhoneNumberID))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(w.Opened)))
	return "window-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// observe keeps how it stands, for whoever asks.
func (t *Teller) observe(ctx context.Context, st store.Store, tells store.Tells) {
	if ctx.Err() != nil {
		return
	}
	s := TellerState{}
	if t.sub != nil {
		s.Held, s.Off, s.Parked = true, t.sub.Off != 0, len(t.sub.Parked)
	}
	nothing := t.sub == nil || t.toldAll
	if t.Now().Before(t.oldestNext) {
		was := t.State()
		s.Oldest, s.Dead = was.Oldest, was.Dead
		if nothing {
			s.Oldest = 0
		}
	} else {
		t.oldestNext = t.Now().Add(oldestEvery)
		if !nothing {
			s.Oldest = t.oldest(ctx, tells)
		}
		if _, dead, err := tells.DeadEvents(ctx, t.Name, 0); err == nil {
			s.Dead = dead
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state = s
}

// oldest is when the oldest event happened that it was not told.
func (t *Teller) oldest(ctx context.Context, tells store.Tells) (oldest policy.Moment) {
	note := func(at policy.Moment) {
		if oldest == 0 || at < oldest {
			oldest = at
		}
	}
	for i := range t.sub.Parked {
		note(t.sub.Parked[i].First)
	}
	if t.wantsAny(EventOptedIn, EventOptedOut, EventSuspected) {
		read, _, err := tells.ConsentsFrom(ctx, t.sub.Leaf, tellAtOnce)
		for _, told := range read {
			if err == nil && told.Leaf != nil {
				note(policy.MomentOf(told.Leaf.Given))
				break
			}
		}
	}
	if t.wantsAny(EventViolation) {
		for from, end := store.ID(t.sub.Violations.Next), store.FirstID(t.now()); bytes.Compare(from[:], end[:]) < 0; {
			ids, next, err := tells.ViolationIDs(ctx, from, end, readAtOnce)
			if len(ids) > 0 {
				note(ids[0].Moment())
			}
			if err != nil || len(ids) > 0 {
				break
			}
			from = next
		}
	}
	if ids, _, err := tells.Arrivals(ctx, t.sub.Arrivals.Next, store.FirstArrival(t.now()), 1); err == nil && len(ids) > 0 {
		note(ids[0].Moment())
	}
	return oldest
}

// State is how it stands with the endpoint.
func (t *Teller) State() TellerState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}
