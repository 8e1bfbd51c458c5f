package billing

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// Cards that come with waguard, so that there are prices without a file: estimates, until
// the operator gives the cards that Meta sends. Each is laid out as Meta's file is, and so are
// the volume tiers that belong to one. Those are copied and not reckoned from the discounts:
// Meta rounds what it shows of a price, and takes the discount off the price that it doesn't
// show.
//
//go:embed cards/*.csv
var shippedFiles embed.FS

// shippedSources say where the cards are from.
var shippedSources = map[string]string{
	"USD 2026-10-01": "a public copy of Meta's card, downloaded on 2026-10-09; it left out authentication-international",
	"USD 2026-04-01": "a public copy of Meta's rates and volume tiers of April 2026",
	"EUR 2026-07-01": "a public copy of Meta's card",
}

// Shipped are the cards that come with waguard.
var Shipped = sync.OnceValue(func() *Cards {
	cards, err := shipped()
	if err != nil {
		panic(err)
	}
	return cards
})

func shipped() (*Cards, error) {
	names, err := fs.Glob(shippedFiles, "cards/*.csv")
	if err != nil {
		return nil, err
	}
	var files []*CardFile
	for _, name := range names {
		data, err := shippedFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := ReadCardFile(data)
		if err == nil && len(f.Notes) > 0 {
			err = errors.New(f.Notes[0])
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f.Card.Source, f.Card.Unofficial = shippedSources[f.Card.ID()], true
		files = append(files, f)
	}
	return (*Cards)(nil).With(files...)
}
