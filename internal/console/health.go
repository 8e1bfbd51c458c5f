package console

import (
	"context"
	"strings"

	"github.com/waguard/waguard/internal/adminapi"
)

type healthPage struct {
	// Serves: the store answers. Store says what is not as it should be with it.
	Serves   bool
	Says     string
	Store    []string
	Restored string
	Findings []findingText
	Problems int
	// Looked: it is known what waguard doctor finds. Coming: it is being found out.
	Looked, Coming bool
	Build          []fact
	Log            []fact
	// Endpoints are those that are told what happens.
	Endpoints table
}

type findingText struct{ Check, Status, Tag, Finding, Remedy string }

// health says whether the gateway is as it should be.
func health(ctx context.Context, a *asked) (*shown, error) {
	p := &healthPage{Serves: true, Says: "The gateway serves, and its store answers."}
	h, err := a.API.Health(ctx)
	if err != nil {
		p.Serves, p.Says = false, "The gateway refuses sends: "+sentence(said(err))
	} else {
		p.Store = h.Store
		if r := h.Restored; r != nil {
			p.Restored = "The store was restored from a backup of " + a.moment(r.BackupOf).Text + ". What was recorded after that is missing, unless it came in anew."
		}
	}
	diagnosis, there, err := recent(ctx, a, "doctor", func(ctx context.Context) (*adminapi.Diagnosis, error) { return a.API.Diagnose(ctx) })
	if err != nil && p.Serves {
		return nil, err
	}
	p.Coming, p.Looked = a.coming, there
	for _, f := range findings(diagnosis) {
		t := findingText{f.Check, string(f.Status), map[adminapi.CheckStatus]string{adminapi.CheckOK: "allowed", adminapi.CheckNote: "info", adminapi.CheckProblem: "refused", adminapi.CheckUnchecked: "warned"}[f.Status], sentence(f.Finding), sentence(strings.TrimSpace(f.Remedy))}
		if f.Status == adminapi.CheckProblem {
			p.Problems++
		}
		p.Findings = append(p.Findings, t)
	}
	v, err := a.API.Version(ctx)
	if err != nil {
		return nil, err
	}
	p.Build = facts("waguard", v.Build.Version, "commit", v.Build.Commit, "Caddy", v.Build.Caddy, "Go", v.Build.Go, "platform", v.Build.Platform)
	if head, err := a.API.AuditCheckpoint(ctx); err == nil && head != nil {
		for line := range strings.Lines(head.Checkpoint) {
			if line = strings.TrimSpace(line); line != "" && len(p.Log) < 3 {
				p.Log = append(p.Log, fact{Name: []string{"log", "records", "root"}[len(p.Log)], Value: line})
			}
		}
	}
	if err := p.endpoints(ctx, a); err != nil && p.Serves {
		return nil, err
	}
	return &shown{title: "Health", template: "health", body: p}, nil
}

func findings(d *adminapi.Diagnosis) []adminapi.Finding {
	if d == nil {
		return nil
	}
	return d.Findings
}

// endpoints are those that are told what happens.
func (p *healthPage) endpoints(ctx context.Context, a *asked) error {
	all, err := a.API.Endpoints(ctx)
	if err != nil {
		return err
	}
	p.Endpoints = table{Caption: "Endpoints that are told what happens", Columns: columns("name", "state", "last taken", "#waiting", "#given up", "~what went wrong last")}
	for i := range all.Endpoints {
		e := &all.Endpoints[i]
		state := cell{Text: e.State, Tag: map[string]string{"on": "allowed", "new": "info", "away": "warned", "off": "refused"}[e.State], Also: e.OffWhy}
		p.Endpoints.Rows = append(p.Endpoints.Rows, row{Cells: []cell{{Text: e.Name, Also: strings.Join(e.Types, ", ")}, state, {At: a.momentOf(e.LastTaken)}, {Text: count(e.Waiting)}, {Text: count(e.Dead)}, {Text: e.LastError}}})
	}
	return nil
}
