package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/waguard/waguard/policy"
)

// Catalogue is what is known about the templates of accounts.
type Catalogue struct {
	// Accounts are those of which templates were listed or told of, by WABA.
	Accounts []KnownAccount
	// Templates are in the order of WABA, name and language.
	Templates []KnownTemplate
	// More is how many were left out.
	More int
}

// KnownAccount says how well the templates of a WABA are known.
type KnownAccount struct {
	WABA string
	// ListedAt is when the whole list was read that still counts; zero where none
	// does.
	ListedAt policy.Moment
	// Unsure is when something was last seen that may have made templates that the
	// list didn't have.
	Unsure policy.Moment
}

// KnownTemplate is what is known about a template, and how.
type KnownTemplate struct {
	Template
	// ID is the template's at Meta; "" where nobody told.
	ID       string
	Status   Word
	Category Word
	// Next is the category Meta announced to apply from NextFrom on.
	Next     policy.Category
	NextFrom policy.Moment
	// Recategorised is the category that was told before Meta billed under another
	// one; "" where it did not.
	Recategorised policy.Category
	// Previous is the category before the one it has, ChangedAt from when on it had
	// another, at the earliest, and ChangedFrom how that is known; "" where it never had
	// another.
	Previous    policy.Category
	ChangedAt   policy.Moment
	ChangedFrom WordSource
	// AcceptedAt is when AcceptedBy accepted the category Accepted; zero where nobody did.
	AcceptedAt policy.Moment
	Accepted   policy.Category
	AcceptedBy string
	// Facts are what a decision sees of it.
	Facts policy.TemplateFacts
}

// Word is what somebody said, when, and how it is known.
type Word struct {
	Value string
	At    policy.Moment
	From  WordSource
}

// WordSource is how something about a template is known.
type WordSource string

// The sources of words.
const (
	FromWebhook WordSource = "webhook"
	FromAnswer  WordSource = "answer" // of Meta's API, to a request through the gateway
	FromBilling WordSource = "billing"
)

// newestWord is the one of a webhook's and an answer's word that counts.
func newestWord(told, read latest) Word {
	switch {
	case told.outlives(read):
		return Word{told.Value, told.At, FromWebhook}
	case read.Value != "":
		return Word{read.Value, read.At, FromAnswer}
	}
	return Word{}
}

// known is the record as people read it.
func (r *templateRecord) known() KnownTemplate {
	k := KnownTemplate{Template: Template(r.templateName), ID: r.ID.Value, Status: newestWord(r.Status, r.ReadStatus), Category: newestWord(r.Category, r.ReadCategory)}
	f := r.facts()
	k.Next, k.NextFrom, k.Facts = f.Next, f.NextFrom, f
	if f.Category != "" && string(f.Category) != k.Category.Value {
		k.Recategorised = policy.Category(k.Category.Value)
		k.Category = Word{string(f.Category), r.Billed.Told, FromBilling}
	}
	c := r.change(f.Category)
	k.Previous, k.ChangedAt, k.ChangedFrom = c.from, c.since, c.how
	if c.from == "" {
		k.ChangedAt, k.ChangedFrom = 0, ""
	}
	k.AcceptedAt, k.Accepted, k.AcceptedBy = r.Accepted.At, r.Accepted.Category, r.Accepted.By
	return k
}

// Templates is what is known about the templates of a WABA, or of all.
func (s *Book) Templates(ctx context.Context, waba string, most int) (*Catalogue, error) {
	c := new(Catalogue)
	err := s.view(ctx, func(r *reading) error {
		*c = Catalogue{}
		accounts := make(map[string]KnownAccount)
		err := r.templates(func(t *templateRecord) bool {
			switch {
			case waba != "" && t.WABA != waba:
			case len(c.Templates) >= most:
				c.More++
			default:
				c.Templates = append(c.Templates, t.known())
				accounts[t.WABA] = KnownAccount{WABA: t.WABA}
			}
			return ctx.Err() != nil
		})
		if err != nil {
			return err
		}
		err = r.Scan([]byte{listingPrefix}, func(_, value []byte) (bool, error) {
			var l listingRecord
			if err := decode(value, &l); err != nil {
				return false, err
			}
			if waba == "" || l.WABA == waba {
				accounts[l.WABA] = KnownAccount{WABA: l.WABA, ListedAt: l.listedAt(), Unsure: l.Unsure}
			}
			return false, nil
		})
		for _, a := range accounts {
			c.Accounts = append(c.Accounts, a)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading about templates: %w", err)
	}
	slices.SortFunc(c.Accounts, func(a, b KnownAccount) int { return cmp.Compare(a.WABA, b.WABA) })
	slices.SortFunc(c.Templates, func(a, b KnownTemplate) int {
		return cmp.Or(cmp.Compare(a.WABA, b.WABA), cmp.Compare(a.Ref.Name, b.Ref.Name), cmp.Compare(a.Ref.Language, b.Ref.Language))
	})
	return c, ctx.Err()
}

// Numbers are the business phone numbers that webhooks told of.
func (s *Book) Numbers(ctx context.Context) (numbers map[string]Number, err error) {
	err = s.view(ctx, func(r *reading) (err error) {
		numbers, err = r.numbers()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading about business phone numbers: %w", err)
	}
	return numbers, nil
}

func (r *reading) numbers() (map[string]Number, error) {
	numbers := make(map[string]Number)
	err := r.Scan([]byte{numberPrefix}, func(_, value []byte) (bool, error) {
		var n numberRecord
		if err := decode(value, &n); err != nil {
			return false, err
		}
		numbers[n.PhoneNumberID] = n.number()
		return false, nil
	})
	return numbers, err
}
