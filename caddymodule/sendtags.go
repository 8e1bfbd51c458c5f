package caddymodule

import (
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
)

// Tag is one that senders may give their messages, in the header field X-Waguard-Tag, so
// that reports can tell who pays.
type Tag struct {
	// The name, such as `team`: lower-case letters, digits and underscores.
	Name string `json:"name"`

	// The values it may have; others count as `other`.
	// Default: any, up to 1,000 of them.
	Values []string `json:"values,omitempty"`
}

// declaredTags are the tags by name.
func declaredTags(list []*Tag) (map[string]*gateway.Tag, error) {
	declared := make(map[string]*gateway.Tag)
	for _, t := range list {
		if err := gateway.CheckTagName(t.Name); err != nil {
			return nil, fmt.Errorf("tag: %w", err)
		}
		if billing.IsDimension(t.Name) {
			return nil, fmt.Errorf("tag %s has the name of what reports group by anyway; give it another", t.Name)
		}
		if declared[t.Name] != nil {
			return nil, fmt.Errorf("tag %s is declared twice", t.Name)
		}
		for _, value := range t.Values {
			if err := gateway.CheckTagValue(value); err != nil {
				return nil, fmt.Errorf("tag %s: %w", t.Name, err)
			}
		}
		declared[t.Name] = &gateway.Tag{Values: t.Values}
	}
	return declared, nil
}

func (a *App) parseTag(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	a.Tags = append(a.Tags, &Tag{Name: args[0], Values: args[1:]})
	if _, err := declaredTags(a.Tags); err != nil {
		return d.Err(err.Error())
	}
	return nil
}

// tagField is the header field in which senders give their messages tags.
const tagField = namespace + "Tag"

// tagsGiven are the tags in a header, as far as they are declared.
func (g *Guard) tagsGiven(h http.Header) billing.Tags {
	fields := h[tagField]
	if len(fields) == 0 {
		return ""
	}
	tags, ignored := g.app.gateway.Tagging.Read(fields)
	if len(ignored) > 0 {
		g.often(zapcore.WarnLevel, "tags of a send are not kept as they came: declare them with `tag <name> [<value>...]`", zap.Strings("tags", ignored))
	}
	return tags
}
