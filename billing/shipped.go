package billing

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// Cards that come with waguard, so that there are prices without a file: estimates, until
// the operator gives the cards that Meta sends. Each is laid out as Meta's file is.
//
//go:embed cards/*.csv
var shippedFiles embed.FS

// shippedSources say where the cards are from, and whether from Meta's own file.
var shippedSources = map[string]struct {
	source     string
	unofficial bool
}{
	"USD 2026-10-01": {"a public copy of Meta's card, downloaded on 2026-10-09; it left out authentication-international", true},
	"USD 2026-04-01": {"Meta's rates file of April 2026", false},
	"EUR 2026-07-01": {"a public copy of Meta's card", true},
}

// Shipped are the cards that come with waguard.
var Shipped = sync.OnceValue(func() *Cards {
	files, err := fs.Glob(shippedFiles, "cards/*.csv")
	if err != nil {
		panic(err)
	}
	var cards []*Card
	for _, name := range files {
		c, err := shippedCard(name)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		cards = append(cards, c)
	}
	return NewCards(cards...)
})

// shippedCard reads one of the cards.
func shippedCard(name string) (*Card, error) {
	data, err := shippedFiles.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := ReadCardFile(data)
	if err != nil {
		return nil, err
	}
	if len(f.Notes) > 0 {
		return nil, errors.New(f.Notes[0])
	}
	from := shippedSources[f.Card.ID()]
	f.Card.Source, f.Card.Unofficial = from.source, from.unofficial
	return f.Card, nil
}
