package replicas

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
)

// TestWindowOpensEverywhere: who has written to one gateway can be answered by any other
// at once.
func TestWindowOpensEverywhere(t *testing.T) {
	const people = 60
	f := start(t, options{})
	together(people, func(i int) {
		who := person(0, i)
		told, asked := f.gateways[i%3], f.gateways[(i+1+i/3%2)%3]
		if a := f.send(asked, text(who, "", "Hello")); a.rule != "WINDOW_CLOSED" {
			t.Errorf("before somebody writes: %s", a)
		}
		update, err := f.sim.InboundUpdate(shop, graphsim.User{Phone: who}, graphsim.Text("Hello"))
		if err != nil {
			t.Error(err)
			return
		}
		if status, err := f.deliver(told, update); status != http.StatusOK {
			t.Errorf("a webhook is answered %d: %v", status, err)
		}
		if a := f.send(asked, text(who, "", "Hello")); a.status != http.StatusOK {
			t.Errorf("after somebody wrote: %s", a)
		}
	})
	f.addsUp(t, people)
}

// TestListingByManyGateways: a list of templates whose pages come through several gateways
// is complete at its end, and templates that it hasn't are none then.
func TestListingByManyGateways(t *testing.T) {
	var many []graphsim.Template
	for i := range 10 {
		many = append(many, graphsim.Template{Name: fmt.Sprint("offer_", i), Language: "en", Category: "MARKETING"})
	}
	f := start(t, options{gateways: 2, unlisted: true, sim: graphsim.Options{Templates: many}})
	who := person(0, 0)
	f.optsIn(t, f.gateways[0], who)
	listed := func() bool {
		t.Helper()
		list, err := f.gateways[1].admin.Templates(t.Context(), adminapi.TemplateSelection{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Accounts) == 1 && list.Accounts[0].Complete
	}
	page := "/v25.0/" + waba + "/message_templates?limit=2"
	for i := 0; page != ""; i++ {
		if listed() {
			t.Fatalf("the list is complete after %d pages", i)
		}
		page = f.listPage(t, f.gateways[i%2], page)
	}
	if !listed() {
		t.Error("the list isn't complete at its end")
	}
	for _, g := range f.gateways {
		if a := f.send(g, template(who, "", "offer_3")); a.status != http.StatusOK {
			t.Errorf("a template of the list: %s", a)
		}
		if a := f.send(g, template(who, "", "no_such")); a.rule != "TEMPLATE_UNKNOWN" {
			t.Errorf("a template that the list hasn't: %s", a)
		}
	}
}

// TestClocksDiffer: the clock of one gateway is ahead of another's by seconds, or behind.
// Entries are listed in the order of their times all the same, whoever is asked, page by
// page and as they come, and none is left out.
func TestClocksDiffer(t *testing.T) {
	const each = 30
	f := start(t, options{gateways: 1})
	right := f.gateways[0]
	wrong := f.inProcess(t, time.Now())
	wrong.clock.Run()
	f.says(t, right, shop, person(0, 0), "Hello")
	follower := right.admin.Follow(adminapi.Ledger, adminapi.Selection{})
	followed := make(map[string]int)
	follow := func(next func() ([]*adminapi.Line, error)) {
		t.Helper()
		lines, err := next()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			followed[l.ID.String()]++
		}
	}
	follow(func() ([]*adminapi.Line, error) { return follower.Begin(t.Context()) })
	var ids []string
	for _, by := range []time.Duration{-4 * time.Second, 4 * time.Second} {
		wrong.clock.Set(time.Now().Add(by))
		for range each {
			for _, g := range []*gateway{right, wrong} {
				a := f.send(g, text(person(0, 0), "", "Hello"))
				if a.status != http.StatusOK {
					t.Fatalf("gateway %s: %s", g.name, a)
				}
				ids = append(ids, a.id)
			}
			follow(func() ([]*adminapi.Line, error) { return follower.Next(t.Context()) })
		}
	}
	slices.Sort(ids)
	for _, g := range []*gateway{right, wrong} {
		for _, limit := range []int{0, 7} {
			entries := f.entries(t, g, adminapi.Selection{Limit: limit})
			slices.Reverse(entries)
			var listed []string
			for _, e := range entries {
				listed = append(listed, e.ID.String())
			}
			if !slices.Equal(listed, ids) {
				t.Errorf("gateway %s lists %d entries by pages of %d, want %d in their order", g.name, len(listed), cmp.Or(limit, adminapi.DefaultPage), len(ids))
			}
			if !slices.IsSortedFunc(entries, func(a, b *adminapi.Line) int { return a.Time.Compare(b.Time) }) {
				t.Errorf("gateway %s lists entries that are not in the order of their times", g.name)
			}
		}
	}
	for _, id := range ids {
		if followed[id] != 1 {
			t.Errorf("who follows the ledger sees %s %d times", id, followed[id])
		}
	}
}
