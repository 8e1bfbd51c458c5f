package caddymodule

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/waguard/waguard/policy"
)

// Entry are texts that tell of one way to a chat.
type Entry struct {
	// How people came who write one of the texts: `link`, `qr`, `website`, `button`,
	// `popup`, `widget`, `email`, `sms`, `print`, `catalog`, `ad`, `direct`, each of which
	// may have a name as in `qr:window`, or `other:<name>`.
	Source string `json:"source"`

	// The texts, each a whole message.
	Texts []string `json:"texts"`
}

func entriesOf(list []*Entry) (policy.Entries, error) {
	all := make(policy.Entries)
	for _, e := range list {
		if len(e.Texts) == 0 {
			return nil, fmt.Errorf("entry %s has no text", e.Source)
		}
		for _, text := range e.Texts {
			if err := all.Add(e.Source, text); err != nil {
				return nil, fmt.Errorf("entry: %w", err)
			}
			if _, _, code := policy.CodeIn(text); code {
				return nil, errors.New("entry: the text ends like a code by which people confirm an opt-in; write another")
			}
		}
	}
	return all, nil
}

func (a *App) parseEntry(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.ArgErr()
	}
	a.Entries = append(a.Entries, &Entry{Source: args[0], Texts: args[1:]})
	if _, err := entriesOf(a.Entries); err != nil {
		return d.Err(err.Error())
	}
	return nil
}
