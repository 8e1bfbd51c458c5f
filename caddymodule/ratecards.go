package caddymodule

import (
	"context"
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
)

// cards are the rate cards that come with waguard, and those of the configuration.
func (a *App) cards() (*billing.Cards, error) {
	var files []*billing.CardFile
	for _, name := range a.RateCards {
		path, err := atStart(name, "the path")
		if err != nil {
			return nil, fmt.Errorf("rate_card: %w", err)
		}
		data, err := os.ReadFile(path) // #nosec G304 -- whoever configures the gateway names it
		if err != nil {
			return nil, fmt.Errorf("rate_card: %w", err)
		}
		f, err := billing.ReadCardFile(data)
		if err != nil {
			return nil, fmt.Errorf("rate_card %s: %w", path, err)
		}
		if f.Card.Source == "" {
			f.Card.Source = path
		}
		for _, note := range f.Notes {
			a.logger.Warn("a rate card is read, and something in it may not be meant so", zap.String("file", path), zap.String("what", note))
		}
		files = append(files, f)
	}
	cards, err := billing.Shipped().With(files...)
	if err != nil {
		return nil, fmt.Errorf("rate_card: %w", err)
	}
	return cards, nil
}

// parseRateCard reads the names of files: rate_card <file>...
func (a *App) parseRateCard(d *caddyfile.Dispenser) error {
	files := d.RemainingArgs()
	if len(files) == 0 {
		return d.ArgErr()
	}
	a.RateCards = append(a.RateCards, files...)
	return nil
}

// ratesOf answers which rate cards there are.
func ratesOf(_ context.Context, g *gateway.Gateway, _ *struct{}) (*adminapi.Rates, error) {
	return &adminapi.Rates{Cards: append([]*billing.Card{}, g.Cards.All()...)}, nil
}
