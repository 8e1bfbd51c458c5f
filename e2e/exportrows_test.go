package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/command"
	"github.com/waguard/waguard/internal/export"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// commandOf runs a command against a gateway in this process.
func commandOf(t testing.TB, w *world, line string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := command.Root()
	root.SetArgs(append(strings.Fields(line), "--address", w.AdminURL))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetIn(strings.NewReader(""))
	err := root.Execute()
	return stdout.String(), stderr.String(), command.ExitCode(err)
}

// wantCommandOf is what a command that succeeds prints.
func wantCommandOf(t testing.TB, w *world, line string) string {
	t.Helper()
	out, errs, code := commandOf(t, w, line)
	if code != 0 {
		t.Fatalf("waguard %s: exit code %d\n%s", line, code, errs)
	}
	return out
}

// october is a world in which sends of all kinds were made in October 2026, some of them
// tagged, and statuses came for those that were accepted so far.
func october(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, options{Options: gatewaytest.Options{
		WhatsApp: "tag team\ntag campaign\n" + withPolicy("time_zone Asia/Kolkata"), Start: time.Date(2026, time.October, 5, 18, 0, 0, 0, time.UTC),
	}})
	list(t, w)
	ana.optsIn("all")(t, w)
	postAs(t, w, "team=crm,campaign=diwali", aTemplate("sale", "en"))
	postAs(t, w, "team=crm", aTemplate("parcel_ready", "en"))
	text(ana, windowClosed)(t, w)
	w.Clock.Advance(time.Hour) // midnight in Kolkata is past
	ana.writes("Hello")(t, w)
	postAs(t, w, "", aText())
	statuses(t, w)
	postAs(t, w, "team=support", aText())
	w.Post(t, messages, "{")
	return w
}

// postAs sends a message with tags.
func postAs(t *testing.T, w *world, tags, body string) {
	t.Helper()
	resp, answer := gatewaytest.Do(t, http.MethodPost, w.URL+messages, body, http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {tags},
	})
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", resp.Status, answer)
	}
}

// TestExportRows: every send leaves once, with what is known of it, in every format alike;
// what must have a value has one, and no person's name is in it.
func TestExportRows(t *testing.T) {
	w := october(t)
	var rows []export.Send
	text := wantCommandOf(t, w, "export")
	for line := range strings.Lines(text) {
		var row export.Send
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		rows = append(rows, row)
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		for _, c := range export.Columns[export.Send]() {
			value, ok := fields[c.Name]
			delete(fields, c.Name)
			if !ok || value == "" || value == nil && !c.Null {
				t.Errorf("%s has %v in %s", c.Name, value, line)
			}
		}
		if len(fields) > 0 {
			t.Errorf("more than columns: %v", slices.Collect(maps.Keys(fields)))
		}
	}
	entries := allEntries(t, w.Gateway, "ledger")
	if len(rows) != len(entries) || len(rows) != 6 {
		t.Fatalf("%d rows of %d entries:\n%s", len(rows), len(entries), text)
	}
	got := ""
	for i, row := range rows {
		if row.ID != entries[i].ID.String() || row.Contact != entries[i].Contact || row.Decision != entries[i].Decision {
			t.Errorf("the row %+v is of %+v", row, entries[i])
		}
		if told := row.BilledPriceType != "" && row.Billable != nil && row.DeliveredTime != nil; told != (row.Status == "delivered") {
			t.Errorf("of a status nothing is told in %+v", row)
		}
		price := "-"
		if row.EstimatedPrice != nil {
			price = row.EstimatedPrice.String()
		}
		got += strings.Join([]string{row.Day, row.Business, row.Decision, row.Category, row.Outcome, row.Status, row.EstimatedPriceType, price, row.Tags["team"] + row.Tags["campaign"]}, " ") + "\n"
	}
	want := "2026-10-06 104455667788 refuse unknown refused   - \n" +
		"2026-10-06 104455667788 allow service accepted  free_allowance 0.0000 support\n" +
		"2026-10-06 104455667788 allow service accepted delivered free_allowance 0.0000 \n" +
		"2026-10-05 104455667788 refuse service refused  free_allowance 0.0000 \n" +
		"2026-10-05 104455667788 allow utility accepted delivered regular 0.0550 crm\n" +
		"2026-10-05 104455667788 allow marketing accepted delivered regular 0.1365 crmdiwali\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, secret := range w.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the export has %q", secret)
		}
	}

	// CSV has the same.
	table, err := csv.NewReader(strings.NewReader(wantCommandOf(t, w, "export --month 2026-10 --format csv"))).ReadAll()
	if err != nil || len(table) != 7 {
		t.Fatalf("%v: %v", err, table)
	}
	for i, record := range table[1:] {
		for at, name := range table[0] {
			value := map[string]string{"id": rows[i].ID, "day": rows[i].Day, "contact": rows[i].Contact, "tags": string(mustJSON(t, rows[i].Tags))}[name]
			if value == "null" {
				value = "{}"
			}
			if value != "" && record[at] != value {
				t.Errorf("row %d has %s %q, want %q", i, name, record[at], value)
			}
		}
	}
	// Days are those of the account.
	for args, want := range map[string]int{"--from 2026-10-06": 3, "--to 2026-10-06": 3, "--from 2026-10-05 --to 2026-10-06": 3, "--from 30m": 3, "--month 2026-09": 0, "--business " + shop: 6} {
		if got := strings.Count(wantCommandOf(t, w, "export "+args), "\n"); got != want {
			t.Errorf("%s: %d rows, want %d", args, got, want)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
