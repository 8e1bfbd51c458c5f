package store

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/consent"
	"github.com/waguard/waguard/policy"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden records")

// goldenRecords has one of each record, with every field set that this package
// writes.
func goldenRecords() []any {
	price := billing.Quote{Category: billing.Marketing, Type: billing.Regular, Unit: 136_500, Known: true, Currency: "USD", Card: "USD 2026-10-01", List: 140_000}
	a, b := policy.Alias{0xa}, policy.Alias{0xb}
	contact := &policy.Contact{}
	contact.Link(a, b, policy.SamePerson, 5)
	contact.Link(a, b, policy.Successor, 6)
	contact.Member(b).NewSince = 7
	relation := contact.Member(a).Relation("1")
	relation.Opened = 8
	relation.Confirm(9)
	relation.PermitCalls(10, policy.Forever)
	relation.Record(policy.ConsentRecord{State: policy.OptedIn, Scopes: policy.AllScopes, At: 11, Source: policy.SourceKeyword})
	relation.Record(policy.ConsentRecord{State: policy.OptedOut, Scopes: []policy.Scope{policy.Marketing}, At: 12, Source: policy.SourceButton})
	relation.Record(policy.ConsentRecord{State: policy.ConsentPending, Scopes: []policy.Scope{policy.Authentication}, At: 13, Source: policy.SourceOperator})
	arrivals := &policy.Contact{} // what is kept since it is known when words came in
	arrivals.Member(a).GiveAway(2, 3)
	relation = arrivals.Member(a).Relation("1")
	relation.Open(8, false)
	for i, w := range []policy.ConsentRecord{
		{State: policy.OptedIn, Source: policy.SourceKeyword},
		{State: policy.OptedIn, Source: policy.SourceButton, Tap: true},
		{State: policy.OptedIn, Source: policy.SourceKeyword, General: true},
		{State: policy.OptedOut, Source: policy.SourceKeyword},
		{State: policy.OptedOut, Source: policy.SourceKeyword, General: true},
		{State: policy.OptedOut, Source: policy.SourceOperator},
		{State: policy.OptedOut, Source: policy.SourceOperator, General: true},
	} {
		w.Scopes, w.At, w.Recorded = []policy.Scope{policy.Marketing}, policy.Moment(20+i), policy.Moment(30+i)
		relation.Record(w)
	}
	counted := &policy.Contact{}
	counted.Member(a).Relation("1").Sent = []policy.Sent{{Scope: policy.Marketing, At: 7}}
	suspected := &policy.Contact{}
	relation = suspected.Member(a).Relation("1")
	relation.Record(policy.ConsentRecord{State: policy.OptOutSuspected, Source: policy.SourceKeyword, At: 40, Recorded: 41})
	relation.Record(policy.ConsentRecord{State: policy.OptOutDismissed, Reviewed: 39})
	requested := &policy.Contact{}
	requested.Member(a).Relation("1").Record(policy.ConsentRecord{State: policy.CodeRequested, Source: policy.SourceRequest, At: 40, Recorded: 41})
	welcomed := &policy.Contact{}
	welcomed.Member(a).Relation("1").Welcomed = 42
	turned := policy.Campaign{Turns: []policy.CampaignTurns{{Cause: policy.CauseError, Off: policy.Switch{At: 4, Says: "because", Until: 5}, On: policy.Switch{At: 6}}}}
	started, conversation := &policy.Contact{}, policy.Taken{Key: a, At: 42, Kind: policy.ClaimConversation, Portfolio: "waba/1"}
	conversation.Record(started, "1")
	limited := &policy.Contact{}
	limited.Limit(a, "1", policy.Limited{Code: 131049, At: 40})
	limited.Limit(a, "1", policy.Limited{Code: 131056, At: 41, Over: true})
	entered := &policy.Contact{}
	entered.Member(a).Relation("1").Enter(7, "qr:window")
	id := ID{1, 2, 3}
	advertised := &policy.Contact{}
	advertised.Member(a).Relation("1").Advertise(7)
	advertised.AnswerAd(a, "1", policy.AdAnswer{Ad: 7, Message: b, At: 8, Delivered: 9, Failed: true, Charged: true})
	advertised.Apply(&policy.Change{Names: []policy.Alias{a}, Event: policy.StatusChanged{PhoneNumberID: "1", At: 10, FreeUntil: 11}})
	entry := &Entry{
		ID: id, At: 14, Business: "shop",
		Send: policy.Send{
			Edge: policy.EdgeMessages, PhoneNumberID: "1", Kind: policy.TemplateMessage, Type: "template",
			Template: policy.TemplateRef{Name: "hello", Language: "en"}, Stated: policy.CategoryUtility, Transaction: true, Group: true,
		},
		Facts: policy.Facts{
			Persons:   []policy.PersonFacts{{Contact: a, Opened: 8, Confirmed: 9, CallUntil: 10, Consent: [policy.Scopes]policy.Consent{{State: policy.OptedOut, Since: 12, Source: policy.SourceButton, LastOptIn: 11}}}},
			OnePerson: true,
			Template:  policy.TemplateFacts{Listed: true, Found: true, Status: policy.TemplateApproved, Category: policy.CategoryUtility, Next: policy.CategoryMarketing, NextFrom: 15, ReadAt: 16, ListedAt: 17, NoAccount: true},
		},
		Decision:  policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleOptedOut, Reason: "reason", Remedy: "remedy", Category: policy.CategoryUtility, Initiation: policy.ByBusiness},
		Monitored: true, Unread: true, Market: "DE", MarketEstimated: true,
		Outcome: Outcome{State: Reserved, At: 14}, Opaque: b,
	}
	sentBy := &Entry{ID: id, At: 14, Outcome: Outcome{State: Refused, At: 14}, Sender: "crm", Token: "a1b2c3d4e5"}
	inForce := &policy.Policy{WindowMargin: 1, RequireInWindowConsent: true, RefuseOptedOutReplies: true, AllowGroups: true, DirectSend: true, EssentialTemplates: []string{"shipped"}, BareNumbers: policy.BareBoth}
	under := &Entry{ID: id, At: 14, Policy: policy.Policy{BareNumbers: policy.BareBoth}, Outcome: Outcome{State: Refused, At: 14}, PolicyDigest: &PolicyDigest{1, 2, 3}, Unworded: true}
	alike := Alike{PhoneNumberID: "1", Business: "shop", Category: "marketing", Tag: "allow", Market: "Germany", MarketEstimated: true, State: Accepted, Status: policy.StatusRead, Charged: true, Kind: policy.TemplateMessage, Initiation: policy.ByBusiness, Estimated: "marketing", Told: billing.Regular, Price: price, Template: "offer", Tags: "team=crm", DeliveredAfter: 2}
	divided := alike
	divided.Part = billing.Divided
	summed := newTally()
	summed.add(0, &alike, 24)
	metered := Metering{Month: "2026-10", Service: true, Volume: billing.Utility, Market: "Germany", Group: "waba/1", Budgets: []string{"crm"}, Price: 136_500, Unpriced: true}
	otherwise := metered
	otherwise.Free, otherwise.Column, otherwise.Otherwise = billing.FreeEntryPoint, 2, []Otherwise{{Column: 1, Budgets: []string{"ads"}, Price: 136_500}, {Column: 3, Unpriced: true}}
	return []any{
		&contactRecord{Contact: contact},
		&contactRecord{Under: &a},
		&ConsentRecord{At: 1, PhoneNumberID: "1", State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword, Ref: "ref", Alias: a},
		entry,
		&settlement{Outcome: Outcome{State: Accepted, At: 1, HTTPStatus: 200, ErrorCode: 2}, Wamid: &a},
		&statusRecord{Entry: &id, Status: reached{policy.StatusRead, 1}, Failed: failure{2, 131026}, Priced: toldPrice{3, &policy.Pricing{Category: "utility", Type: "regular", Model: "PMP", Billable: true}}},
		&stopsRecord{Times: []policy.Moment{4}},
		&opaqueRecord{Sends: []waitingSend{{ID: id, Contacts: []policy.Alias{a}}}, Seen: []message{{Wamid: b, At: 1, Who: []policy.Alias{a}}}},
		&templateRecord{templateName: templateName{"waba", policy.TemplateRef{Name: "hello", Language: "en"}}, Status: latest{1, "APPROVED"}, Category: latest{2, "utility"}, Next: announce{3, "marketing", 4}, ReadStatus: latest{5, "PAUSED"}, ReadCategory: latest{6, "authentication"}, Billed: bill{7, 8, "marketing"}, ID: latest{8, "900800"}},
		&listingRecord{WABA: "waba", At: 1, Unsure: 2},
		&numberRecord{PhoneNumberID: "1", WABA: latest{1, "waba"}, Display: latest{2, "1555"}, At: 2},
		&policy.AccountEvent{
			At: 1, WABA: "waba", PhoneNumberID: "1", Display: "1555", Kind: policy.WebhookChange, Name: "SET", Detail: "detail", Severity: policy.Critical,
			Template: policy.TemplateRef{Name: "hello", Language: "en"}, Sender: "crm", Token: "a1b2c3d4",
		},
		&shownRecord{Digits: a, Who: b, At: 1},
		&settlement{Outcome: Outcome{State: Accepted, At: 1, HTTPStatus: 200, ReachedOther: &a}, Wamid: &b},
		&policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: "1", Kind: policy.FreeForm, Type: "text", Bare: policy.BareNational},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, Known: true}}, Shown: policy.ShownNone},
		&policy.Policy{BareNumbers: policy.BareBoth},
		&policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleRecipientInvalid, Category: policy.CategoryService, Person: 1},
		&contactRecord{Contact: arrivals},
		&ConsentRecord{At: 1, PhoneNumberID: "1", State: policy.OptedIn, Scopes: policy.AllScopes, Source: policy.SourceButton, Alias: a, Recorded: 2, General: true, Tap: true},
		&ConsentRecord{At: 1, PhoneNumberID: "1", State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceOperator, Alias: a, Actor: "ana (told)"},
		sentBy,
		under, inForce,
		&contactRecord{Contact: requested},
		&contactRecord{Contact: limited},
		&limitRecord{limitSubject: limitSubject{limitedNumber, "1"}, Words: []policy.Limited{{Code: 130429, At: 3}}, Campaign: turned},
		&policy.Facts{Limits: []policy.Limited{{Code: 130429, At: 3}}, Campaign: turned, Persons: []policy.PersonFacts{{Contact: a, Limits: []policy.Limited{{Code: 131049, At: 7}}}}},
		&policy.Policy{NoBackOff: true, NoSwitchOff: true, PairRate: true},
		&contactRecord{Contact: started},
		&limitRecord{limitSubject: limitSubject{limitedPortfolio, "waba/1"}, Usage: policy.Usage{{Slot: 5, Count: 2}}},
		&limitRecord{limitSubject: limitSubject{limitedAccount, "1"}, Told: policy.ToldLimit{Number: 2000, At: 5}},
		&policy.Facts{Portfolio: policy.PortfolioFacts{ID: "waba/1", Told: policy.ToldLimit{Number: policy.Unlimited, At: 5}, Used: 3, Again: 9}, RivalOf: policy.ClaimConversation, Persons: []policy.PersonFacts{{Contact: a, Started: 7}}},
		&policy.Policy{Messaging: policy.MessagingLimit{Number: 1000, Learn: true, Reserve: 100}},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, Requested: 3}}, Template: policy.TemplateFacts{Parts: policy.TemplateParts{Known: true, Media: true, Buttons: true}}},
		&policy.Send{Edge: policy.EdgeMessages, PhoneNumberID: "1", Kind: policy.TemplateMessage, Type: "template", Media: true, Buttons: true},
		&policy.Policy{Followup: true, CodeOnRequest: 600},
		&policy.Policy{Rules: []policy.CustomRule{{ID: "mine", Expression: "window.open", Reason: "why", Warn: true}}, BusinessName: "shop"},
		&policy.Facts{Sender: "crm"},
		&contactRecord{Contact: welcomed},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, Welcomed: 42, Unwelcomed: true}}},
		&policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConsent, Category: policy.CategoryUtility, Welcome: true},
		&policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleCustom, Category: policy.CategoryService, RuleID: "mine", Warnings: []policy.RuleWarning{{Rule: "careful", Reason: "why", Failed: true}}},
		&templateRecord{templateName: templateName{"waba", policy.TemplateRef{Name: "hello", Language: "en"}}, Parts: latest{9, "text media"}},
		&templateRecord{
			templateName: templateName{"waba", policy.TemplateRef{Name: "hello", Language: "en"}}, Authentication: seenCategory{1, FromAnswer, 2},
			Utility: seenCategory{3, FromWebhook, 4}, Marketing: seenCategory{5, FromBilling, 6}, Accepted: acceptance{7, "utility", "ana"},
		},
		&policy.Facts{Template: policy.TemplateFacts{Drift: policy.TemplateDrift{Before: policy.CategoryUtility, Since: 5, Accepted: 7}}},
		&policy.Policy{HoldDrift: true},
		&contactRecord{Contact: suspected},
		&reviewRecord{Name: a, Since: 41},
		&ConsentRecord{At: 1, PhoneNumberID: "1", State: policy.OptOutDismissed, Scopes: []policy.Scope{policy.Marketing}, Source: policy.SourceReview, Ref: "about the bus", Alias: a, Actor: "ana (told)", Reviewed: 2},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, Suspected: 3}}},
		&statusRecord{Status: reached{policy.StatusSent, 1}, Quarter: 1_988_888},
		&sumsRecord{Chain: 3, Texts: []string{"1", "shop", "marketing", "allow", "Germany", "accepted", "read", "business"}, Numbers: []uint64{24, 0, 1, 2, 3, 4, 5, 6, 7, 2, 3}, Open: []ID{id}, Method: 1},
		&chainRecord{Chain: 3, Start: 7},
		&ConsentRecord{At: 1, PhoneNumberID: "1", State: policy.OptedIn, Scopes: []policy.Scope{policy.Marketing}, Source: "website", Alias: a, Evidence: &consent.Evidence{PageURL: "https://example.com/", NamesChannel: true, Categories: []string{"offers"}}, Lacks: []consent.Field{consent.FieldIP}},
		&challengeRecord{Names: []policy.Alias{a}, PhoneNumberID: "1", Scopes: []policy.Scope{policy.Marketing}, Source: "sms", Ref: "r", Evidence: &consent.Evidence{Programme: "news"}, Lacks: []consent.Field{consent.FieldText}, Actor: "ana (told)", Expires: 5, Confirmed: 4},
		&contactRecord{Contact: counted},
		&ConsentKey{ID: ConsentKeyID{1}, Name: "shop", Hash: [32]byte{2}, Rights: []string{"read"}, Businesses: []string{"1"}, Created: 3, Actor: "ana (told)", Revoked: 4},
		&Remembered{Digest: [32]byte{1}, Status: 200, Answer: []byte("{}")},
		&logHead{Epoch: 2, Size: 1, Edge: bytes.Repeat([]byte{3}, 32), Signed: 1, Complete: true, Origin: "waguard/a/2", History: []byte{4}},
		&openingRecord{Leaf: audit.Hash{5}, Salt: []byte{6}, Names: []policy.Alias{a, b}, At: 7, ID: RecordID{8}},
		&placeRecord{Epoch: 2, Index: 9},
		&FormText{Form: "newsletter", Language: "en", PhoneNumberID: "1", Scopes: []policy.Scope{policy.Marketing}, Text: "Yes", Business: "Fox Shoes", Categories: []string{"offers"}, Frequency: "daily", LegalBasis: "consent", Jurisdiction: "DE", Confirm: "yes"},
		&challengeRecord{Names: []policy.Alias{a}, PhoneNumberID: "1", Scopes: []policy.Scope{policy.Marketing}, Source: "widget", Expires: 5, Text: "yes i want messages"},
		&policy.Erasure{At: 5, Heard: 6},
		&erasureJob{Names: []policy.Alias{a, b}, Erasure: policy.Erasure{At: 5}, Actor: "ana (told)", Reason: "asked for it", Around: []policy.Alias{b}},
		&ErasureNote{At: 5, Actor: "ana (told)", Reason: "asked for it", Counts: ErasureCounts{1, 2, 3, 4, 5, 6, 7, 8}},
		&purgeRecord{Since: 5},
		&Remembered{Digest: [32]byte{1}, Status: 200, Answer: []byte("{}"), Names: []policy.Alias{a}},
		&contactRecord{Contact: entered},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, Entry: "qr:window"}}},
		&sumsRecord{Chain: 3, Texts: []string{"1", "shop", "marketing", "allow", "Germany", "accepted", "read", "business", "regular", "USD", "USD 2026-10-01", "offer", "team=crm"}, Numbers: []uint64{24, 0, 1, 2, 3, 4, 5, 6, 7, 2, 8, 2, 8, 9, 10, 11, 12, 2, 7, 136500, 140000, 2}, Open: []ID{id}, Method: 2},
		&Entry{ID: id, At: 1, Price: price, Tags: "team=crm"},
		&statusRecord{Status: reached{policy.StatusRead, 9}, Delivered: 8},
		&statusRecord{Status: reached{policy.StatusRead, 9}, Sent: &id},
		&sumsRecord{Chain: 3, Method: 3, Packed: summed.pack(), N: 24},
		&correctionRecord{Was: newCountedAs(&alike)},
		&correctionRecord{},
		&chainRecord{Chain: 3, Start: 7, Method: 3},
		&Entry{ID: id, At: 1, Metering: metered},
		&statusRecord{Status: reached{policy.StatusSent, 1}, Quarter: 1_988_888, Metered: &metered},
		&meterRecord{Kind: meterVolume, Of: "waba/1", Month: "2026-10", Market: "Germany", Volume: billing.Utility, Messages: 3},
		&meterRecord{Kind: meterBudget, Of: "crm", Month: "2026-10", Messages: 4, Spent: 136_500, Reserved: 55_000, Unpriced: 1, Told: toldWarning, ToldOf: 500_000, Changes: 9},
		&policy.Facts{Budgets: []policy.BudgetFacts{{Name: "crm", Month: "2026-10", Until: 9, Currency: "USD", Amount: 500_000_000, Spent: 136_500, Price: 55_000, Unpriced: true, Warn: 80, Refuses: true}}},
		&policy.Decision{Verdict: policy.Allow, Rule: policy.RuleConsent, Category: policy.CategoryMarketing, Warnings: []policy.RuleWarning{{Rule: "budget:crm", Reason: "why", Budget: true}}},
		&contactRecord{Contact: advertised},
		&statusRecord{Sent: &id, AnswersAd: true},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, FreeUntil: 11, AdAt: 7}}},
		&Entry{ID: id, At: 1, Metering: otherwise},
		&statusRecord{Status: reached{policy.StatusSent, 1}, Metered: &otherwise},
		&statusRecord{Status: reached{policy.StatusRead, 9}, Sent: &id, Copies: true},
		&copiesRecord{Copies: []copyRecord{{
			Who: []policy.Alias{a, b}, Told: statusRecord{Status: reached{policy.StatusDelivered, 9}, Delivered: 9}, Market: toldMarket{8, "Germany", true}, Price: copyPrice{55_000, true},
		}}},
		&correctionRecord{Was: newCountedAs(&divided), Copies: []countedCopy{{*newCountedAs(&alike), "Germany", true}}},
		&Entry{ID: id, At: 1, Send: policy.Send{Group: true}, Metering: Metering{Month: "2026-10", Service: true, Unpriced: true, ByCopy: true}},
		&meterRecord{Kind: meterTier, Of: "1", Month: "2026-10", Market: "Germany", Volume: billing.Utility, Tiers: []toldTier{{At: 9, From: 100_001, To: 1_000_000}, {At: 10, From: 1_000_001}}},
		&policy.AccountEvent{At: 1, WABA: "waba", Kind: policy.TemplateCategoryChanged, Name: "CATEGORY_CHANGED", Cost: &policy.CategoryCost{Messages: 3, Unpriced: 1, Currency: "USD", Before: 165_000, Now: 409_500, Says: "more"}},
		&figuresRecord{WABA: "waba", Day: "2026-10-05", At: 8, Parts: 1, Currency: "EUR", Points: []figurePoint{
			{Start: 1, End: 2, Phone: "4930", Country: "DE", Category: billing.Utility, Type: billing.Regular, Tier: "0:250000", Volume: 3, Cost: 165_000},
		}},
		&pagesRecord{WABA: "waba", Open: []openListing{{By: policy.Digest{1}, Next: policy.Digest{2}, Since: 3}}},
		&arrivalRecord{Event: EventID{1}},
		&arrivalRecord{Erased: []policy.Alias{a, b}, At: 5},
		&erasureJob{Names: []policy.Alias{a}, Erasure: policy.Erasure{At: 5}, Tell: true},
		&Subscriber{
			Name: "crm", Holder: "h", Until: 9, Changes: 3, Leaf: LeafPlace{1, 2}, Violations: Trail{Next: id, Settled: 4, Seen: id[:]}, Arrivals: Trail{Next: [16]byte{5}, Settled: 6},
			Windows: 7, Parked: []ParkedEvent{
				{Ref: EventRef{Log: LogViolations, ID: id}, Attempts: 2, First: 3, Next: 4, Status: 500, Error: "the endpoint answers 500"},
				{Ref: EventRef{Log: LogConsents, Leaf: LeafPlace{1, 1}}, First: 3, Next: 4},
				{Ref: EventRef{Log: LogWindows, Window: &WindowRef{PhoneNumberID: "1", Opened: 2, Ends: 8, Contact: a, ID: "window-1", Market: "Germany", MarketEstimated: true, Unknown: true}}, First: 3, Next: 4},
			},
			Off: 8, Why: "410", Failing: 5, Taken: 4, Error: "the endpoint answers 410", Misses: 2, Probe: 9, Start: 3,
		},
		&DeadEvent{Event: "violation-1", Type: "violation", At: 3, Died: 9, Parked: ParkedEvent{Ref: EventRef{Log: LogArrivals, ID: [16]byte{1}}, Attempts: 10, First: 3, Next: 4}},
		&Entry{ID: id, At: 1, Shadow: &Shadow{Name: "stricter", Enforced: true, Verdict: policy.Allow, Rule: policy.RuleConsent, RuleID: "own", Failed: true, Missing: policy.MissingFrequency}},
		&Enforced{PhoneNumberID: "1", At: 2, Terms: *policy.DefaultTerms(), Share: 1000, Shadow: &EnforcedShadow{Name: "stricter", Share: 250, Digest: &PolicyDigest{1}}},
		&contactRecord{Contact: &policy.Contact{Members: []policy.Member{{Alias: a, Beside: true}}}},
		&policy.Facts{Persons: []policy.PersonFacts{{Contact: a, Lots: []policy.Lot{policy.NoLot, a.Lot()}}}},
	}
}

// TestGoldenRecords guards the format on disk: what was written once must be
// read for ever.
func TestGoldenRecords(t *testing.T) {
	const path = "testdata/records.golden"
	var out bytes.Buffer
	for _, r := range goldenRecords() {
		value, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := cbor.Diagnose(value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%T\n%x\n%s\n\n", r, value, text)
	}
	if *updateGolden {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(golden) {
		t.Errorf("the format changed; it is a new version if old records can't be read any more, then run with -update:\n%s", got)
	}
	blocks := strings.Split(strings.TrimSpace(string(golden)), "\n\n")
	for i, r := range goldenRecords() {
		value, err := hex.DecodeString(strings.Split(blocks[i], "\n")[1])
		if err != nil {
			t.Fatal(err)
		}
		read := reflect.New(reflect.TypeOf(r).Elem()).Interface()
		if err := decode(value, read); err != nil {
			t.Errorf("%T: %v", r, err)
		} else if !reflect.DeepEqual(read, r) {
			t.Errorf("%T: read %+v, want %+v", r, read, r)
		}
	}
}

// TestOlderGoldenRecords reads what earlier versions wrote. Their entries hold
// more than is written today: the same is understood.
func TestOlderGoldenRecords(t *testing.T) {
	for _, path := range []string{"testdata/records-1.golden", "testdata/records-2.golden"} {
		readsAsGolden(t, path)
	}
}

func readsAsGolden(t *testing.T, path string) {
	t.Helper()
	older, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := goldenRecords()
	for i, block := range strings.Split(strings.TrimSpace(string(older)), "\n\n") {
		value, err := hex.DecodeString(strings.Split(block, "\n")[1])
		if err != nil {
			t.Fatal(err)
		}
		read := reflect.New(reflect.TypeOf(want[i]).Elem()).Interface()
		if err := decode(value, read); err != nil {
			t.Errorf("%T: %v", read, err)
			continue
		}
		if !reflect.DeepEqual(read, want[i]) {
			t.Errorf("%T: read %+v, want %+v", read, read, want[i])
		}
	}
}

// TestClaimOfOlderEntry checks that what an earlier version recorded of a claim
// still means the confirmation of that person's opt-out.
func TestClaimOfOlderEntry(t *testing.T) {
	var taken policy.Taken
	if err := decode([]byte{0xa2, 1, 0x50, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 2, 14}, &taken); err != nil {
		t.Fatal(err)
	}
	want := policy.Claim{Kind: policy.ClaimConfirmation, Key: policy.Alias{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, Limit: 1, Left: 1}
	if got := taken.Claim(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestKeyOrder(t *testing.T) {
	for _, id := range []ID{NewID(1000), NewID(1001)} {
		if got := compareIDs(id, FirstID(1001)); (got < 0) != (id.Moment() < 1001) || compareIDs(id, maxID) >= 0 {
			t.Errorf("an entry at %d is on the wrong side of 1001", id.Moment())
		}
	}
	a := policy.Alias{1}
	if bytes.Compare(historyKey(a, 255, [8]byte{255}), historyKey(a, 256, [8]byte{})) >= 0 {
		t.Error("words are not in the order of time")
	}
}
