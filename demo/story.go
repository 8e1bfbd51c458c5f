package demo

import (
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/policy"
)

// The people. The phone numbers are among those reserved for fiction.
const (
	shopName      = "Fern & Fig"
	shopNumber    = "+493023125001"
	phoneNumberID = "104455667788"
	waba          = "200300400500"

	customerName   = "Ana"
	customerNumber = "+4917604069012"
)

var customer = graphsim.User{Phone: customerNumber, Name: customerName}

// templates are the shop's templates, approved by the simulated Meta.
var templates = []graphsim.Template{
	{Name: "autumn_sale", Language: "en", Category: "MARKETING"},
	{Name: "order_shipped", Language: "en", Category: "UTILITY"},
}

// sale and shipped are sends of those templates.
var (
	sale    = template("autumn_sale")
	shipped = template("order_shipped")
)

// A chapter is a day of the story.
type chapter struct {
	date  string // such as 2026-11-02
	title string
	steps []step
}

// A step is one thing that happens, at a time of the chapter's day in UTC. want
// is what the gateway must say to it, where it is a send.
type step struct {
	at   string // such as 09:00
	act  act
	want want
}

// want is the expected judgement of a send; zero where there is none to expect.
type want struct {
	verdict  policy.Verdict
	rule     policy.Rule
	category policy.Category
}

func allowed(rule policy.Rule, c policy.Category) want { return want{policy.Allow, rule, c} }
func refused(rule policy.Rule, c policy.Category) want { return want{policy.Refuse, rule, c} }

// story is what the demonstration plays.
var story = []chapter{
	{"2026-11-02", "a customer writes", []step{
		{"08:55", shopListsTemplates{}, want{}},
		{"09:00", customerWrites("Hi! Is the big monstera still there?"), want{}},
		{"09:01", shopSends{markAsRead()}, allowed(policy.RuleReceipt, policy.CategoryNone)},
		{"09:05", shopSends{text("Hi Ana, it is! Shall we keep it for you?")}, allowed(policy.RuleWindowOpen, policy.CategoryService)},
	}},
	{"2026-11-03", "24 hours later, her customer service window has closed", []step{
		{"09:00", shopSends{text("Do you still want the monstera?")}, refused(policy.RuleWindowClosed, policy.CategoryService)},
		{"09:02", shopSends{sale}, refused(policy.RuleNoConsent, policy.CategoryMarketing)},
		{"11:30", shopRecordsOptIn{"marketing", "website", "newsletter form 8841"}, want{}},
		{"11:31", shopSends{sale}, allowed(policy.RuleConsent, policy.CategoryMarketing)},
	}},
	{"2026-11-04", "she orders, and wants to hear about it", []step{
		{"14:00", customerWrites("START"), want{}},
		{"14:10", shopSends{shipped.about("order-4711")}, allowed(policy.RuleConsent, policy.CategoryUtility)},
	}},
	{"2026-11-05", "she has had enough", []step{
		{"18:30", customerWrites("Stop, please!"), want{}},
		{"18:31", shopSends{text("We won't message you any more. Write START to come back.")}, allowed(policy.RuleConfirmation, policy.CategoryService)},
		{"18:32", shopSends{text("May we ask why?")}, refused(policy.RuleOptedOut, policy.CategoryService)},
	}},
	{"2026-11-06", "what may still be sent, and what not", []step{
		{"10:00", shopSends{sale}, refused(policy.RuleOptedOutMarketing, policy.CategoryMarketing)},
		{"10:05", shopSends{shipped}, refused(policy.RuleOptedOut, policy.CategoryUtility)},
		{"10:06", shopSends{shipped.about("order-4711")}, allowed(policy.RuleEssential, policy.CategoryUtility)},
		{"15:00", customerWrites("Which day will my monstera arrive?"), want{}},
		{"15:03", shopSends{text("Tomorrow between 9 and 11.")}, allowed(policy.RuleWindowOpen, policy.CategoryService)},
	}},
}

// start is midnight of the chapter's day.
func (c *chapter) start() time.Time { return c.time("00:00") }

// time is a time of the chapter's day.
func (c *chapter) time(at string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", c.date+" "+at)
	if err != nil {
		panic("demo: the story has a time that is none: " + err.Error())
	}
	return t
}
