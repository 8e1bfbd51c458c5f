package caddymodule

import (
	"context"
	"crypto/sha256"
	_ "embed" // for the description
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// openAPI describes what is served; a test holds it against that.
//
//go:embed openapi.json
var openAPI []byte

// What the API is asked, beside what the admin endpoint is asked too.
type (
	// apiBatch are consent records.
	apiBatch struct {
		Records []apiRecord `json:"records"`
	}
	apiRecord struct {
		// State is opted_in or opted_out.
		State string `json:"state"`
		adminapi.ConsentRequest
	}
	// apiRecorded is what became of them, in their order.
	apiRecorded struct {
		Recorded int               `json:"recorded"`
		Results  []apiRecordResult `json:"results"`
	}
	apiRecordResult struct {
		// Result is recorded, or opted_out for an opt-in that changes nothing, since the
		// person opted out after it.
		Result string `json:"result"`
		// Incomplete: the opt-in lacks what would make it valid.
		Incomplete bool `json:"incomplete,omitempty"`
	}
	// apiCheckRequest asks whether a message would pass.
	apiCheckRequest struct {
		PhoneNumberID string   `json:"phone_number_id"`
		Contacts      []string `json:"contacts"`
		// Template is what would be sent; none stands for a text.
		Template  *apiTemplate `json:"template,omitempty"`
		Reference string       `json:"reference,omitempty"`
	}
	apiTemplate struct {
		Name     string `json:"name"`
		Language string `json:"language"`
	}
	apiChecked struct {
		Results []apiVerdict `json:"results"`
	}
	apiVerdict struct {
		Verdict  policy.Verdict  `json:"verdict"`
		Rule     policy.Rule     `json:"rule"`
		RuleID   string          `json:"rule_id,omitempty"`
		Category policy.Category `json:"category,omitempty"`
		Reason   string          `json:"reason"`
		Remedy   string          `json:"remedy,omitempty"`
		RetryAt  *time.Time      `json:"retry_at,omitempty"`
		// Market is the one of the rate card that the person belongs to, and Price what the
		// message is expected to cost.
		Market string          `json:"market,omitempty"`
		Price  *adminapi.Price `json:"price,omitempty"`
		// Alternatives are the templates that would pass in its place.
		Alternatives []cloudapi.Alternative `json:"alternatives,omitempty"`
		// Warnings are those of rules of the operator's own.
		Warnings []policy.RuleWarning `json:"warnings,omitempty"`
	}
)

// readAPIBody reads a body up to the size of an import.
func readAPIBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, adminapi.LargestImportBody+1))
	switch {
	case err != nil:
		return nil, &apiProblem{Status: http.StatusBadRequest, Detail: "the body broke off"}
	case len(body) > adminapi.LargestImportBody:
		return nil, &apiProblem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than %d MiB", adminapi.LargestImportBody>>20)}
	}
	return body, nil
}

// read fills a request from the body, strictly.
func (c *apiCall) read(request any) error {
	if err := adminapi.ReadBody(c.body, request); err != nil {
		return &apiProblem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	return nil
}

// answersKept is for how long a request with an Idempotency-Key is remembered.
const answersKept = 24 * time.Hour

// inProgress are the requests with an Idempotency-Key that are being answered.
var inProgress sync.Map

// answer does what was asked; with an Idempotency-Key once, and gives the first answer to
// whoever asks again.
func (c *apiCall) answer(op *apiOperation, once string) (status int, answer []byte) {
	ctx := c.r.Context()
	if !op.once || once == "" {
		return c.run(ctx, op)
	}
	if len(once) > 255 {
		return (&apiProblem{Status: http.StatusBadRequest, Detail: "Idempotency-Key is longer than 255 characters"}).encode()
	}
	st, err := c.app.acquire()
	if err != nil {
		return problemOf(err).encode()
	}
	name := st.AttemptPseudonym("consent", c.key.ID.String(), c.r.URL.Path, once)
	if _, busy := inProgress.LoadOrStore(name, true); busy {
		return (&apiProblem{Status: http.StatusConflict, Detail: "the first request under this Idempotency-Key has no answer yet; ask again"}).encode()
	}
	defer inProgress.Delete(name)
	digest := sha256.Sum256(c.body)
	known, err := st.Remembered(ctx, name)
	switch {
	case err != nil:
		return problemOf(err).encode()
	case known != nil && known.Digest != digest:
		return (&apiProblem{Status: http.StatusUnprocessableEntity, Detail: "this Idempotency-Key was used for another request"}).encode()
	case known != nil:
		return known.Status, known.Answer
	}
	status, answer = c.run(ctx, op)
	if status < http.StatusInternalServerError {
		if err := st.Remember(context.WithoutCancel(ctx), name, &store.Remembered{Digest: digest, Status: status, Answer: answer, Names: c.names(st)}, answersKept); err != nil {
			c.app.logger.Error("the answer to a request with an Idempotency-Key could not be kept", zap.Error(err))
		}
	}
	return status, answer
}

// names are those of the people whom the request names.
func (c *apiCall) names(st store.Store) (names []policy.Alias) {
	for _, who := range identity.Named(c.body) {
		names = append(names, st.Pseudonym(who))
	}
	return policy.SortAliases(names)
}

func (c *apiCall) run(ctx context.Context, op *apiOperation) (int, []byte) {
	status, answer, err := op.do(ctx, c)
	if err != nil {
		p := problemOf(err)
		if p.Status >= http.StatusInternalServerError {
			c.app.logger.Error("a request for consent could not be answered", zap.String("path", c.r.URL.Path), zap.Error(err))
		}
		return p.encode()
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return problemOf(err).encode()
	}
	return status, body
}

// about resolves the business phone number a request names, and sees to it that the key
// is for it.
func (c *apiCall) about(ctx context.Context, phoneNumberID *string) error {
	id, err := c.app.gateway.NumberNamed(ctx, *phoneNumberID)
	if err != nil {
		return err
	}
	if !c.key.For(id) {
		return &apiProblem{Status: http.StatusForbidden, Detail: "this key is not for that business phone number"}
	}
	*phoneNumberID = id
	return nil
}

// apiRecords records opt-ins and opt-outs, all of them or none.
func apiRecords(ctx context.Context, c *apiCall) (int, any, error) {
	var batch apiBatch
	if err := c.read(&batch); err != nil {
		return 0, nil, err
	}
	if len(batch.Records) == 0 || len(batch.Records) > adminapi.LargestImport {
		return 0, nil, &apiProblem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("records has %d records; one request takes 1 to %d", len(batch.Records), adminapi.LargestImport)}
	}
	list := gateway.Import{Actor: c.actor, Now: true, Whole: true}
	wrong := &apiProblem{Status: http.StatusUnprocessableEntity, Detail: "nothing was recorded: some records are not what they must be"}
	for i := range batch.Records {
		r := &batch.Records[i]
		right := map[string]string{policy.OptedIn.String(): gateway.RightRecord, policy.OptedOut.String(): gateway.RightOptOut}[r.State]
		switch {
		case right == "":
			wrong.Errors = append(wrong.Errors, apiDetail{Record: &i, Field: "state", Code: "INVALID", Detail: "state must be opted_in or opted_out"})
			continue
		case !c.key.May(right):
			return 0, nil, noRight(right)
		}
		if err := c.about(ctx, &r.PhoneNumberID); err != nil {
			p := problemOf(err)
			if p.Status == http.StatusForbidden {
				return 0, nil, p
			}
			wrong.Errors = append(wrong.Errors, apiDetail{Record: &i, Field: "phone_number_id", Code: "INVALID", Detail: p.Detail})
			continue
		}
		list.Records = append(list.Records, gateway.ImportRecord{Line: i, State: r.State, ConsentRequest: gateway.ConsentRequest(r.ConsentRequest)})
	}
	if len(wrong.Errors) > 0 {
		return 0, nil, wrong
	}
	imported, err := c.app.gateway.Import(ctx, &list)
	if err != nil {
		return 0, nil, err
	}
	for _, rejected := range imported.Rejected {
		p := problemOf(rejected.Err)
		if len(p.Errors) == 0 {
			p.Errors = []apiDetail{{Code: "INVALID", Detail: p.Detail}}
		}
		for _, d := range p.Errors {
			d.Record = new(rejected.Line)
			wrong.Errors = append(wrong.Errors, d)
		}
	}
	if len(wrong.Errors) > 0 {
		return 0, nil, wrong
	}
	answer := apiRecorded{Recorded: imported.Recorded, Results: make([]apiRecordResult, len(batch.Records))}
	for i := range answer.Results {
		answer.Results[i].Result = "recorded"
	}
	for _, i := range imported.OptedOut {
		answer.Results[i].Result = policy.OptedOut.String()
	}
	for _, i := range imported.Incomplete {
		answer.Results[i].Incomplete = true
	}
	return http.StatusOK, answer, nil
}

// apiAsk records that somebody was asked.
func apiAsk(ctx context.Context, c *apiCall) (int, any, error) {
	var request adminapi.ConsentRequest
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if err := c.about(ctx, &request.PhoneNumberID); err != nil {
		return 0, nil, err
	}
	request.Actor = c.actor
	recorded, err := c.app.gateway.RecordConsent(ctx, gateway.ConsentRequest(request), policy.ConsentPending)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, adminapi.Challenge{ID: recorded.Challenge.ID.String(), Expires: recorded.Challenge.Expires.Time()}, nil
}

// apiAnswer records what somebody answered.
func apiAnswer(ctx context.Context, c *apiCall) (int, any, error) {
	var request adminapi.Reply
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	reply := gateway.Reply{Challenge: request.Challenge, Text: request.Text, Actor: c.actor}
	answered, err := c.app.gateway.AnswerChallenge(ctx, reply, c.app.words)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, answeredOf(answered), nil
}

// readPerson reads a request that names a person and nothing else.
func (c *apiCall) readPerson(ctx context.Context) (gateway.ConsentRequest, error) {
	var request struct {
		PhoneNumberID string `json:"phone_number_id"`
		Contact       string `json:"contact"`
	}
	if err := c.read(&request); err != nil {
		return gateway.ConsentRequest{}, err
	}
	err := c.about(ctx, &request.PhoneNumberID)
	return gateway.ConsentRequest{PhoneNumberID: request.PhoneNumberID, Contact: request.Contact}, err
}

// apiPerson tells what holds for a person.
func apiPerson(ctx context.Context, c *apiCall) (int, any, error) {
	request, err := c.readPerson(ctx)
	if err != nil {
		return 0, nil, err
	}
	known, err := c.app.gateway.Consent(ctx, request, nil)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, consentAnswer(known), nil
}

// apiHistory tells every record of a person.
func apiHistory(ctx context.Context, c *apiCall) (int, any, error) {
	request, err := c.readPerson(ctx)
	if err != nil {
		return 0, nil, err
	}
	history, err := historyOf(ctx, c.app.gateway, &adminapi.ConsentRequest{PhoneNumberID: request.PhoneNumberID, Contact: request.Contact})
	if err != nil {
		return 0, nil, err
	}
	history.History = c.ofItsNumbers(history.History)
	return http.StatusOK, history, nil
}

// apiCheck tells whether a message would pass.
func apiCheck(ctx context.Context, c *apiCall) (int, any, error) {
	var request apiCheckRequest
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if err := c.about(ctx, &request.PhoneNumberID); err != nil {
		return 0, nil, err
	}
	check := gateway.CheckRequest{PhoneNumberID: request.PhoneNumberID, Contacts: request.Contacts, Reference: request.Reference}
	if t := request.Template; t != nil {
		if t.Name == "" || t.Language == "" {
			return 0, nil, &apiProblem{Status: http.StatusBadRequest, Detail: "template needs name and language"}
		}
		check.Template = policy.TemplateRef{Name: t.Name, Language: t.Language}
	}
	checked, err := c.app.gateway.Check(ctx, &check)
	if err != nil {
		return 0, nil, err
	}
	answer := apiChecked{Results: make([]apiVerdict, len(checked))}
	for i, d := range checked {
		answer.Results[i] = apiVerdict{Verdict: d.Verdict, Rule: d.Rule, RuleID: d.RuleID, Warnings: d.Warnings, Alternatives: d.Alternatives, Category: d.Category, Reason: d.Reason, Remedy: d.Remedy, Market: string(d.Market), Price: adminapi.PriceOf(&d.Price)}
		if d.Retry != 0 {
			answer.Results[i].RetryAt = new(d.Retry.Time())
		}
	}
	return http.StatusOK, answer, nil
}
