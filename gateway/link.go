package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/waguard/waguard/policy"
)

// LinkRequest asks for a link to a chat with a business.
type LinkRequest struct {
	PhoneNumberID string
	// Text is the message the link has ready.
	Text string
	// Source is how those come who use it, such as qr:window; "" for what the text tells
	// by the configuration.
	Source string
}

// Link is such a link.
type Link struct {
	URL, Text string
	// Source is what the request asked for, Known what the text tells by the
	// configuration; "" for nothing.
	Source, Known string
}

// longestLinkText is more than fits into a QR code, in bytes.
const longestLinkText = 700

// Link makes a link that opens a chat with a business, with a message ready by which it is
// known how its sender came.
func (g *Gateway) Link(ctx context.Context, r LinkRequest) (*Link, error) {
	id, err := g.NumberNamed(ctx, r.PhoneNumberID)
	if err != nil {
		return nil, err
	}
	l := &Link{Text: strings.TrimSpace(r.Text), Known: g.Entries.Of(r.Text)}
	if r.Source != "" {
		if l.Source, err = policy.ParseEntry(r.Source); err != nil {
			return nil, misasked(fmt.Errorf("source: %w", err))
		}
	}
	switch {
	case policy.FoldText(l.Text) == "":
		return nil, misasked(errors.New("text is missing: the message that the link has ready, such as \"Hello from the shop window\""))
	case len(l.Text) > longestLinkText:
		return nil, misasked(fmt.Errorf("text has %d bytes; it may have %d", len(l.Text), longestLinkText))
	}
	number, err := g.ownNumber(ctx, id)
	if err != nil {
		return nil, err
	}
	l.URL = ChatLink(number, l.Text)
	return l, nil
}

// ownNumber is the business's phone number in digits, as the configuration or a webhook
// has it.
func (g *Gateway) ownNumber(ctx context.Context, phoneNumberID string) (string, error) {
	if b, ok := g.Businesses.Of(phoneNumberID); ok && b.Number != "" {
		return b.Number, nil
	}
	st, err := g.Open()
	if err != nil {
		return "", err
	}
	told, err := st.Number(ctx, phoneNumberID)
	if err == nil && told.Display == "" {
		err = misasked(errors.New("the phone number of that business is not known: add `number` to its business block, or wait for its first webhook"))
	}
	return told.Display, err
}

// ChatLink is a link that opens a chat with the business of that number, in digits, with a
// message ready.
func ChatLink(digits, text string) string {
	return "https://wa.me/" + digits + "?text=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
