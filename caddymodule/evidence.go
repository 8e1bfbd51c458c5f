package caddymodule

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/waguard/waguard/audit"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/evidence"
	"github.com/waguard/waguard/store"
)

// formatReceipts is the format of receipts alone.
const formatReceipts = "receipts"

// receipts are those of a person's records, newest first.
type receipts struct {
	Receipts []*evidence.Receipt `json:"receipts"`
}

// givenFile is something of a person that is given out. What can fail has been done
// before it is served, but for reading the decisions.
type givenFile struct {
	kind, name string
	write      func(io.Writer) error
	log        *zap.Logger
}

// serve writes it. Once it has begun an error can only break it off: the reader sees it
// by what is missing at its end.
func (f *givenFile) serve(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	out := bufio.NewWriterSize(unstalled{w, http.NewResponseController(w)}, 64<<10)
	err := f.write(out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		f.log.Error("what is known of a person could not be given out whole", zap.Error(err))
		panic(http.ErrAbortHandler)
	}
	return nil
}

// givingOut handles an admin route that gives out what there is of a person.
func givingOut(format func(*adminapi.PersonRequest) string) adminHandle {
	return func(a *App, _ store.Store, w http.ResponseWriter, r *http.Request) error {
		request := new(adminapi.PersonRequest)
		if err := adminapi.ReadRequest(r, request); err != nil {
			return adminFailure(err)
		}
		file, err := a.fileOf(r.Context(), request, format(request))
		if err != nil {
			return adminFailure(err)
		}
		return file.serve(w)
	}
}

// fileOf prepares what there is of a person in a format.
func (a *App) fileOf(ctx context.Context, request *adminapi.PersonRequest, format string) (*givenFile, error) {
	if format != formatReceipts && !slices.Contains(adminapi.ExportFormats, format) {
		return nil, &gateway.Problem{Kind: gateway.Misasked, Err: fmt.Errorf("format must be one of %s", strings.Join(adminapi.ExportFormats, ", "))}
	}
	if request.Record != "" && format != formatReceipts {
		return nil, &gateway.Problem{Kind: gateway.Misasked, Err: errors.New("record belongs to receipts: everything there is of a person is given out whole")}
	}
	person, err := a.personOf(ctx, request, format)
	if err != nil {
		return nil, err
	}
	switch format {
	case adminapi.FormatPack:
		return &givenFile{"application/zip", "evidence.zip", person.WritePack, a.logger}, nil
	case adminapi.FormatHTML:
		return &givenFile{"text/html; charset=utf-8", "person.html", person.WriteHTML, a.logger}, nil
	case adminapi.FormatJSON:
		return &givenFile{"application/json", "person.json", person.WriteJSON, a.logger}, nil
	}
	list, err := receiptsOf(person, request.Record)
	if err != nil {
		return nil, err
	}
	return &givenFile{"application/json", "receipts.json", func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(list)
	}, a.logger}, nil
}

func receiptsOf(p *evidence.Person, record string) (*receipts, error) {
	list := &receipts{Receipts: []*evidence.Receipt{}}
	if record != "" {
		if _, err := store.ParseRecordID(record); err != nil {
			return nil, &gateway.Problem{Kind: gateway.Misasked, Err: err}
		}
	}
	for i, rec := range p.Records {
		if record == "" || rec.ID.String() == record {
			list.Receipts = append(list.Receipts, p.ReceiptOf(rec, p.Proofs[i]))
		}
	}
	if record != "" && len(list.Receipts) == 0 {
		return nil, &gateway.Problem{Kind: gateway.Unknown, Err: errors.New("this person has no consent record of that id")}
	}
	return list, nil
}

// personOf collects what there is of a person, with the proofs where the store keeps a
// log.
func (a *App) personOf(ctx context.Context, request *adminapi.PersonRequest, format string) (*evidence.Person, error) {
	st, err := a.acquire()
	if err != nil {
		return nil, err
	}
	of, err := a.gateway.OfPerson(ctx, request.Contact, request.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	p := &evidence.Person{
		Principal: evidence.Principal{Contact: request.Contact, Business: a.gateway.BusinessName},
		Made:      a.clock.Now(), PhoneNumberID: of.PhoneNumberID, Pseudonym: of.Pseudonym.String(),
		Records: of.Records, Proofs: make([]*audit.Proof, len(of.Records)), Decisions: of.Decisions,
	}
	audited, ok := st.(store.Audited)
	if !ok && format == adminapi.FormatPack {
		return nil, &gateway.Problem{Kind: gateway.Unknown, Err: errors.New("this store keeps no log of consent records: there is nothing to prove them with")}
	}
	if ok {
		if p.Proofs, p.Checkpoint, err = audited.ProveRecords(ctx, of.Records); err != nil {
			return nil, err
		}
		p.Sign = func(sums []byte) (*audit.Sums, error) { return audited.SignSums(ctx, sums) }
	}
	if format != adminapi.FormatJSON && format != adminapi.FormatHTML {
		return p, nil
	}
	for _, id := range of.Numbers {
		known, err := a.gateway.Consent(ctx, gateway.ConsentRequest{PhoneNumberID: id, Contact: request.Contact}, nil)
		if err != nil {
			return nil, err
		}
		p.Known = append(p.Known, evidence.Known{PhoneNumberID: id, Business: a.gateway.BusinessName(id), Now: consentAnswer(known)})
	}
	return p, nil
}

// readWhole reads a request about everything there is of a person, for the numbers that
// the key is for.
func (c *apiCall) readWhole(ctx context.Context) (*adminapi.PersonRequest, error) {
	request := new(adminapi.PersonRequest)
	if err := c.read(request); err != nil {
		return nil, err
	}
	if request.PhoneNumberID == "" && len(c.key.Businesses) > 0 {
		return nil, &apiProblem{Status: http.StatusBadRequest, Detail: "phone_number_id is missing: this key is for some business phone numbers only"}
	}
	if request.PhoneNumberID == "" {
		return request, nil
	}
	return request, c.about(ctx, &request.PhoneNumberID)
}

// apiReceipt gives receipts of a person's consent records.
func apiReceipt(ctx context.Context, c *apiCall) (int, any, error) {
	request, err := c.readWhole(ctx)
	if err != nil {
		return 0, nil, err
	}
	if request.Format != "" {
		return 0, nil, &apiProblem{Status: http.StatusBadRequest, Detail: "format belongs to /export: receipts are JSON"}
	}
	person, err := c.app.personOf(ctx, request, formatReceipts)
	if err != nil {
		return 0, nil, err
	}
	list, err := receiptsOf(person, request.Record)
	return http.StatusOK, list, err
}

// apiExport gives out what there is of a person.
func apiExport(ctx context.Context, c *apiCall) (int, any, error) {
	request, err := c.readWhole(ctx)
	if err != nil {
		return 0, nil, err
	}
	c.file, err = c.app.fileOf(ctx, request, request.Format)
	return http.StatusOK, nil, err
}
