package caddymodule

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	lru "github.com/hashicorp/golang-lru/v2"
	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// A stranger is a caller whom nobody vouches for: see accepted. It is told the rule
// and no more, and asks slowly. What it is refused is counted and not in the ledger,
// which anybody could fill.

const (
	// strangerBurst is how much a stranger may ask in vain at once, and
	// strangerPace how long each further time takes.
	strangerBurst = 60
	strangerPace  = time.Second
	// strangerSources is how many places strangers come from are told apart, some
	// hundred bytes each.
	strangerSources = 8192
	// strangerLog is how often strangers from one place are logged at most.
	strangerLog = 10 * time.Second
)

// strangers counts what strangers have asked in vain, by the place they come from.
type strangers struct {
	// mu guards sources and what they hold.
	mu      sync.Mutex
	sources *lru.Cache[netip.Prefix, *patience]
}

// patience is what there is left with one place.
type patience struct {
	// left is how much it may ask at the time at; it falls below zero by as much as
	// was asked meanwhile.
	left float64
	at   time.Time
	// logged is when it was last logged, more how much of it was not since.
	logged time.Time
	more   int
}

func newStrangers() *strangers {
	sources, err := lru.New[netip.Prefix, *patience](strangerSources)
	if err != nil {
		panic(err) // the size is not positive
	}
	return &strangers{sources: sources}
}

// of is the patience with a place at a time. The caller holds the lock.
func (s *strangers) of(source netip.Prefix, now time.Time) *patience {
	p, known := s.sources.Get(source)
	if !known {
		p = &patience{left: strangerBurst, at: now}
		s.sources.Add(source, p)
	}
	if passed := now.Sub(p.at); passed > 0 {
		p.left = min(p.left+float64(passed)/float64(strangerPace), strangerBurst)
	}
	p.at = now
	return p
}

// wait is how long a stranger must wait before it may ask; zero where it may.
func (s *strangers) wait(source netip.Prefix, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.of(source, now).left; left < 1 {
		return time.Duration(math.Ceil((1 - left) * float64(strangerPace)))
	}
	return 0
}

// asked counts what a stranger has asked in vain. It reports whether that is to be
// logged, and how much was not logged since the last time.
func (s *strangers) asked(source netip.Prefix, now time.Time) (log bool, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(source, now)
	p.left = max(p.left-1, -strangerBurst)
	if since := now.Sub(p.logged); !p.logged.IsZero() && since >= 0 && since < strangerLog {
		p.more++
		return false, 0
	}
	more, p.more, p.logged = p.more, 0, now
	return true, more
}

// sourceOf is where r comes from: an address, or of IPv6 the network somebody has;
// the zero value for a Unix socket.
func sourceOf(r *http.Request) netip.Prefix {
	host, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		port, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return netip.Prefix{}
		}
		addr = port.Addr()
	}
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	network, _ := addr.Prefix(bits) // the bits fit
	return network
}

// strangerWaits answers a stranger that has asked too much, before anything is
// judged: the answer must not depend on anybody. It reports false where it may ask.
func (g *Guard) strangerWaits(w http.ResponseWriter, r *http.Request) (bool, error) {
	wait := g.app.strangers.wait(sourceOf(r), g.app.clock.Now())
	if wait == 0 {
		return false, nil
	}
	strangersRefused.WithLabelValues(string(policy.RuleStranger)).Inc()
	id := store.NewID(policy.MomentOf(g.app.clock.Now()))
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	drain(w, r, time.Duration(g.app.BodyTimeout))
	return true, writeRefusal(w, &cloudapi.Refusal{
		Rule:   policy.RuleStranger,
		Reason: "too many requests from this address were refused that show no access token Meta has accepted for this number lately; nothing was judged or sent",
		Remedy: fmt.Sprintf("send it again in %d s; %s", seconds, getAccepted),
	}, id, nil)
}

// getAccepted is how a caller stops being a stranger.
const getAccepted = "a caller is known once Meta has accepted its access token: GET /v25.0/<phone_number_id> through the gateway with it, or have whoever runs the gateway name the caller under `senders`"

// refuseStranger answers a stranger of whose sends at least one is refused.
func (g *Guard) refuseStranger(w http.ResponseWriter, r *http.Request, batch bool, sends []judged) error {
	var elements []cloudapi.Element
	var refusal *cloudapi.Refusal
	var first *store.Entry
	for i := range sends {
		j := &sends[i]
		if j.passes() {
			continue
		}
		said := withoutFacts(j.entry.Decision.Rule)
		if first == nil {
			first, refusal = j.entry, said
		}
		elements = append(elements, cloudapi.Element{Index: j.element, Rule: said.Rule, Reason: said.Reason, Remedy: said.Remedy})
	}
	if batch {
		refusal = &cloudapi.Refusal{
			Rule:   policy.RuleBatch,
			Reason: "a send of the batch is refused, so none of the batch was sent; the first: " + refusal.Reason,
			Remedy: "error.waguard.elements has each that is refused, and why; send the others again without them",
		}
	} else {
		elements = nil
	}
	g.tag(w, r, sends, nil)
	g.askedInVain(r, first)
	return writeRefusal(w, refusal, first.ID, elements)
}

// askedInVain counts what a stranger was refused, and logs some of it.
func (g *Guard) askedInVain(r *http.Request, e *store.Entry) {
	strangersRefused.WithLabelValues(string(e.Decision.Rule)).Inc()
	log, more := g.app.strangers.asked(sourceOf(r), g.app.clock.Now())
	if !log {
		return
	}
	g.logger.Info("refused a caller whose access token Meta hasn't accepted lately; it is not in the ledger",
		zap.Stringer("id", e.ID), zap.String("rule", string(e.Decision.Rule)), zap.String("reason", e.Decision.Reason),
		zap.String("phone_number_id", e.Send.PhoneNumberID), zap.String("sender", e.Sender), zap.String("sender_token", e.Token), zap.Int("not_logged_before", more))
}

// sentInVain reports whether sends are a stranger's, of which Meta accepted none.
// It is counted as if they had been refused here; and the answer doesn't say by
// which rule they were let through, which tells of the person.
func (g *Guard) sentInVain(r *http.Request, st store.Store, c caller, rec *answer, sends []judged) bool {
	known := true
	for i := range sends {
		if sends[i].outcome.State == store.Accepted {
			return false
		}
		known = known && g.app.accepted(st, c, sends[i].send.PhoneNumberID)
	}
	if known {
		return false
	}
	g.app.strangers.asked(sourceOf(r), g.app.clock.Now())
	if rec.tags != nil {
		told := *rec.tags // the log has all of them
		told[tagRule], told[tagCategory] = "", ""
		rec.tags = &told
	}
	return true
}

// withoutFacts is a refusal by a rule of policy as a stranger is told it: true of
// everybody whom the rule refuses, and no more.
func withoutFacts(rule policy.Rule) *cloudapi.Refusal {
	for _, r := range toStrangers {
		if r.Rule == rule {
			r.Remedy += "; the gateway says more to a caller whose access token Meta has accepted: " + getAccepted
			return &r
		}
	}
	return &cloudapi.Refusal{Rule: rule, Reason: "the gateway's rules don't let this send leave", Remedy: getAccepted}
}

// toStrangers are the refusals by rules that look at what is known of a person or
// of the business, in words that tell none of it.
var toStrangers = []cloudapi.Refusal{
	{Rule: policy.RuleSenderUnknown, Reason: "no `business` block serves the business phone number the send would leave from", Remedy: "check the phone number id, or add a `business` block for it"},
	{Rule: policy.RuleWindowClosed, Reason: "the customer service window of this user is not open", Remedy: "use a template, or wait until the user writes"},
	{Rule: policy.RuleNoConsent, Reason: "no opt-in of this user to such messages holds", Remedy: "get the user's opt-in and record it with `waguard consent opt-in`"},
	{Rule: policy.RuleNoConsentCategory, Reason: "no opt-in of this user to this kind of messages holds", Remedy: "get the user's opt-in to this kind of message and record it"},
	{Rule: policy.RuleConsentPending, Reason: "this user has not confirmed an opt-in to such messages", Remedy: "wait until the user confirms"},
	{Rule: policy.RuleOptedOut, Reason: "this user wants no such messages", Remedy: "don't send it; only the user can change that"},
	{Rule: policy.RuleOptedOutMarketing, Reason: "this user wants no marketing messages", Remedy: "don't send it; only the user can opt in again"},
	{Rule: policy.RuleCategoryUnknown, Reason: "the template's category is not known, and no opt-in of this user is known to cover it", Remedy: "list the templates once through the gateway: GET /<waba>/message_templates"},
	{Rule: policy.RuleTemplateUnknown, Reason: "the account has no such template", Remedy: "check the template's name and language"},
	{Rule: policy.RuleTemplateNotApproved, Reason: "Meta has not approved the template", Remedy: "wait until it is approved, or use another"},
	{Rule: policy.RuleTemplatePaused, Reason: "Meta has paused the template", Remedy: "wait, or use another"},
	{Rule: policy.RuleTemplateDisabled, Reason: "Meta has disabled the template", Remedy: "use another"},
	{Rule: policy.RuleMarketingOnly, Reason: "only marketing templates can be sent through /marketing_messages", Remedy: "send it through /messages"},
	{Rule: policy.RuleGroupsRefused, Reason: "the message goes to a group, and the consent of a group's members can't be seen from the request", Remedy: "write to the members one by one"},
	{Rule: policy.RuleCallNotPermitted, Reason: "the user has not permitted calls from this number, and the customer service window is not open", Remedy: "ask for permission to call while the window is open, or with a template"},
	{Rule: policy.RuleRecipientConflict, Reason: "`to` and `recipient` are not known to be the same person", Remedy: "name the person once, in `to` or in `recipient`"},
	{Rule: policy.RuleRecipientInvalid, Reason: "the phone number has no plus sign, and nobody can tell whom it means", Remedy: "write + and the country code before the number"},
}
