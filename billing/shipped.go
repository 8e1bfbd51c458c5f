package billing

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"strings"
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

// shippedCard reads one of the cards: cards/usd-2026-10-01.csv.
func shippedCard(name string) (*Card, error) {
	file, err := shippedFiles.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.FieldsPerRecord = -1
	all, err := rows.ReadAll()
	if err != nil {
		return nil, err
	}
	currency, from, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "cards/"), ".csv"), "-")
	c := &Card{Currency: Currency(strings.ToUpper(currency)), From: from, Rates: make(map[Market]map[Category]Amount)}
	c.Source, c.Unofficial = shippedSources[c.ID()].source, shippedSources[c.ID()].unofficial
	for _, row := range all[2:] { // below the notice and the titles
		rates := make(map[Category]Amount)
		for i, category := range Columns {
			if row[2+i] == "n/a" {
				continue
			}
			if rates[category], err = ParseAmount(row[2+i]); err != nil {
				return nil, err
			}
		}
		c.Rates[Market(row[0])] = rates
	}
	return c, nil
}
