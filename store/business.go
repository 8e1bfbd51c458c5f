package store

import (
	"context"
	"fmt"

	"github.com/waguard/waguard/policy"
)

// What is known about the business's own numbers and templates is read from
// memory where the engine is [Sole], and from its records where it isn't.

// Number is what webhooks told about a business phone number.
func (s *Book) Number(ctx context.Context, phoneNumberID string) (n Number, err error) {
	if s.known == nil {
		if n, ok := s.guesses.fresh(phoneNumberID); ok {
			return n, nil
		}
	}
	err = s.look(ctx, func(r *reading) (err error) {
		n, err = s.numberIn(r, phoneNumberID)
		return err
	})
	if err != nil {
		return n, fmt.Errorf("reading about a business phone number: %w", err)
	}
	return n, nil
}

// TemplateByID is the template with that id at Meta, or ErrNotFound.
func (s *Book) TemplateByID(ctx context.Context, id string) (t Template, err error) {
	known := false
	if s.known != nil {
		t, known = s.known.templateByID(id)
	} else {
		err = s.view(ctx, func(r *reading) error {
			return r.templates(func(found *templateRecord) bool {
				if found.ID.Value == id {
					t, known = Template{WABA: found.WABA, Ref: found.Ref}, true
				}
				return known
			})
		})
	}
	switch {
	case err != nil:
		return t, fmt.Errorf("looking for a template: %w", err)
	case !known:
		return t, ErrNotFound
	}
	return t, nil
}

// TemplatesNamed are the languages in which a template of that name is known.
func (s *Book) TemplatesNamed(ctx context.Context, waba, name string) (refs []policy.TemplateRef, err error) {
	if s.known != nil {
		return s.known.templatesNamed(waba, name), nil
	}
	err = s.view(ctx, func(r *reading) error {
		return r.templates(func(found *templateRecord) bool {
			if found.WABA == waba && found.Ref.Name == name {
				refs = append(refs, found.Ref)
			}
			return false
		})
	})
	if err != nil {
		return nil, fmt.Errorf("looking for templates: %w", err)
	}
	return refs, nil
}

// templates visits all of them, until visit says that it is enough.
func (r *reading) templates(visit func(*templateRecord) (enough bool)) error {
	return r.Scan([]byte{templatePrefix}, func(_, value []byte) (bool, error) {
		var t templateRecord
		if err := decode(value, &t); err != nil {
			return false, err
		}
		t.separate()
		return visit(&t), nil
	})
}

// numberShown is the id of the business phone number that people see as these
// digits; "" where no webhook told.
func (r *reading) numberShown(display string) (id string, err error) {
	if k := r.s.known; k != nil {
		return k.numberShown(display), nil
	}
	err = r.Scan([]byte{numberPrefix}, func(_, value []byte) (bool, error) {
		var n numberRecord
		if err := decode(value, &n); err != nil {
			return false, err
		}
		if n.Display.Value == display && (id == "" || n.PhoneNumberID < id) {
			id = n.PhoneNumberID
		}
		return false, nil
	})
	return id, err
}

// numberIn is what webhooks told about a number. It is read from r, which is nil where the
// engine is sole.
func (s *Book) numberIn(r *reading, phoneNumberID string) (Number, error) {
	if s.known != nil {
		return s.known.number(phoneNumberID), nil
	}
	return r.number(phoneNumberID)
}

// templateFacts are what is known about a template of a WABA; where that isn't
// named, of the one the phone number is known to belong to.
func (s *Book) templateFacts(r *reading, waba, phoneNumberID string, ref policy.TemplateRef) (f policy.TemplateFacts, err error) {
	if ref == (policy.TemplateRef{}) {
		return f, nil
	}
	if waba == "" {
		n, err := s.numberIn(r, phoneNumberID)
		if err != nil {
			return f, err
		}
		if waba = n.WABA; waba == "" {
			return policy.TemplateFacts{NoAccount: true}, nil
		}
	}
	name := templateName{waba, ref}
	if r != nil && r.at != 0 {
		f, f.ListedAt, err = r.templateAt(name)
		f.Listed = f.ListedAt != 0
		return f, err
	}
	if s.known != nil {
		f, f.ListedAt = s.known.template(name)
	} else if f, f.ListedAt, err = r.template(name); err != nil {
		return f, err
	}
	f.Listed = f.ListedAt != 0
	return f, nil
}

// template is what is known about a template, and since when all of its account
// are.
func (r *reading) template(name templateName) (f policy.TemplateFacts, listed policy.Moment, err error) {
	t := templateRecord{templateName: name}
	keys := [][]byte{t.key(), listingKey(name.WABA)}
	if err := r.fetchMissing(keys...); err != nil {
		return f, 0, err
	}
	listing, err := readRecord[listingRecord](r, keys[1])
	if err != nil {
		return f, 0, err
	}
	value, err := r.get(keys[0])
	if err != nil || value == nil {
		return f, listing.listedAt(), err
	}
	if err := decode(value, &t); err != nil {
		return f, 0, err
	}
	t.separate()
	return t.facts(), listing.listedAt(), nil
}
