package policy

import "testing"

// The one confirmation of an opt-out can be taken once, until the person opts in
// again, by whatever name and from whatever number shares the opt-out.
func TestTake(t *testing.T) {
	out, in := says(1, OptedOut, 3*hour, AllScopes...), says(1, OptedIn, 2*hour, AllScopes...)
	confirmed := update{What: "confirm", A: name(1), Number: "1", At: ago(hour)}
	early := confirmed
	early.At = ago(2*hour + 30*60e9)
	elsewhere := confirmed
	elsewhere.Number = "3"
	for n, c := range map[string]struct {
		known []update
		want  bool
	}{
		"opted-out":              {[]update{out}, true},
		"used":                   {[]update{out, confirmed}, false},
		"used-by-another-name":   {[]update{out, link(1, 2, day), {What: "confirm", A: name(2), Number: "1", At: ago(hour)}}, false},
		"used-from-our-other":    {[]update{out, {What: "confirm", A: name(1), Number: "2", At: ago(hour)}}, false},
		"used-from-elsewhere":    {[]update{out, elsewhere}, true},
		"opted-in-since":         {[]update{out, early, in}, true},
		"opted-in-and-confirmed": {[]update{out, early, in, confirmed}, false},
		"of-who-was-before":      {[]update{out, confirmed, {What: "new", A: name(1), At: ago(hour / 2)}}, true},
	} {
		t.Run(n, func(t *testing.T) {
			c1 := applied(c.known)
			k := confirmationOf(name(1))
			taken, ok := k.Take(c1, ours("1"), noon)
			if ok != c.want {
				t.Fatalf("taken %v, want %v", ok, c.want)
			}
			if !ok {
				return
			}
			before := c1.Person(name(1), ours("1")).Confirmed
			taken.Record(c1, "1")
			if _, ok := k.Take(c1, ours("2"), noon); ok {
				t.Error("taken twice")
			}
			taken.Release(c1, "1")
			if got := c1.Person(name(1), ours("1")).Confirmed; got != before {
				t.Errorf("confirmed at %s after the release, before at %s", got, before)
			}
			taken.Retake(c1, "1")
			if _, ok := k.Take(c1, ours("1"), noon); ok {
				t.Error("taken again after it was retaken")
			}
			if taken.Claim() != k {
				t.Errorf("what was taken is %+v, want %+v", taken.Claim(), k)
			}
		})
	}
	if _, ok := (&Claim{Kind: 9, Key: name(1), Limit: 5}).Take(new(Contact), ours("1"), noon); ok {
		t.Error("a claim nobody counts was taken")
	}
}

// TestUsedUpBy: what leaves together shares what is left.
func TestUsedUpBy(t *testing.T) {
	account := map[string]string{"1": "a", "2": "a", "4": "b"}
	from := func(number string) *Fold {
		return DefaultTerms().For(number, func(id string) string { return account[id] })
	}
	ana, ben := confirmationOf(name(1)), confirmationOf(name(2))
	offer := func(left int) Claim {
		return Claim{Kind: ClaimMessage, Key: name(1), Scope: Marketing, Counts: ScopesOf(Marketing), Left: left}
	}
	order := Claim{Kind: ClaimMessage, Key: name(1), Scope: Transactional, Counts: ScopesOf(Transactional), Left: 1}
	for n, c := range map[string]struct {
		before   []Claim // one for each send
		from, to string
		claim    Claim
		want     bool
	}{
		"same-person":               {[]Claim{ana}, "1", "1", ana, true},
		"same-person/shared-number": {[]Claim{ana}, "1", "2", ana, true},
		"same-person/another-group": {[]Claim{ana}, "1", "4", ana, false},
		"another-person":            {[]Claim{ana}, "1", "1", ben, false},
		"nobody":                    {nil, "1", "1", ana, false},
		"two-are-left":              {[]Claim{offer(3)}, "1", "1", offer(3), false},
		"the-last-one":              {[]Claim{offer(2)}, "1", "1", offer(2), false},
		"none-is-left":              {[]Claim{offer(2), offer(2)}, "1", "2", offer(2), true},
		"another-kind":              {[]Claim{order}, "1", "1", offer(1), false},
		"a-text":                    {[]Claim{ana}, "1", "1", offer(1), false},
	} {
		t.Run(n, func(t *testing.T) {
			others := func(yield func([]Claim, *Fold) bool) {
				for _, k := range c.before {
					if !yield([]Claim{k}, from(c.from)) {
						return
					}
				}
			}
			if got := c.claim.UsedUpBy(others, from(c.to)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestOptOutOfStatus(t *testing.T) {
	failed := StatusChanged{PhoneNumberID: "1", Wamid: "wamid.1", Who: []Identity{phone}, At: ago(hour), Status: StatusFailed, ErrorCode: stoppedMarketing}
	later := failed
	later.Told = noon
	for n, c := range map[string]struct {
		status StatusChanged
		want   Moment
	}{
		"stopped-marketing":  {failed, ago(hour)},
		"told-of-the-future": {later, noon},
		"another-error":      {StatusChanged{Status: StatusFailed, ErrorCode: 131026, At: ago(hour)}, 0},
		"no-failure":         {StatusChanged{Status: StatusDelivered, ErrorCode: stoppedMarketing, At: ago(hour)}, 0},
	} {
		t.Run(n, func(t *testing.T) {
			out, ok := c.status.OptOut()
			if ok != (c.want != 0) || out.At != c.want {
				t.Errorf("%v: %+v", ok, out)
			}
			if ok && (out.State != OptedOut || len(out.Scopes) != 1 || out.Scopes[0] != Marketing || out.Source != SourceMeta131050 || out.Ref != "wamid.1" || len(out.Who) != 1) {
				t.Errorf("%+v", out)
			}
		})
	}
}
