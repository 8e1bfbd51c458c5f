package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
)

// TestNear: who has no name is served on this machine alone, by a name that is this
// machine's.
func TestNear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address   string
		forwarded bool
		host      string
		want      bool
	}{
		{"127.0.0.1", false, "localhost:8080", true},
		{"127.0.0.1", false, "127.0.0.1:8080", true},
		{"::1", false, "[::1]:8080", true},
		{"::ffff:127.0.0.1", false, "console.localhost", true},
		{"", false, "localhost", true}, // a Unix socket
		{"127.0.0.1", false, "evil.example", false},
		{"127.0.0.1", false, "localhost.evil.example", false},
		{"127.0.0.1", false, "", false},
		{"127.0.0.1", true, "localhost", false},
		{"10.0.0.7", false, "localhost", false},
		{"203.0.113.5", false, "203.0.113.5", false},
		{"127.0.0.1", false, "10.0.0.7", false},
	} {
		v := &Visitor{Forwarded: c.forwarded}
		if c.address != "" {
			v.Address = netip.MustParseAddr(c.address)
		}
		if v.near(c.host) != c.want {
			t.Errorf("%s at %s, forwarded %t: near is %t", c.address, c.host, c.forwarded, !c.want)
		}
	}
}

// TestVendored: what comes from elsewhere is what the list says, and has its licence beside
// it.
func TestVendored(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("assets/vendor/vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Version, Licence, Origin string
		Files                          map[string]string
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{"vendor.json": true, "fetch": true}
	for _, p := range list {
		for file, want := range p.Files {
			content, err := os.ReadFile("assets/vendor/" + file)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
				t.Errorf("%s is not the file of %s %s", file, p.Name, p.Version)
			}
			licence := filepath.Dir(file) + "/LICENSE"
			if _, err := os.Stat("assets/vendor/" + licence); err != nil {
				t.Error(err)
			}
			listed[file], listed[licence] = true, true
		}
	}
	err = filepath.WalkDir("assets/vendor", func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !listed[strings.TrimPrefix(filepath.ToSlash(path), "assets/vendor/")] {
			t.Errorf("%s is in no list", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		count(0): "0", count(1234567): "1,234,567", count(-1000): "−1,000", count(999): "999",
		money(billing.Amount(841100), "USD"):     "0.8411 USD",
		money(billing.Amount(1234500000), "EUR"): "1,234.50 EUR",
		money(billing.Amount(0), "USD"):          "0.00 USD",
		money(billing.Amount(-500000), "USD"):    "−0.50 USD",
		rate(0, 0):                               "–", rate(0, 5): "0 %", rate(5, 5): "100 %", rate(1, 3): "33.3 %", rate(1, 100000): "<0.1 %", rate(99999, 100000): ">99.9 %",
		away(0): "now", away(time.Minute): "1 min ago", away(-90 * time.Minute): "in 1 h 30 min", away(26 * time.Hour): "1 d 2 h ago", away(40 * 24 * time.Hour): "40 d ago",
		link("violations", "rule", "A&B", "x", ""): "violations?rule=A%26B",
		harmless("=1+1"): "'=1+1", harmless("a"): "a",
		localPath("violations?rule=x"): "violations?rule=x", localPath("https://evil.example"): ".", localPath("//evil.example"): ".", localPath("violationsx"): ".", localPath("erase"): ".",
		sentence("no such thing"): "No such thing.", sentence(""): "", sentence("écrit en français"): "Écrit en français.", sentence("запрещено!"): "Запрещено!", sentence("営業時間外です。"): "営業時間外です。", sentence("\xff"): "\xff.",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if p := spoken("write `allow consent` there"); len(p) != 3 || p[1] != (piece{"allow consent", true}) {
		t.Errorf("%v", p)
	}
}

// TestChart: the columns are as high as their numbers, and stay within the chart, whatever
// those are.
func TestChart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := []series{{"allowed", "a"}, {"refused", "b"}}
		var points []point
		most := 0
		for i := range rapid.IntRange(1, 80).Draw(t, "columns") {
			p := point{"n", "n", []int{rapid.IntRange(0, 1_000_000).Draw(t, "a"), rapid.IntRange(0, 1_000_000).Draw(t, "b")}}
			if i == 0 && rapid.Bool().Draw(t, "none") {
				p.Parts = []int{0, 0}
			}
			most = max(most, p.Parts[0]+p.Parts[1])
			points = append(points, p)
		}
		c := columnChart("Sends", "sends", of, points, 10)
		for _, b := range c.Bars {
			var y, h float64
			if _, err := fmt.Sscan(b.Y, &y); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscan(b.Height, &h); err != nil {
				t.Fatal(err)
			}
			if y < plotTop-.1 || y+h > plotTop+plotHeight+1.1 {
				t.Fatalf("a column stands outside: %+v", b)
			}
		}
		if len(c.Ticks) < 2 || len(c.Ticks) > 7 {
			t.Fatalf("%d lines across for %d", len(c.Ticks), most)
		}
	})
}

// TestLive: whoever watches sees each send they want once and in order, or is told how many
// were left out; and minutes count every send of theirs.
func TestLive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := new(Live)
		start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		now := start
		l.Decided(entry(now, policy.Allow, false)) // nobody watches yet
		all, refused := l.watch(liveFilter{}), l.watch(liveFilter{violations: true})
		sent, bad := uint64(0), uint64(0)
		seen := make(map[*watcher]uint64)
		counts := map[int64]int{now.Unix() / 60: 1}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			for range rapid.SampledFrom([]int{0, 1, 7, watchedSends - 1, watchedSends, watchedSends + 1, 3 * watchedSends}).Draw(t, "sends") {
				v := rapid.SampledFrom([]policy.Verdict{policy.Allow, policy.Refuse}).Draw(t, "verdict")
				l.Decided(entry(now, v, false))
				if sent++; v == policy.Refuse {
					bad++
				}
				counts[now.Unix()/60]++
			}
			for _, w := range []*watcher{all, refused} {
				lines, more := l.take(w)
				if more > 0 && len(lines) != watchedSends {
					t.Fatalf("%d are left out, and %d are there", more, len(lines))
				}
				for i := range lines {
					if i > 0 && lines[i].at < lines[i-1].at || w == refused && !lines[i].violation {
						t.Fatalf("line %d is %+v", i, lines[i])
					}
				}
				seen[w] += uint64(len(lines)) + more
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
		}
		if seen[all] != sent || seen[refused] != bad {
			t.Fatalf("%d of %d, %d of %d", seen[all], sent, seen[refused], bad)
		}
		list, since := l.lately(now, minutesKept)
		for _, m := range list {
			if n := m.count[verdictAllowed] + m.count[verdictRefused]; n != counts[m.at] {
				t.Fatalf("minute %d has %d, not %d", m.at, n, counts[m.at])
			}
		}
		if !since.Equal(start) {
			t.Fatalf("since %s", since)
		}
		l.leave(all)
		l.leave(refused)
		if l.watched.Load() {
			t.Fatal("nobody watches any more")
		}
	})
}

// TestLiveFilter: who watches sees what the list would show by the same filters.
func TestLiveFilter(t *testing.T) {
	t.Parallel()
	d := &decided{rule: "NO_CONSENT", number: "1", business: "Fox Shoes", sender: "crm", message: "template sale", template: "sale", category: "marketing", contact: policy.ContactID{0xab, 0xcd}, violation: true}
	for _, c := range []struct {
		f    liveFilter
		want bool
	}{
		{liveFilter{}, true},
		{liveFilter{violations: true}, true},
		{liveFilter{rule: "NO_CONSENT"}, true},
		{liveFilter{rule: "WINDOW_CLOSED"}, false},
		{liveFilter{number: "1"}, true},
		{liveFilter{number: "Fox Shoes"}, true},
		{liveFilter{number: "2"}, false},
		{liveFilter{sender: "crm"}, true},
		{liveFilter{sender: "shop"}, false},
		{liveFilter{template: "sale"}, true},
		{liveFilter{template: "news"}, false},
		{liveFilter{category: "marketing"}, true},
		{liveFilter{category: "utility"}, false},
		{liveFilter{contact: "abcd0000"}, true},
		{liveFilter{contact: "abce0000"}, false},
		{liveFilter{rule: "NO_CONSENT", sender: "shop"}, false},
	} {
		if c.f.wants(d) != c.want {
			t.Errorf("%+v: %t", c.f, !c.want)
		}
	}
	if allowed := (&decided{}); (&liveFilter{violations: true}).wants(allowed) {
		t.Error("a send that was let through is shown among violations")
	}
}

func entry(at time.Time, v policy.Verdict, monitored bool) *store.Entry {
	return &store.Entry{At: policy.MomentOf(at), Decision: policy.Decision{Verdict: v, Rule: "RULE"}, Monitored: monitored}
}

// TestRecall: a page waits a little for what takes long, is given what was known before in
// the meantime, unless that is old, and nobody asks twice at once.
func TestRecall(t *testing.T) {
	t.Parallel()
	c := &Console{}
	at := func(seconds int64) *asked {
		return &asked{Console: c, Request: httptest.NewRequest("GET", "/", nil), now: time.Unix(seconds, 0), until: time.Now().Add(10 * time.Millisecond)}
	}
	asks, answers := atomic.Int32{}, make(chan int)
	find := func(context.Context) (int, error) {
		asks.Add(1)
		switch n := <-answers; n {
		case -1:
			return 0, errors.New("no")
		case -2:
			panic("a fault")
		default:
			return n, nil
		}
	}
	a := at(1000)
	if _, there, err := recent(t.Context(), a, "k", find); there || err != nil || !a.coming {
		t.Errorf("there %t, %v", there, err)
	}
	if _, there, _ := recent(t.Context(), at(1000), "k", find); there || asks.Load() != 1 {
		t.Errorf("there %t, asked %d times", there, asks.Load())
	}
	answers <- 7
	eventually(t, func() bool {
		n, there, err := recent(t.Context(), at(1000), "k", find)
		return there && n == 7 && err == nil
	})
	later := at(1000 + int64(fresh/time.Second) + 1)
	if n, there, _ := recent(t.Context(), later, "k", find); !there || n != 7 || !later.oldest.Equal(time.Unix(1000, 0)) {
		t.Errorf("what was known is %d of %s, %t", n, later.oldest, there)
	}
	old := at(1000 + int64(stale/time.Second) + 1)
	if _, there, _ := recent(t.Context(), old, "k", find); there || !old.coming {
		t.Error("what is old is shown")
	}
	answers <- -1
	eventually(t, func() bool {
		_, _, err := recent(t.Context(), later, "k", find)
		return err != nil
	})
	if asks.Load() != 2 {
		t.Errorf("asked %d times", asks.Load())
	}
	_, _, _ = recent(t.Context(), old, "faulty", find)
	answers <- -2
	eventually(t, func() bool {
		_, _, err := recent(t.Context(), old, "faulty", find)
		return err != nil && strings.Contains(err.Error(), "fault")
	})
	// No more is found out at once than so much, and no more is remembered.
	for i := range 2 * mostAsking {
		ask(t.Context(), old, fmt.Sprint("many", i), find)
	}
	c.recall.mu.Lock()
	if c.recall.asking != mostAsking {
		t.Errorf("%d are found out at once", c.recall.asking)
	}
	c.recall.mu.Unlock()
	for range mostAsking {
		answers <- 1
	}
	for i := range 2 * mostRecalled {
		ask(t.Context(), old, fmt.Sprint("key", i), func(context.Context) (int, error) { return i, nil })
	}
	if len(c.recall.of) > mostRecalled {
		t.Errorf("%d are remembered", len(c.recall.of))
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatal("it does not come to that")
		}
	}
}

// TestSealed: a page names nobody, and nobody makes up whom it is about.
func TestSealed(t *testing.T) {
	t.Parallel()
	sealed := seal("+4915112345678")
	a := &asked{form: map[string][]string{"person": {sealed}}}
	if got, err := a.contact(); err != nil || got != "+4915112345678" {
		t.Errorf("%q, %v", got, err)
	}
	if sealed == seal("+4915112345678") || strings.Contains(sealed, "49151") {
		t.Errorf("%s tells who it is", sealed)
	}
	for _, made := range []string{"", "x", sealed[:len(sealed)-1], "A" + sealed[1:]} {
		a := &asked{form: map[string][]string{"person": {made}}}
		if got, err := a.contact(); err == nil && made != sealed {
			t.Errorf("%q is %q", made, got)
		}
	}
}
