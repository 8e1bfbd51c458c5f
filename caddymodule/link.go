package caddymodule

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/qr"
	"github.com/waguard/waguard/policy"
)

// linkOf makes a link to a chat.
func linkOf(ctx context.Context, g *gateway.Gateway, r *adminapi.LinkRequest) (*adminapi.Link, error) {
	made, err := g.Link(ctx, gateway.LinkRequest(*r))
	if err != nil {
		return nil, err
	}
	l := &adminapi.Link{Link: made.URL, Text: made.Text, Source: made.Source}
	switch {
	case made.Source == "":
		l.Source = made.Known
		l.Recognised = made.Known != ""
	case made.Source == made.Known, made.Source == policy.EntryDirect && made.Known == "":
		l.Recognised = true
	default:
		l.Configure = "entry " + caddyToken(made.Source) + " " + caddyToken(made.Text)
	}
	l.QR, err = qr.Of(made.URL)
	return l, err
}

// caddyToken is a word as a Caddyfile has it.
func caddyToken(s string) string {
	switch {
	case !strings.ContainsAny(s, " \t\r\n\"`{}#\\"):
		return s
	case !strings.Contains(s, "`"):
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// apiLink makes a link to a chat.
func apiLink(ctx context.Context, c *apiCall) (int, any, error) {
	var request adminapi.LinkRequest
	if err := c.read(&request); err != nil {
		return 0, nil, err
	}
	if err := c.about(ctx, &request.PhoneNumberID); err != nil {
		return 0, nil, err
	}
	link, err := linkOf(ctx, c.app.gateway, &request)
	return http.StatusOK, link, err
}
