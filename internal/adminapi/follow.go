package adminapi

import (
	"cmp"
	"context"
	"slices"

	"github.com/waguard/waguard/store"
)

// mostRemembered bounds what a follower remembers: a day of many entries.
const mostRemembered = 1 << 20

// Follower lists entries as they come: each once, and none is left out. Entries
// don't come in the order of their ids, so that every look goes back a little and
// leaves out what was shown.
type Follower struct {
	selection Selection
	ask       func(context.Context, Selection) (*Page, error)
	newest    string // id
	seen      map[store.ID]bool
}

// Follow follows a list of sends.
func (c *Client) Follow(l List, s Selection) *Follower {
	return NewFollower(s, func(ctx context.Context, s Selection) (*Page, error) { return c.Page(ctx, l, s) })
}

// NewFollower follows what ask has of a selection.
func NewFollower(s Selection, ask func(context.Context, Selection) (*Page, error)) *Follower {
	return &Follower{selection: s, ask: ask, seen: make(map[store.ID]bool)}
}

// Begin lists what there is, oldest first: all from the time that was asked for, or
// the latest.
func (f *Follower) Begin(ctx context.Context) ([]*Line, error) {
	// Entries of the last moments that are not among the latest are old ones, and
	// are not to be listed as new ones later.
	latest := f.selection
	latest.Limit = 1
	p, err := f.ask(ctx, latest)
	if err != nil {
		return nil, err
	}
	f.newest = p.Newest
	if f.selection.From != "" {
		return f.fresh(f.all(ctx, f.selection))
	}
	recent, err := f.since(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range recent {
		f.seen[l.ID] = true
	}
	if p, err = f.ask(ctx, f.selection); err != nil {
		return nil, err
	}
	for _, l := range p.Entries {
		delete(f.seen, l.ID)
	}
	return f.fresh(p.Entries, nil)
}

// Next lists what has come since, oldest first.
func (f *Follower) Next(ctx context.Context) ([]*Line, error) { return f.fresh(f.since(ctx)) }

func (f *Follower) since(ctx context.Context) ([]*Line, error) {
	s := f.selection
	s.After = f.newest
	return f.all(ctx, s)
}

// all is every page of a selection.
func (f *Follower) all(ctx context.Context, s Selection) ([]*Line, error) {
	s.Limit = LargestPage
	var all []*Line
	for {
		p, err := f.ask(ctx, s)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Entries...)
		if s.Before == "" {
			f.newest = max(f.newest, p.Newest)
		}
		if s.Before = p.Next; s.Before == "" {
			return all, nil
		}
	}
}

// fresh are those that were not listed yet, oldest first.
func (f *Follower) fresh(lines []*Line, err error) ([]*Line, error) {
	if err != nil {
		return nil, err
	}
	var fresh []*Line
	for _, l := range lines {
		if !f.seen[l.ID] {
			f.seen[l.ID] = true
			fresh = append(fresh, l)
		}
	}
	f.forget()
	slices.SortFunc(fresh, func(a, b *Line) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return fresh, nil
}

// forget drops the oldest half of what was listed, once that is very much.
func (f *Follower) forget() {
	if len(f.seen) < mostRemembered {
		return
	}
	ids := make([]store.ID, 0, len(f.seen))
	for id := range f.seen {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b store.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids[:len(ids)/2] {
		delete(f.seen, id)
	}
}
