package caddymodule

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/policy"
)

// FallbackTemplate is the template that is sent in place of a text which a closed customer
// service window refuses. The text itself is not sent, unless the template takes it.
type FallbackTemplate struct {
	// The template's name. Required.
	Name string `json:"name"`
	// Its language code.
	// Default: one that is spoken in the country of the number, if the template is known
	// in one, or the only one it is known in.
	Language string `json:"language,omitempty"`
	// The position of the template's body parameter that is the text. It must be the only
	// one: 1.
	// Default: the template has no parameters, and the text is not sent.
	TextAsBody int `json:"text_as_body,omitempty"`
}

// resolveFallback is the template of a business.
func (p *Policy) resolveFallback(defaults *Policy) (*gateway.Fallback, error) {
	f := p.FallbackTemplate
	if f == nil {
		f = defaults.FallbackTemplate
	}
	if f == nil {
		return nil, nil
	}
	switch {
	case f.Name == "":
		return nil, errors.New("fallback_template has no name")
	case f.TextAsBody < 0 || f.TextAsBody > 1:
		return nil, fmt.Errorf("fallback_template takes the text as parameter %d of its body; it can only be the first, and the only one", f.TextAsBody)
	case p.FallbackTemplate != nil && p.SessionOnly == "on":
		return nil, errors.New("fallback_template is a template, and session_only refuses all of them: take out one of the two")
	}
	return &gateway.Fallback{Template: policy.TemplateRef{Name: f.Name, Language: f.Language}, Text: f.TextAsBody == 1}, nil
}

// parseFallback reads the template of a business.
func (p *Policy) parseFallback(d *caddyfile.Dispenser) error {
	f := new(FallbackTemplate)
	p.FallbackTemplate = f
	args := d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 || args[0] == "" {
		return d.ArgErr()
	}
	f.Name = args[0]
	if len(args) == 2 {
		f.Language = args[1]
	}
	return parseBlock(d, map[string]parser{"text_as": func(d *caddyfile.Dispenser) error {
		var part, position string
		if !d.AllArgs(&part, &position) {
			return d.ArgErr()
		}
		if part != "body" || position != "1" {
			return d.Errf("text_as is %q; it must be body 1: the text is the template's first body parameter, and its only one", part+" "+position)
		}
		f.TextAsBody = 1
		return nil
	}})
}
