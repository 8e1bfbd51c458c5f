package badger

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// usual are sends as they are usually made, with what became of them.
func usual(number, sender string, at time.Time, to policy.Alias) (entries []*store.Entry, outcomes []store.Outcome) {
	m := policy.MomentOf(at)
	add := func(send policy.Send, person policy.PersonFacts, d policy.Decision, o store.Outcome) {
		send.Edge, send.PhoneNumberID = policy.EdgeMessages, number
		person.Contact = to
		state := store.Reserved
		if d.Verdict == policy.Refuse {
			state = store.Refused
		}
		o.At = m + 180
		entries = append(entries, &store.Entry{
			ID: store.NewID(m), At: m, Business: "shop", WABA: "102290129340398", Send: send, Facts: policy.Facts{Persons: []policy.PersonFacts{person}, OnePerson: true},
			Decision: d, Outcome: store.Outcome{State: state, At: m}, Sender: sender, Token: "b5b7f3518e", Market: "DE", Unworded: true,
		})
		outcomes = append(outcomes, o)
	}
	optedIn := policy.PersonFacts{Known: true}
	optedIn.Consent[policy.Marketing] = policy.Consent{State: policy.OptedIn, Since: m - 900_000_000, Source: policy.SourceOperator}
	optedOut := policy.PersonFacts{Known: true}
	optedOut.Consent[policy.Marketing] = policy.Consent{State: policy.OptedOut, Since: m - 90_000_000, Source: policy.SourceKeyword}
	accepted := store.Outcome{State: store.Accepted, HTTPStatus: 200, Wamid: "wamid.usual"}
	template := policy.Send{Kind: policy.TemplateMessage, Type: "template", Template: policy.TemplateRef{Name: "order_update", Language: "en_US"}}
	byBusiness := func(c policy.Category, rule policy.Rule) policy.Decision {
		return policy.Decision{Verdict: policy.Allow, Rule: rule, Category: c, Initiation: policy.ByBusiness}
	}
	add(policy.Send{Kind: policy.FreeForm, Type: "text"}, policy.PersonFacts{Opened: m - 100_000, Known: true, Spoke: m - 100_000}, policy.Decision{Verdict: policy.Allow, Rule: policy.RuleWindowOpen, Category: policy.CategoryService, Initiation: policy.ByUser}, accepted)
	add(policy.Send{Kind: policy.FreeForm, Type: "text"}, policy.PersonFacts{Opened: m - 100_000_000, Known: true}, policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleWindowClosed, Category: policy.CategoryService, Initiation: policy.ByBusiness}, store.Outcome{})
	add(template, optedIn, byBusiness(policy.CategoryMarketing, policy.RuleConsent), accepted)
	add(template, optedIn, byBusiness(policy.CategoryUtility, policy.RuleConsent), accepted)
	add(template, optedOut, policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleOptedOut, Category: policy.CategoryMarketing, Initiation: policy.ByBusiness}, store.Outcome{})
	add(template, optedIn, byBusiness(policy.CategoryAuthentication, policy.RuleConsent), store.Outcome{State: store.Rejected, HTTPStatus: 400, ErrorCode: 131026})
	return entries, outcomes
}

// pagesOf are those of sends as they are usually made, each with one entry.
func pagesOf(t testing.TB, dir, number, sender string, at time.Time) (pages [][]byte) {
	t.Helper()
	s := openStore(t, dir, lazily)
	defer closeStore(t, s)
	entries, outcomes := usual(number, sender, at, s.Pseudonym(phone("15550100001")))
	for i, e := range entries {
		e.ID = store.ID(slices.Concat(e.ID[:8], bytes.Repeat([]byte{byte(i)}, 8)))
		if err := s.Reserve(t.Context(), e).Wait(); err != nil {
			t.Fatal(err)
		}
		if outcomes[i].State == "" {
			continue
		}
		if err := s.Settle(t.Context(), e.ID, outcomes[i]).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	r := s.engine.latest()[0]
	for _, l := range r.sort(store.Ledger) {
		page, err := encode(pageRecord{Start: 1, Lines: []*line{l}})
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	return pages
}

// TestDictionary: an entry alone in its page takes a fraction of its size, also of
// another business. The dictionary was made of such, by -update, while no page was
// written with it yet.
func TestDictionary(t *testing.T) {
	if *updateGolden && os.Getenv("NEW_DICTIONARY") != "" {
		made := slices.Concat(pagesOf(t, t.TempDir(), testNumber, "127.0.0.1", testTime)...)
		if err := os.WriteFile("page-1.dict", made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	pages := pagesOf(t, t.TempDir(), "204455667788001", "crm", testTime.Add(90*24*time.Hour))
	raw, small, former := 0, 0, 0
	for _, page := range pages {
		raw += len(page)
		small += len(dictionaries[dictionary].Encode(nil, page))
		former += len(s2.Encode(nil, page))
	}
	n := len(pages)
	t.Logf("an entry has %d bytes, compressed %d, without the dictionary %d", raw/n, small/n, former/n)
	if small > former/2 {
		t.Errorf("compressed, entries have %d bytes, without the dictionary %d", small/n, former/n)
	}
}

// TestFormerPages: pages without a dictionary are read, and of one with a dictionary
// that isn't known yet it is said.
func TestFormerPages(t *testing.T) {
	value, err := encode(pageRecord{Start: 7})
	if err != nil {
		t.Fatal(err)
	}
	now, err := encodePage(pageRecord{Start: 7})
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string][]byte{"former": s2.Encode(nil, value), "now": now} {
		if p, err := decodePage(page); err != nil || p.Start != 7 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	for _, page := range [][]byte{nil, {0}, {0, 1}, {0, 2, 3}, append([]byte{0, 9}, now[2:]...)} {
		if p, err := decodePage(page); err == nil {
			t.Errorf("%x is read as %+v", page, p)
		}
	}
	if _, err := decodePage(append([]byte{0, 9}, now[2:]...)); err == nil || fmt.Sprint(err) == "" {
		t.Error("an unknown dictionary is read")
	}
}
