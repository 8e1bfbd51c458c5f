package store

import (
	"bytes"
	"sync"

	"go.uber.org/zap"

	"github.com/waguard/waguard/policy"
)

// knowledge is what is known about the business's own templates and numbers:
// some thousand small records, all of them in memory, where the engine is [Sole].
type knowledge struct {
	// mu guards the maps. They are filled at open, then changed after each commit
	// and before it is acknowledged.
	mu        sync.RWMutex
	templates map[templateName]policy.TemplateFacts
	ids       map[string]templateName  // by the template's id
	listed    map[string]policy.Moment // by WABA
	numbers   map[string]numberRecord
	limits    map[limitSubject]limitRecord
	meters    map[meterSubject]meterRecord
	// shown are the people whom digits without a plus sign were shown to mean, by
	// the pseudonym of the digits. Only those are remembered that once were read
	// otherwise.
	shown map[policy.Alias]policy.Alias
}

func newKnowledge() *knowledge {
	return &knowledge{
		templates: make(map[templateName]policy.TemplateFacts), ids: make(map[string]templateName),
		listed: make(map[string]policy.Moment), numbers: make(map[string]numberRecord), limits: make(map[limitSubject]limitRecord),
		meters: make(map[meterSubject]meterRecord),
		shown:  make(map[policy.Alias]policy.Alias),
	}
}

// load reads everything known.
func (k *knowledge) load(r *reading) error {
	for _, prefix := range []byte{templatePrefix, listingPrefix, numberPrefix, shownPrefix, limitPrefix, meterPrefix} {
		err := r.Scan([]byte{prefix}, func(key, value []byte) (bool, error) { return false, k.learn(key, value) })
		if err != nil {
			return err
		}
	}
	return nil
}

// learn takes over a record that was read or committed.
func (k *knowledge) learn(key, value []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch key[0] {
	case templatePrefix:
		var r templateRecord
		if err := decode(value, &r); err != nil {
			return err
		}
		r.separate()
		k.templates[r.templateName] = r.facts()
		if r.ID.Value != "" {
			k.ids[r.ID.Value] = r.templateName
		}
	case listingPrefix:
		var r listingRecord
		if err := decode(value, &r); err != nil {
			return err
		}
		k.listed[r.WABA] = r.listedAt()
	case numberPrefix:
		var r numberRecord
		if err := decode(value, &r); err != nil {
			return err
		}
		k.numbers[r.PhoneNumberID] = r
	case limitPrefix:
		var r limitRecord
		if err := decode(value, &r); err != nil {
			return err
		}
		k.limits[r.limitSubject] = r
	case meterPrefix:
		r, err := decodeMeter(value)
		if err != nil {
			return err
		}
		k.meters[r.subject()] = r
	case shownPrefix:
		var r shownRecord
		if err := decode(value, &r); err != nil {
			return err
		}
		k.shown[r.Digits] = r.Who
	}
	return nil
}

func (k *knowledge) number(phoneNumberID string) Number {
	k.mu.RLock()
	defer k.mu.RUnlock()
	r := k.numbers[phoneNumberID]
	return r.number()
}

// limit is what Meta said of a subject.
func (k *knowledge) limit(s limitSubject) limitRecord {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.limits[s]
}

// saw reports that everything an event tells of a number is known: nearly every
// webhook tells the same.
func (k *knowledge) saw(e policy.NumberSeen) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	known, ok := k.numbers[e.PhoneNumberID]
	after := known
	after.see(e)
	return ok && after == known
}

// tooMany reports that an account is one more than can be known.
func (k *knowledge) tooMany(waba string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, known := k.listed[waba]
	return !known && len(k.listed) >= mostAccounts
}

// forgetShown forgets whom digits were shown to mean.
func (k *knowledge) forgetShown(digits policy.Alias) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.shown, digits)
}

// shownWho is whom digits without a plus sign were shown to mean.
func (k *knowledge) shownWho(digits policy.Alias) (who policy.Alias, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	who, ok = k.shown[digits]
	return who, ok
}

func (k *knowledge) template(name templateName) (policy.TemplateFacts, policy.Moment) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.templates[name], k.listed[name.WABA]
}

func (k *knowledge) templateByID(id string) (Template, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	name, ok := k.ids[id]
	return Template(name), ok
}

func (k *knowledge) templatesNamed(waba, name string) []policy.TemplateRef {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var refs []policy.TemplateRef
	for t := range k.templates {
		if t.WABA == waba && t.Ref.Name == name {
			refs = append(refs, t.Ref)
		}
	}
	return refs
}

// numberShown is the id of the business phone number that people see as these
// digits; "" where no webhook told.
func (k *knowledge) numberShown(display string) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	id := ""
	for candidate, n := range k.numbers {
		if n.Display.Value == display && (id == "" || candidate < id) {
			id = candidate
		}
	}
	return id
}

// update reads a record of what is known into r, which holds what a new one starts
// with, changes it, and writes it back if that made a difference.
func update[R any](t *tx, key []byte, r *R, change func()) error {
	before, err := t.get(key)
	if err != nil {
		return err
	}
	if before != nil {
		if err := decode(before, r); err != nil {
			return err
		}
	}
	change()
	after, err := encode(r)
	if err != nil || bytes.Equal(before, after) {
		return err
	}
	if k := t.s.known; k != nil {
		t.Committed(func() {
			if err := k.learn(key, after); err != nil { // it is our own, of a moment ago
				t.s.log.Error("a record that was just written can't be read; this is a bug in waguard", zap.Error(err))
			}
		})
	}
	return t.Put(key, after, 0)
}
