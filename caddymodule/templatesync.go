package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// TemplateSync has the gateway list the templates of its accounts by itself, by the
// upstream of the guard.
type TemplateSync struct {
	// An access token that may read the accounts' templates
	// (whatsapp_business_management). Placeholders are replaced whenever it is used: a file
	// (`{file./run/secrets/meta-token}`) may be written anew while the gateway runs.
	// Required.
	Token string `json:"token"`

	// How often an account's templates are listed, from 5 minutes to 24 hours.
	// Default: 1h.
	Every caddy.Duration `json:"every,omitempty"`

	by *Upstream
	repeated
}

const (
	defaultSyncEvery  = time.Hour
	shortestSyncEvery = 5 * time.Minute
	longestSyncEvery  = 24 * time.Hour
)

func (s *TemplateSync) check() error {
	switch every := time.Duration(s.Every); {
	case s.Token == "":
		return errors.New("template_sync needs a token, such as token {file./run/secrets/meta-token}")
	case every < shortestSyncEvery || every > longestSyncEvery:
		return fmt.Errorf("template_sync lists every %s; it must be 5 minutes to 24 hours, such as every 1h", every)
	}
	return nil
}

// provisionSync checks the settings.
func (a *App) provisionSync() error {
	s := a.TemplateSync
	if s == nil {
		return nil
	}
	if s.Every == 0 {
		s.Every = caddy.Duration(defaultSyncEvery)
	}
	return s.check()
}

// startSync begins to list, once all guards are provisioned.
func (a *App) startSync() error {
	s := a.TemplateSync
	if s == nil {
		return nil
	}
	if s.by == nil {
		return errors.New("template_sync lists templates by the upstream of a whatsapp_guard for the Cloud API, and none has one: write `upstream https://graph.facebook.com` into it")
	}
	ask := &metaAsk{option: "template_sync", token: s.Token, by: s.by}
	sync := &gateway.TemplateSync{Gateway: a.gateway, Log: a.logger.Named("template_sync"), Every: time.Duration(s.Every), Get: ask.get}
	a.gateway.Sync.Store(sync)
	s.repeat(a.ctx, sync.Due)
	return nil
}

// stopSync ends it, and waits until it has ended.
func (a *App) stopSync() {
	if a.TemplateSync != nil {
		a.TemplateSync.stop()
	}
}

// syncNow lists the templates of every account.
func syncNow(ctx context.Context, g *gateway.Gateway, _ *struct{}) (*adminapi.TemplateSync, error) {
	sync := g.Sync.Load()
	if sync == nil {
		return nil, &adminapi.Error{Status: http.StatusConflict, Err: errors.New("this gateway lists no templates by itself: write into its whatsapp block, each on its own line, `template_sync {`, `token {file./run/secrets/meta-token}` and `}`")}
	}
	list, err := sync.All(ctx)
	if err != nil {
		return nil, err
	}
	answer := &adminapi.TemplateSync{Accounts: []adminapi.SyncedAccount{}}
	for i := range list {
		a := &list[i]
		told := adminapi.SyncedAccount{WABA: a.WABA, Templates: a.Templates, Next: a.Next}
		if !a.Done.IsZero() {
			told.Listed = &a.Done
		}
		if a.Err != nil {
			told.Error = a.Err.Error()
		}
		answer.Accounts = append(answer.Accounts, told)
	}
	return answer, nil
}

// syncFindings are what doctor finds.
func syncFindings(sync *gateway.TemplateSync) (findings []adminapi.Finding) {
	const check = "templates"
	if sync == nil {
		return nil
	}
	for _, a := range sync.State() {
		switch last := "it was never listed"; {
		case a.Err != nil:
			if !a.Done.IsZero() {
				last = "it was last listed at " + policy.MomentOf(a.Done).String()
			}
			findings = append(findings, adminapi.Trouble(check, "mend that; waguard templates sync tries it at once", "template_sync can't list the templates of account %s: %v; %s", a.WABA, a.Err, last))
		case !a.Done.IsZero():
			findings = append(findings, adminapi.OK(check, "template_sync listed the templates of account %s at %s", a.WABA, policy.MomentOf(a.Done)))
		}
	}
	return findings
}

// parseSync reads the option.
func (a *App) parseSync(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	at := *d
	s := new(TemplateSync)
	a.TemplateSync = s
	var every *caddy.Duration
	if err := parseBlock(d, map[string]parser{"token": stringInto(&s.Token), "every": positiveInto(&every)}); err != nil {
		return err
	}
	s.Every = caddy.Duration(defaultSyncEvery)
	if every != nil {
		s.Every = *every
	}
	if err := s.check(); err != nil {
		return at.Err(err.Error())
	}
	return nil
}
