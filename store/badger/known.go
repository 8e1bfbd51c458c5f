package badger

import (
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// knowledge is what is known about the business's own templates and numbers:
// some thousand small records, all of them in memory.
type knowledge struct {
	// mu guards the maps. They are filled at open, then changed by the writer
	// alone, after a commit and before it is acknowledged.
	mu        sync.RWMutex
	templates map[templateName]policy.TemplateFacts
	ids       map[string]templateName  // by the template's id
	listed    map[string]policy.Moment // by WABA
	numbers   map[string]store.Number
	// shown are the people whom digits without a plus sign were shown to mean, by
	// the pseudonym of the digits. Only those are remembered that once were read
	// otherwise.
	shown map[policy.Alias]policy.Alias
}

func newKnowledge() *knowledge {
	return &knowledge{
		templates: make(map[templateName]policy.TemplateFacts), ids: make(map[string]templateName),
		listed: make(map[string]policy.Moment), numbers: make(map[string]store.Number),
		shown: make(map[policy.Alias]policy.Alias),
	}
}

// load reads everything known.
func (k *knowledge) load(txn *badger.Txn) error {
	for _, prefix := range []byte{templatePrefix, listingPrefix, numberPrefix, shownPrefix} {
		err := scanPrefix(txn, []byte{prefix}, func(key, value []byte) error { return k.learn(string(key), value) })
		if err != nil {
			return err
		}
	}
	return nil
}

// learn takes over a record that was read or committed.
func (k *knowledge) learn(key string, value []byte) error {
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
		k.numbers[r.PhoneNumberID] = r.number()
	case shownPrefix:
		var r shownRecord
		if err := decode(value, &r); err != nil {
			return err
		}
		k.shown[r.Digits] = r.Who
	}
	return nil
}

func (k *knowledge) number(phoneNumberID string) store.Number {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.numbers[phoneNumberID]
}

// tooMany reports that an account is one more than can be known.
func (k *knowledge) tooMany(waba string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, known := k.listed[waba]
	return !known && len(k.listed) >= mostAccounts
}

// numberShown is the id of the business phone number that people see as these
// digits; "" where no webhook told.
func (k *knowledge) numberShown(display string) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	id := ""
	for candidate, n := range k.numbers {
		if n.Display == display && (id == "" || candidate < id) {
			id = candidate
		}
	}
	return id
}

// template is what is known about a template of a WABA; where that isn't named,
// of the one the phone number is known to belong to.
func (k *knowledge) template(waba, phoneNumberID string, ref policy.TemplateRef) policy.TemplateFacts {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if waba == "" {
		waba = k.numbers[phoneNumberID].WABA
	}
	switch {
	case ref == (policy.TemplateRef{}):
		return policy.TemplateFacts{}
	case waba == "":
		return policy.TemplateFacts{NoAccount: true}
	}
	f := k.templates[templateName{waba, ref}]
	f.ListedAt = k.listed[waba]
	f.Listed = f.ListedAt != 0
	return f
}

func (k *knowledge) templateByID(id string) (store.Template, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	name, ok := k.ids[id]
	return store.Template{WABA: name.WABA, Ref: name.Ref}, ok
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

// TemplateByID is the template with that id at Meta.
func (s *Store) TemplateByID(id string) (store.Template, bool) { return s.known.templateByID(id) }

// TemplatesNamed are the languages in which a template of that name is known.
func (s *Store) TemplatesNamed(waba, name string) []policy.TemplateRef {
	return s.known.templatesNamed(waba, name)
}
