package notify

import (
	"math/rand/v2"
	"time"
)

// waits are those before each attempt, as Standard Webhooks recommends them: 75 hours and
// a half in all.
var waits = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	// Attempts is how often a message is tried.
	Attempts = len(waits)
	// slowDown is the least wait where an endpoint says that it has too much to do.
	slowDown = time.Minute
	// longestWait bounds what an endpoint can ask for.
	longestWait = 24 * time.Hour
)

// Longest is how long a message is tried at most, where the endpoint doesn't ask for more time.
var Longest = func() (all time.Duration) {
	for _, wait := range waits {
		all += wait + wait/5
	}
	return all
}()

// Wait is how long after so many failed attempts the next one comes, with up to a fifth
// more, so that what failed together doesn't come back together. answer is that of the last
// one. It is false where there is none.
func Wait(failed int, answer *Answer) (wait time.Duration, ok bool) {
	if failed >= Attempts {
		return 0, false
	}
	wait = waits[max(failed, 0)]
	if answer.slow() {
		wait = max(wait, slowDown)
	}
	wait += rand.N(wait/5 + 1) // #nosec G404 -- it only spreads them
	if answer != nil {
		wait = max(wait, min(answer.RetryAfter, longestWait))
	}
	return wait, true
}
