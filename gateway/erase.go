package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// ErasureRequest asks for the erasure of a person's data, with every business of the
// gateway.
type ErasureRequest struct {
	// Contact is a phone number with plus and country code, or a user id.
	Contact string
	// Reason is why; it must not name the person.
	Reason string
	// Actor is who asks for it, and how that is known.
	Actor string
	// DryRun only says what would go.
	DryRun bool
	// Now: what is erased is taken out of the files before the answer.
	Now bool
}

// Erased is what became of it.
type Erased struct {
	*store.ErasedData
	DryRun bool
	// Kept are what is kept, and why.
	Kept []Kept
	// Gone: the bytes have left the files.
	Gone bool
	// Left is why they haven't, where that was to be done now; "" where nothing went wrong.
	Left string
}

// Kept is something that an erasure leaves.
type Kept struct {
	What, Why string
	// Count is how many there are; zero where that is beside the point.
	Count int
}

const mostReason = 500

// Erase erases what is known of a person, and keeps them opted out.
func (g *Gateway) Erase(ctx context.Context, r *ErasureRequest) (*Erased, error) {
	who, err := readContact(r.Contact)
	if err != nil {
		return nil, misasked(err)
	}
	if len(r.Reason) > mostReason {
		return nil, misasked(fmt.Errorf("reason is longer than %d characters", mostReason))
	}
	if r.Now && r.DryRun {
		return nil, misasked(errors.New("a dry run erases nothing that could be taken out of the files now"))
	}
	st, err := g.erases()
	if err != nil {
		return nil, err
	}
	erased, err := st.Erase(ctx, &store.ErasureRequest{Who: []policy.Identity{who}, Actor: r.Actor, Reason: r.Reason, DryRun: r.DryRun, Tell: g.tellsOf(EventPersonErased)})
	if err != nil {
		return nil, unrecorded(err)
	}
	answer := &Erased{ErasedData: erased, DryRun: r.DryRun, Kept: kept(st, &erased.Counts)}
	if g.tellsOf(EventPersonErased) {
		answer.Kept = append(answer.Kept, Kept{What: "pseudonyms_to_tell", Why: "endpoints that events named the person to are told under which pseudonyms to erase them; they are kept for that for a week at most"})
	}
	if !r.Now {
		return answer, nil
	}
	if err := st.Purge(lasting(ctx)); err != nil {
		answer.Left = err.Error()
		return answer, nil
	}
	answer.Gone, answer.GoneBy = true, g.now()
	return answer, nil
}

// tellsOf reports that some endpoint is told of a type of event.
func (g *Gateway) tellsOf(is EventType) bool {
	return slices.ContainsFunc(g.Endpoints, func(t *Teller) bool { return Wants(t.Types, is) })
}

func kept(st any, c *store.ErasureCounts) []Kept {
	backups := "those from before still have the person until waguard backup forget has written them anew, where they lie, or they are deleted; what is restored of them is erased again"
	if _, ok := st.(store.BackerUp); !ok {
		backups = "those of the database, and the archive of its log, still have the person for as long as you keep them; where the database is set back to a time before, erase again whom you have erased since"
	}
	list := []Kept{{What: "tombstone", Why: "a keyed digest of each name and the time of the erasure keep the person opted out, also after an import or a restore"}}
	if c.Entries > 0 {
		list = append(list, Kept{"ledger_entries", "what was sent, when, as what and at what price is needed for the bill; the person's name, the message's and the sender's reference are gone from them", c.Entries})
	}
	if c.Consents > 0 {
		list = append(list, Kept{"log_leaves", "hashes that nobody can open any more, so that the proofs of others still verify", c.Consents})
	}
	return append(
		list,
		Kept{What: "erasure_note", Why: "when it was, who asked for it and what went: it shows that the request was met"},
		Kept{What: "backups", Why: backups},
		Kept{What: "logs", Why: "lines that the gateway has logged have a pseudonym of the person; they age out with the log files"},
	)
}

// Erasures are the notes about erasures, the newest first.
func (g *Gateway) Erasures(ctx context.Context) ([]*store.ErasureNote, error) {
	st, err := g.erases()
	if err != nil {
		return nil, err
	}
	return st.Erasures(ctx)
}

// Tombstones are what is left of everybody who was erased.
func (g *Gateway) Tombstones(ctx context.Context) ([]store.Tombstone, error) {
	st, err := g.erases()
	if err != nil {
		return nil, err
	}
	return st.AllTombstones(ctx)
}

// Purge takes what was erased out of the files now.
func (g *Gateway) Purge(ctx context.Context) error {
	st, err := g.erases()
	if err != nil {
		return err
	}
	return st.Purge(lasting(ctx))
}

// PurgePending is since when something that was erased is still in files; zero for
// nothing.
func (g *Gateway) PurgePending(ctx context.Context) (policy.Moment, error) {
	st, err := g.erases()
	if err != nil {
		return 0, err
	}
	return st.PurgePending(ctx)
}

func (g *Gateway) erases() (store.Erases, error) {
	st, err := g.Open()
	if err != nil {
		return nil, err
	}
	erases, ok := st.(store.Erases)
	if !ok {
		return nil, &Problem{Kind: Misasked, Err: errors.New("this store can't erase anybody; use its own tools")}
	}
	return erases, nil
}

// ofErased is the error of an opt-in that was given before the person was erased: what is
// gone doesn't come back.
func ofErased(ctx context.Context, st store.Store, word *policy.ConsentChanged) error {
	erases, ok := st.(store.Erases)
	if !ok || word.State != policy.OptedIn || word.OfNow() {
		return nil
	}
	erased, err := erases.ErasedAt(ctx, word.Who[0])
	if err != nil || erased.At == 0 || !erased.Before(word.At, word.Source.Observed()) {
		return err
	}
	return misasked(fmt.Errorf("the data of this person was erased at %s, and the opt-in was given before, at %s: it can't be brought back; record what the person has agreed to since", erased.At, word.At))
}
