package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// apiVersion is the version of the Graph API the shop's program speaks.
const apiVersion = "v25.0"

// messagesPath is where the shop's program sends.
const messagesPath = "/" + apiVersion + "/" + phoneNumberID + "/messages"

// answer is what a sender gets from the gateway.
type answer struct {
	status   int
	verdict  policy.Verdict
	rule     policy.Rule
	category policy.Category
	id       string
	code     int // Meta's error code, where it was refused
}

// send sends m as the shop's program would: it knows nothing of the gateway but
// its URL.
func (s *stage) send(ctx context.Context, m message) (*answer, error) {
	var body cloudapi.ErrorBody
	resp, err := s.call(ctx, http.MethodPost, messagesPath, m.body(s.lastInbound), &body)
	if err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	tag := func(name string) string { return resp.Header.Get("X-Waguard-" + name) }
	return &answer{
		status: resp.StatusCode, code: body.Error.Code, id: tag("Id"),
		verdict: policy.Verdict(tag("Decision")), rule: policy.Rule(tag("Rule")), category: policy.Category(tag("Category")),
	}, nil
}

// call makes a request of the shop's program and decodes the JSON answer.
func (s *stage) call(ctx context.Context, method, path string, body []byte, answer any) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return nil, fmt.Errorf("reading the answer %s: %w", resp.Status, err)
	}
	return resp, nil
}

// ledgerLine finds a decision in the gateway's ledger.
func (s *stage) ledgerLine(ctx context.Context, id string) (*adminapi.Line, error) {
	for l, err := range s.admin.All(ctx, adminapi.Ledger, adminapi.Selection{}) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		if l.ID.String() == id {
			return l, nil
		}
	}
	return nil, fmt.Errorf("the decision %q is not in the ledger", id)
}

// compare lists what is not as it should be about a send: the judgement, what
// reached WhatsApp, and for a message that passed what Meta said about its price.
func (a *answer) compare(w want, l *adminapi.Line, reached int, priced bool) (surprises []string) {
	surprise := func(format string, args ...any) { surprises = append(surprises, fmt.Sprintf(format, args...)) }
	if got := (want{a.verdict, a.rule, a.category}); got != w {
		surprise("expected %s, %s, %s; got %s, %s, %s", w.verdict, w.rule, w.category, got.verdict, got.rule, got.category)
	}
	passed := a.verdict == policy.Allow
	if should := map[bool]int{true: 1}[passed]; reached != should {
		surprise("expected %d requests to reach WhatsApp; %d did", should, reached)
	}
	if passed != (a.status == http.StatusOK) {
		surprise("the sender got HTTP status %d", a.status)
	}
	switch price := l.Delivery.Pricing; {
	case !passed || !priced:
	case price == nil:
		surprise("expected Meta's price; none came")
	case policy.Category(price.Category) != a.category:
		surprise("expected category %s; Meta charges it as %s", a.category, price.Category)
	}
	return surprises
}
