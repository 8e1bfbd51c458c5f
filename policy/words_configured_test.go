package policy

import (
	"strings"
	"testing"
)

// The operator takes from the lists as well as they add to them.
func TestWordsTaken(t *testing.T) {
	w := NewWords()
	for _, text := range []string{"End", "no more", "退订"} {
		if err := w.Ignore(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"cancel", "fed up", "Salir"} {
		if err := w.Suspect(text); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"end": "nothing", "END please": "nothing", "end end": "nothing", "no more": "nothing", "退订": "nothing", "退订在哪里": "nothing",
		"cancel": "suspected", "Cancel, please": "suspected", "cancel my order": "nothing", "salir": "suspected",
		"fed up!": "suspected", "I am really fed up with all of this and want my money": "suspected",
		"stop": "out all", "quit": "out all", "enough": "suspected", "cancelar": "out marketing",
	} {
		if got := w.Message(text).says(); got != want {
			t.Errorf("%q means %s, want %s", text, got, want)
		}
	}
	if got := w.QuickReply("退订").says(); got != "nothing" {
		t.Errorf("a quick reply that is ignored means %s", got)
	}
	// Another list is as it was.
	if got := NewWords().Message("end").says() + NewWords().Message("cancel").says() + NewWords().Message("退订").says(); got != "out allout marketingout all" {
		t.Errorf("the built-in lists changed: %s", got)
	}
}

func TestWordsTakenErrors(t *testing.T) {
	for name, c := range map[string]struct {
		take func(*Words) error
		want string
	}{
		"stop":          {func(w *Words) error { return w.Ignore("Stop!") }, "opts out everywhere"},
		"unsubscribe":   {func(w *Words) error { return w.Suspect("unsubscribe") }, "opts out everywhere"},
		"nothing":       {func(w *Words) error { return w.Ignore("🛑") }, "no letters or digits"},
		"long":          {func(w *Words) error { return w.Suspect(strings.Repeat("x", 300)) }, "too long"},
		"both":          {func(w *Words) error { _ = w.Ignore("end"); return w.Suspect("END") }, "to be suspected and to be ignored"},
		"named-before":  {func(w *Words) error { _ = w.Add("GENUG", OptedOut, AllScopes); return w.Ignore("genug") }, "named to mean something"},
		"named-after":   {func(w *Words) error { _ = w.Ignore("genug"); return w.Add("GENUG", OptedOut, AllScopes) }, "named to mean something"},
		"named-opt-in":  {func(w *Words) error { _ = w.Suspect("los"); return w.Add("los", OptedIn, AllScopes) }, "named to mean something"},
		"opt-out-ended": {func(w *Words) error { _ = w.Ignore("cancel"); return w.Add("cancel", OptedIn, AllScopes) }, "named to mean something"},
	} {
		if err := c.take(NewWords()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
}
