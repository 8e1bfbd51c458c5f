package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// CheckRequest asks whether a message would pass now.
type CheckRequest struct {
	PhoneNumberID string
	// Contacts are phone numbers with plus and country code, or user ids.
	Contacts []string
	// Template is what would be sent; the zero one stands for a text.
	Template policy.TemplateRef
	// Reference is the biz_opaque_callback_data the send would have.
	Reference string
	// Under are other settings than those that hold; nil for these.
	Under *Settings
}

// MostChecked is how many people one request asks about.
const MostChecked = 1000

// Checked is what would be decided about a send to one person: by the rules that judge
// sends, on what is known at this moment. Nothing is recorded, and nothing used up.
type Checked struct {
	Verdict  policy.Verdict
	Rule     policy.Rule
	Category policy.Category
	Reason   string
	Remedy   string
	// RuleID names the rule of the operator's own that refuses, Warnings are what such
	// rules say beside.
	RuleID   string
	Warnings []policy.RuleWarning
	// Alternatives are the templates that would pass in its place.
	Alternatives []cloudapi.Alternative
	// Market is the one the person belongs to, and Price what a message to them is
	// expected to cost.
	Market          billing.Market
	MarketEstimated bool
	Price           billing.Quote
	// Retry is from when on it may pass; zero where that is no matter of time.
	Retry policy.Moment
}

// Check tells what would be decided about a message to each of some people, in their
// order.
func (g *Gateway) Check(ctx context.Context, r *CheckRequest) ([]Checked, error) {
	return g.check(ctx, r, true)
}

// check tells of refused ones, where that is asked for, what would pass in their place.
func (g *Gateway) check(ctx context.Context, r *CheckRequest, alternatives bool) ([]Checked, error) {
	if len(r.Contacts) == 0 || len(r.Contacts) > MostChecked {
		return nil, misasked(fmt.Errorf("contacts has %d people; one request is about 1 to %d", len(r.Contacts), MostChecked))
	}
	id, err := g.NumberNamed(ctx, r.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	read, err := g.reader(ctx, id)
	if err != nil {
		return nil, err
	}
	list := make([]Checked, len(r.Contacts))
	for i, contact := range r.Contacts {
		body, err := r.body(contact)
		if err != nil {
			return nil, misasked(err)
		}
		reading, refusal := read(body)
		if refusal != nil {
			list[i] = Checked{Verdict: policy.Refuse, Rule: refusal.Rule, Reason: refusal.Reason, Remedy: refusal.Remedy}
			continue
		}
		e, err := g.decideUnder(ctx, st, &Request{Reading: reading, Body: body}, r.Under)
		if err != nil {
			return nil, err
		}
		d := &e.Decision
		list[i] = Checked{
			Verdict: d.Verdict, Rule: d.Rule, Category: d.Category, Reason: d.Reason, Remedy: d.Remedy, RuleID: d.RuleID, Warnings: d.Warnings, Retry: d.Retry,
			Market: billing.Market(e.Market), MarketEstimated: e.MarketEstimated, Price: e.Price,
		}
		if !alternatives {
			continue
		}
		if list[i].Alternatives, err = g.alternatives(ctx, st, &reading.Sends[0], e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// decideUnder judges a send by other settings than those that hold, where there are some.
func (g *Gateway) decideUnder(ctx context.Context, st store.Store, r *Request, under *Settings) (*store.Entry, error) {
	if under == nil {
		return g.decide(ctx, st, r, 0)
	}
	b, served := under.Businesses.Of(r.Reading.Sends[0].PhoneNumberID)
	if !served {
		b = nil
	}
	return g.decideAt(ctx, r, 0, b, g.Now(), st.Facts, st.Meters)
}

// reader reads messages as if they had been posted through a business phone number.
func (g *Gateway) reader(ctx context.Context, phoneNumberID string) (func(body []byte) (cloudapi.Reading, *cloudapi.Refusal), error) {
	path := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/" + phoneNumberID + "/messages"}, Header: http.Header{}}
	route, refusal := cloudapi.Classify(cloudapi.Cloud, path, "")
	if refusal != nil {
		return nil, misasked(errors.New("phone_number_id is none"))
	}
	return func(body []byte) (cloudapi.Reading, *cloudapi.Refusal) {
		return cloudapi.ReadSends(route, "application/json", body, func(id string) string { return g.Home(ctx, id) })
	}, nil
}

// body is the send as a sender would write it.
func (r *CheckRequest) body(contact string) ([]byte, error) {
	who, err := readContact(contact)
	if err != nil {
		return nil, err
	}
	send := map[string]any{"messaging_product": "whatsapp"}
	if who.Kind == policy.Phone {
		send["to"] = contact
	} else {
		send["recipient"] = contact
	}
	if r.Template == (policy.TemplateRef{}) {
		send["type"], send["text"] = "text", map[string]any{"body": "?"}
	} else {
		send["type"], send["template"] = "template", map[string]any{"name": r.Template.Name, "language": map[string]any{"code": r.Template.Language}}
	}
	if r.Reference != "" {
		send["biz_opaque_callback_data"] = r.Reference
	}
	return json.Marshal(send)
}
