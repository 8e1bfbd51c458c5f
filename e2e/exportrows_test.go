package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/command"
	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
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

// travellers are people of several markets.
var travellers = []string{"+4915112345678", "+919876543210", "+5511987654321", "+12025550123", "+447700900123", "+8612345678901", "+33612345678"}

// traffic are sends to people of several markets, of several categories and teams, on a day,
// most of them delivered.
func traffic(t *testing.T, w *world) {
	t.Helper()
	for i, number := range travellers {
		to := func(rest string) string { return `{"messaging_product":"whatsapp","to":"` + number + `",` + rest + `}` }
		for j, name := range []string{"parcel_ready", "sale", "login_code"} {
			for range 1 + (i+j)%3 {
				post(t, w, []string{"team=crm,campaign=diwali", "team=crm", "team=support", ""}[(i+2*j)%4], to(`"type":"template","template":{"name":"`+name+`","language":{"code":"en"}}`))
			}
		}
		if i%2 == 0 {
			if _, err := w.sim.Inbound(t.Context(), shop, graphsim.User{Phone: number, Name: "Somebody"}, graphsim.Text("Hello")); err != nil {
				t.Fatal(err)
			}
			post(t, w, "team=support", to(`"type":"text","text":{"body":"Hello"}`))
		}
		if i == 3 {
			statuses(t, w)
		}
	}
	w.Clock.Advance(20 * time.Minute)
	statuses(t, w)
	post(t, w, "", aTemplate("parcel_ready", "en")) // whose status doesn't come
}

// agreed lets them all agree to everything.
func agreed(t *testing.T, w *world) {
	t.Helper()
	list(t, w)
	for _, number := range travellers {
		record(t, w.Gateway, adminapi.RouteOptIn, adminapi.ConsentRequest{PhoneNumberID: shop, Contact: number, Scope: "all", Source: "website"})
	}
}

// post sends a message with tags, whatever becomes of it.
func post(t *testing.T, w *world, tags, body string) {
	t.Helper()
	gatewaytest.Do(t, http.MethodPost, w.URL+messages, body, http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer test-token"}, "X-Waguard-Tag": {tags},
	})
}

// rowsOf are rows as JSON Lines have them.
func rowsOf[T any](t testing.TB, text string) (rows []T) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	for dec.More() {
		var row T
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestExportBill: the lines of the bill add up to what the report says of the same month, in
// every count and every sum of money to the last digit; and so do the charges of FOCUS.
func TestExportBill(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{
		WhatsApp: "tag team\ntag campaign\n" + withPolicy("time_zone Asia/Kolkata", `name "Example Shop"`), Start: time.Date(2026, time.September, 29, 17, 0, 0, 0, time.UTC),
	}})
	agreed(t, w)
	for range 4 { // over the end of the month, in Kolkata and elsewhere
		traffic(t, w)
		w.Clock.Advance(12 * time.Hour)
	}
	for _, month := range []string{"2026-09", "2026-10"} {
		report, err := api(t, w.Gateway).Report(t.Context(), adminapi.ReportSelection{Month: month})
		if err != nil || len(report.Totals) != 1 {
			t.Fatalf("%v: %+v", err, report)
		}
		want := report.Totals[0].Counts
		var got billing.Counts
		for _, l := range rowsOf[export.Line](t, wantCommandOf(t, w, "export --what bill --month "+month)) {
			got.Sends += l.Sends
			got.Accepted += l.Accepted
			got.Failed += l.Failed
			got.Unknown += l.Unknown
			got.Refused += l.Refused
			got.Unestimated += l.Unestimated
			got.Delivered += l.Delivered
			got.Billable += l.Billable
			got.Charged += l.Charged
			got.Free += l.Free
			got.Unpriced += l.Unpriced
			if l.Estimated != nil {
				got.Estimated += *l.Estimated
			}
			if l.Actual != nil {
				got.Actual += *l.Actual
			}
			if l.Charged > 0 {
				if product, err := l.UnitPrice.Times(l.Charged); err != nil || product != *l.Actual {
					t.Errorf("%+v costs something else than its messages", l)
				}
			}
			if l.Business != "Example Shop" || !strings.HasPrefix(l.Day, month) {
				t.Errorf("a line of %s in %s: %+v", month, l.Business, l)
			}
		}
		if got != want || got.Actual == 0 || got.Charged == 0 || got.Free == 0 {
			t.Errorf("%s: the lines add up to %+v, and the report's total is %+v", month, got, want)
		}
		var billed billing.Amount
		delivered := 0
		for _, c := range rowsOf[export.Charge](t, wantCommandOf(t, w, "export --what focus --month "+month)) {
			billed += c.BilledCost
			delivered += c.ConsumedQuantity
			if c.SubAccountName != "Example Shop" || c.BillingCurrency != "USD" || c.BillingPeriodStart.After(c.ChargePeriodStart) || c.ChargePeriodEnd.After(c.BillingPeriodEnd) {
				t.Errorf("%+v", c)
			}
		}
		if billed != want.Actual || delivered != want.Delivered {
			t.Errorf("%s: charges of %d messages add up to %s, want %d and %s", month, delivered, billed, want.Delivered, want.Actual)
		}
	}
	if got := wantCommandOf(t, w, "export --what bill --final"); got != "" {
		t.Errorf("days are final that have just been: %s", got)
	}
	w.Clock.Advance(46 * 24 * time.Hour)
	if got := wantCommandOf(t, w, "export --what bill --final"); strings.Count(got, "\n") == 0 || strings.Contains(got, `"day":"2026-10-02"`) {
		t.Errorf("final are %s", got)
	}
}

// filesIn are the rows of the ledger in a folder, by file.
func filesIn(t testing.TB, dir string) map[string][]export.Send {
	t.Helper()
	files := make(map[string][]export.Send)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && strings.HasPrefix(d.Name(), ".") && name != dir {
			if err == nil && d.IsDir() {
				return filepath.SkipDir
			}
			return nil // it is being published
		}
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files[strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(dir)+"/")] = rowsOf[export.Send](t, string(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rowsIn are how often each send is in a folder.
func rowsIn(t testing.TB, dir string) (times map[string]int, rows int) {
	t.Helper()
	times = make(map[string]int)
	for _, file := range filesIn(t, dir) {
		for _, row := range file {
			times[row.ID]++
			rows++
		}
	}
	return times, rows
}

// TestExportFollowKilled: an export that is followed, and killed again and again, has each send
// once; so it has with all of its files written anew in between, which then know what statuses
// told.
func TestExportFollowKilled(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("time_zone Europe/Berlin"), Start: time.Date(2026, time.October, 5, 21, 0, 0, 0, time.UTC)}})
	agreed(t, w)
	dir := filepath.Join(t.TempDir(), "lake")
	start := func() *exec.Cmd {
		cmd := exec.Command(gatewaytest.Binary(t), "export", "--into", dir, "--format", "jsonl", "--follow", "--interval", "50ms", "--address", w.AdminURL)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		return cmd
	}
	sent := 0
	send := func() {
		for range 15 {
			post(t, w, "", aTemplate("parcel_ready", "en"))
			sent++
		}
		w.Clock.Advance(15 * time.Minute)
	}
	exactlyOnce := func() {
		t.Helper()
		times, rows := rowsIn(t, dir)
		for id, n := range times {
			if n != 1 {
				t.Errorf("%s is there %d times", id, n)
			}
		}
		if rows > sent {
			t.Errorf("%d rows of %d sends", rows, sent)
		}
	}
	for round := range 8 {
		send()
		cmd := start()
		_, before := rowsIn(t, dir)
		switch round % 4 {
		case 0: // the first rows of the round are there
			eventually(t, "rows are exported", func() bool { _, rows := rowsIn(t, dir); return rows > before })
		case 1: // it works on it
			eventually(t, "it begins", func() bool { _, err := os.Stat(filepath.Join(dir, ".waguard-export.tmp")); return err == nil })
		case 2:
			time.Sleep(time.Duration(round) * 50 * time.Millisecond)
		}
		cmd.Process.Kill()
		cmd.Wait()
		exactlyOnce()
		if round == 4 {
			statuses(t, w)
			wantCommandOf(t, w, "export --into "+dir+" --format jsonl --replace")
			exactlyOnce()
			for name, file := range filesIn(t, dir) {
				if filepath.Base(name) != "part-0.jsonl" {
					t.Errorf("a partition still has %s", name)
				}
				for _, row := range file {
					if row.Status != "delivered" {
						t.Errorf("of a send nothing new is known: %+v", row)
					}
				}
			}
			wantCommandOf(t, w, "export --into "+dir+" --format jsonl --replace --to 2026-10-06") // a part of it
		}
	}
	send()
	cmd := start()
	eventually(t, "everything is exported", func() bool { _, rows := rowsIn(t, dir); return rows == sent })
	if _, errs, code := commandOf(t, w, "export --into "+dir+" --format csv --follow"); code != 1 || !strings.Contains(errs, "another export") {
		t.Errorf("another export into the folder: %d %s", code, errs)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	exactlyOnce()
	want := make(map[string]int)
	for _, e := range allEntries(t, w.Gateway, "ledger") {
		want[e.ID.String()] = 1
	}
	if times, _ := rowsIn(t, dir); !maps.Equal(times, want) {
		t.Errorf("there are %d sends, want %d", len(times), len(want))
	}
}

// TestExportFinal: a final day is exported when nothing can change it, once, and stays as it is;
// a message that is read much later stays delivered.
func TestExportFinal(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy("time_zone America/New_York"), Start: time.Date(2026, time.October, 5, 9, 0, 0, 0, time.UTC)}})
	agreed(t, w)
	dir := filepath.Join(t.TempDir(), "final")
	export := func(more string) string {
		t.Helper()
		_, errs, code := commandOf(t, w, "export --into "+dir+" --format jsonl --final "+more)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		return strings.TrimSpace(errs)
	}
	post(t, w, "", aTemplate("parcel_ready", "en"))
	statuses(t, w)
	w.Clock.Advance(24 * time.Hour)
	post(t, w, "", aTemplate("parcel_ready", "en"))
	statuses(t, w)
	export("")
	if files := filesIn(t, dir); len(files) != 0 {
		t.Errorf("final are %v", files)
	}
	w.Clock.Advance(45 * 24 * time.Hour) // a day that began west of here is not over for so long
	export("")
	if files := filesIn(t, dir); len(files) != 0 {
		t.Errorf("final are %v", files)
	}
	w.Clock.Advance(4 * time.Hour)
	export("")
	first := slices.Collect(maps.Keys(filesIn(t, dir)))
	if want := []string{"day=2026-10-05/business=" + shop + "/part-0.jsonl"}; !slices.Equal(first, want) {
		t.Errorf("final are %v, want %v", first, want)
	}
	export("") // nothing new
	export("--replace")
	w.Clock.Advance(3 * 24 * time.Hour)
	export("")
	if files := filesIn(t, dir); len(files) != 2 {
		t.Errorf("final are %v", files)
	}
	for _, more := range []string{"", "--replace"} {
		if _, errs, code := commandOf(t, w, "export --into "+dir+" --format jsonl "+more); code != 1 || !strings.Contains(errs, "days that never change") {
			t.Errorf("days that change get among final ones: %d %s", code, errs)
		}
	}
}

// TestExportMisused: what can't be done is said before anything is done.
func TestExportMisused(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{WhatsApp: withPolicy()}})
	list(t, w)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(dir, "there")
	wantCommandOf(t, w, "export --into "+there)
	for line, want := range map[string]string{
		"export --into " + dir:                                "has mine and is no export",
		"export --into " + there:                              "--replace writes the files anew",
		"export --into " + there + " --from 7d":               "give --from and --to as dates",
		"export --into " + there + " --what bill --follow":    "changes until it is final",
		"export --into " + there + " --follow --replace":      "run --replace beside it",
		"export --into " + there + " --follow --to 24h":       "goes on for ever",
		"export --into " + there + " --follow --delay 1s":     "must be at least 30s",
		"export --into " + there + " --follow --interval 1ms": "must be at least 50ms",
		"export --follow":                                     "name it with --into",
		"export --format parquet":                             "name it with --into",
		"export --issuer Somebody":                            "--issuer is for --what focus",
		"export --what bill --into " + there + " --replace":   "another export",
	} {
		out, errs, code := commandOf(t, w, line)
		if code != 1 && code != 2 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("waguard %s: %d %s, want %q", line, code, errs, want)
		}
	}
}
