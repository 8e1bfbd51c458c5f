package policy_test

import (
	"fmt"
	"time"

	"github.com/waguard/waguard/policy"
)

// A marketing template to a person who opted in to order updates alone.
func ExampleDecide() {
	now := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	yesterday := policy.MomentOf(now.Add(-24 * time.Hour))

	send := &policy.Send{
		Edge:          policy.EdgeMessages,
		PhoneNumberID: "106540352242922",
		Kind:          policy.TemplateMessage,
		Type:          "template",
		Template:      policy.TemplateRef{Name: "winter_sale", Language: "en"},
		To:            []policy.Identity{{Kind: policy.Phone, Value: "12025550147"}},
	}
	person := policy.PersonFacts{}
	person.Consent[policy.Transactional] = policy.Consent{
		State: policy.OptedIn, Since: yesterday, LastOptIn: yesterday, Source: policy.SourceOperator,
	}
	facts := &policy.Facts{
		Persons:  []policy.PersonFacts{person},
		Template: policy.TemplateFacts{Found: true, Status: policy.TemplateApproved, Category: policy.CategoryMarketing},
	}

	d := policy.Decide(send, facts, &policy.Policy{}, now)
	fmt.Println(d.Verdict, d.Rule)
	fmt.Println(d.Reason)
	fmt.Println(d.Remedy)
	fmt.Println(d.Category, d.Initiation)
	// Output:
	// refuse NO_CONSENT_FOR_CATEGORY
	// the user opted in to transactional messages only, and a marketing message needs consent to marketing messages
	// get the user's opt-in to this kind of message and record it
	// marketing business
}

// Two messages that change a person's consent, and one that may be meant to.
func ExampleWords_Message() {
	words := policy.NewWords()
	for _, message := range []string{"Stop, please!", "Stop promotions", "I said stop!"} {
		m := words.Message(message)
		fmt.Println(m.State, m.Scopes, m.Suspected)
	}
	// Output:
	// opted_out [marketing transactional authentication] false
	// opted_out [marketing] false
	// unknown [] true
}
