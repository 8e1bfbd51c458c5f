package move

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/command"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
	"github.com/waguard/waguard/store/transfer"
)

// waguard runs a command of the program.
func waguard(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := command.Root()
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(args)
	code = command.ExitCode(root.Execute())
	return code, stdout.String(), stderr.String()
}

// copied runs `store copy` and reads what it has done.
func copied(t *testing.T, args ...string) (kinds []transfer.Copied, said string) {
	t.Helper()
	code, out, errs := waguard(t, append([]string{"store", "copy", "--json"}, args...)...)
	if code != 0 {
		t.Fatalf("store copy %s ends with %d: %s", args, code, errs)
	}
	for line := range strings.Lines(out) {
		var k transfer.Copied
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		kinds = append(kinds, k)
	}
	return kinds, errs
}

func written(kinds []transfer.Copied) (n int) {
	for _, k := range kinds {
		n += k.Written + k.Deleted
	}
	return n
}

// A store moves to a database by one command and back by another one, with its key in a
// file. Whoever sees the commands sees no password.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	from, back, keyFile := filepath.Join(dir, "from"), filepath.Join(dir, "back"), filepath.Join(dir, "pseudonym.key")
	ann := policy.Identity{Kind: policy.Phone, Value: "15550100001"}
	at := policy.MomentOf(time.Now().Add(-time.Hour))
	serve := func(s book, err error, serve func(book)) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		serve(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	optOut := func(s book) {
		t.Helper()
		err := s.Apply(t.Context(), []policy.Event{policy.ConsentChanged{
			PhoneNumberID: "106540352242922", Who: []policy.Identity{ann}, At: at, State: policy.OptedOut, Scopes: policy.AllScopes, Source: policy.SourceKeyword,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	marketing := func(s book) policy.ConsentState {
		t.Helper()
		p, err := s.Person(t.Context(), ann, "106540352242922", nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.Consent[policy.Marketing].State
	}
	old, err := badger.Open(from, badger.Options{})
	serve(old, err, func(s book) {
		for i := range 50 {
			e := &store.Entry{
				ID: store.NewID(at), At: at, Send: policy.Send{PhoneNumberID: "106540352242922", Kind: policy.FreeForm},
				Decision: policy.Decision{Verdict: policy.Refuse, Rule: policy.RuleWindowClosed}, Outcome: store.Outcome{State: store.Refused},
			}
			if err := s.Reserve(t.Context(), e).Wait(); err != nil {
				t.Fatal(i, err)
			}
		}
	})

	// The password is another one's; the server trusts whoever comes by its socket.
	const password = "s3cret-in-the-address"
	dsn := string(newDatabase(t)) + fmt.Sprintf(" password='%s'", password)
	if u, err := url.Parse(string(newDatabase(t))); err == nil && u.Scheme != "" {
		u.User = url.UserPassword(u.User.Username(), password)
		dsn = u.String()
	}
	t.Setenv("WAGUARD_TEST_POSTGRES", dsn)
	to := "postgres:{env.WAGUARD_TEST_POSTGRES}"
	first, said := copied(t, "--from", "badger:"+from, "--to", to, "--pseudonym-key", keyFile)
	if strings.Contains(said, password) || !strings.Contains(said, "compared all of it") || !strings.Contains(said, keyFile) {
		t.Errorf("it said %q", said)
	}
	info, err := os.Stat(keyFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file of the key: %v, %v", info, err)
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || store.Installation(key) != old.Installation() {
		t.Fatalf("the file has another key: %v", err)
	}

	// What comes in between is caught up with.
	s, err := badger.Open(from, badger.Options{})
	serve(s, err, optOut)
	second, _ := copied(t, "--from", "badger:"+from, "--to", to, "--pseudonym-key", keyFile)
	if n := written(second); n == 0 || n >= written(first) {
		t.Errorf("an opt-out was caught up with by %d rows, after %d", n, written(first))
	}
	if third, _ := copied(t, "--from", "badger:"+from, "--to", to, "--pseudonym-key", keyFile); written(third) != 0 {
		t.Errorf("nothing had changed, and there was written %+v", third)
	}

	otherKey := filepath.Join(dir, "other.key")
	if err := os.WriteFile(otherKey, []byte(strings.Repeat("00", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func(want string, args ...string) {
		t.Helper()
		code, out, errs := waguard(t, append([]string{"store", "copy"}, args...)...)
		if code != 1 || out != "" || !strings.Contains(errs, want) || strings.Contains(errs, password) {
			t.Errorf("store copy %s ends with %d: %s%s", args, code, out, errs)
		}
	}
	refused("another installation", "--from", "badger:"+from, "--to", to, "--pseudonym-key", otherKey)
	refused("not the one that this database was made with", "--from", to, "--to", "badger:"+back, "--pseudonym-key", otherKey)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 5 {
		t.Errorf("left behind: %v, %v", entries, err)
	}

	// A gateway with another key is told so, and one with the right key knows everything.
	if _, err := postgres.Open(t.Context(), dsn, postgres.Options{Key: make([]byte, 32)}); err == nil || !strings.Contains(err.Error(), "pseudonym_key") {
		t.Errorf("opened with another key: %v", err)
	}
	now, err := postgres.Open(t.Context(), dsn, postgres.Options{Key: key, Timeout: patience})
	serve(now, err, func(s book) {
		if state := marketing(s); state != policy.OptedOut {
			t.Errorf("in the database the person is %s", state)
		}
	})
	refused("a gateway has used the database already", "--from", "badger:"+from, "--to", to, "--pseudonym-key", keyFile)

	now, err = postgres.Open(t.Context(), dsn, postgres.Options{Key: key, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if _, said := copied(t, "--from", to, "--to", "badger:"+back, "--pseudonym-key", keyFile); !strings.Contains(said, "other connection") {
		t.Errorf("of a gateway that is still at work it said %q", said)
	}
	if err := now.Close(); err != nil {
		t.Fatal(err)
	}
	home, said := copied(t, "--from", to, "--to", "badger:"+back, "--pseudonym-key", keyFile)
	if strings.Contains(said, "other connection") {
		t.Errorf("nobody else is there, and it said %q", said)
	}
	if len(home) < len(second) {
		t.Errorf("back came %+v", home)
	}
	for _, k := range second {
		for _, h := range home {
			if h.Kind == k.Kind && h.Kind != "records of the log of consent" && h.Digest != k.Digest {
				t.Errorf("back came other %s", k.Kind)
			}
		}
	}
	again, err := badger.Open(back, badger.Options{})
	serve(again, err, func(s book) {
		if state := marketing(s); state != policy.OptedOut {
			t.Errorf("in the directory the person is %s", state)
		}
	})
	refused("not empty", "--from", to, "--to", "badger:"+back, "--pseudonym-key", keyFile)
}

// A database that is half copied serves nobody, and says what to do.
func TestHalfCopied(t *testing.T) {
	dir := t.TempDir()
	from := directory(filepath.Join(dir, "from"))
	s, err := from.open(t, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	key, to := keyIn(t, from), newDatabase(t)
	c, err := to.into(t, key)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Begin(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := to.open(t, key, time.Now); err == nil || !strings.Contains(err.Error(), "half copied") {
		t.Errorf("opened half a copy: %v", err)
	}
	if err := to.from(t, key, func(transfer.Source) error { return nil }); err == nil || !strings.Contains(err.Error(), "half copied") {
		t.Errorf("copied half a copy: %v", err)
	}
	other := make([]byte, 32)
	if c, err := to.into(t, other); err != nil {
		t.Error(err)
	} else {
		if err := c.Begin(t.Context(), other); err == nil || !strings.Contains(err.Error(), "another installation") {
			t.Errorf("another installation: %v", err)
		}
		c.Close()
	}
	// Of two copies at once the second goes on, and the first finds out.
	if _, err := move(t.Context(), t, key, from, to); err != nil {
		t.Fatal(err)
	}
	err = c.Write(t.Context(), transfer.Span{}, true, []*transfer.Row{{Key: []byte("c1"), Value: []byte{1}}}, nil)
	if err == nil || !strings.Contains(err.Error(), "begun meanwhile") {
		t.Errorf("the first copy writes on: %v", err)
	}
	if err := c.Finish(t.Context(), store.Description{}); err == nil || !strings.Contains(err.Error(), "begun meanwhile") {
		t.Errorf("the first copy ends: %v", err)
	}

	// A database that a gateway has used is none to copy into, though there is nothing in it.
	used := newDatabase(t)
	b, err := used.open(t, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := move(t.Context(), t, key, from, used); err == nil || !strings.Contains(err.Error(), "a gateway has used") {
		t.Errorf("copied into a database in use: %v", err)
	}
}
