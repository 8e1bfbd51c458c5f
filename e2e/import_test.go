package e2e

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestImportCommand: a list is checked, recorded, and can be imported again; it lifts no
// opt-out, and each row that isn't taken says why.
func TestImportCommand(t *testing.T) {
	t.Parallel()
	_, p := serving(t)
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	who := func(n int) string { return fmt.Sprintf("+49151123%05d", n) }
	admin := " --address " + p.Admin
	get := func(n int) string {
		t.Helper()
		return p.wantCommand(t, 0, "consent get --json --business "+shop+" --contact "+who(n)+admin)
	}
	p.wantCommand(t, 0, "consent opt-out --business "+shop+" --contact "+who(3)+admin)

	// With a byte order mark, semicolons, columns of other names, and faults.
	list := "\xef\xbb\xbfNumber;Scope;at;Order;source\n"
	for n := range 2500 {
		list += fmt.Sprintf("%s;marketing;2025-06-01;o-%d;transaction\n", who(n), n)
	}
	list += "12;marketing;2025-06-01;o-x;transaction\n" + // line 2502
		who(9001) + ";marketing;;o-x;transaction\n" +
		who(9002) + ";marketing;2025-06-01;o-x;trade fair\n" +
		who(9003) + ";marketing;2025-06-01\n"
	csvFile := write("list.csv", list)
	flags := " --business " + shop + " --map Number=contact --map Order=transaction_id" + admin
	p.wantCommand(t, 1, "consent import --from "+csvFile+flags+" --dry-run", "would be recorded", "2500", "!4 of 2504 rows were rejected")
	if got := get(1); strings.Contains(got, "opted_in") {
		t.Errorf("a dry run has recorded: %s", got)
	}
	for round := range 2 { // again, too
		rejects := filepath.Join(dir, fmt.Sprintf("rejected-%d.csv", round))
		out := p.wantCommand(t, 1, "consent import --json --from "+csvFile+flags+" --rejects "+rejects)
		if want := `{"rows":2504,"recorded":2500,"opted_out":1,"incomplete":2500,"rejected":4,"dry_run":false}`; strings.TrimSpace(out) != want {
			t.Errorf("round %d: %s, want %s", round, out, want)
		}
		file, err := os.Open(rejects)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		reader := csv.NewReader(file)
		reader.FieldsPerRecord = -1
		rows, err := reader.ReadAll()
		if err != nil || len(rows) != 5 {
			t.Fatalf("%d rows are rejected, %v", len(rows), err)
		}
		for _, row := range rows[1:] {
			want := map[string]string{"2502": "number", "2503": "at is missing", "2504": "none of website", "2505": "3 columns"}[row[0]]
			if want == "" || !strings.Contains(row[1], want) || row[2] == "" {
				t.Errorf("rejected: %q, want %q", row, want)
			}
		}
		// Mended, it is imported as the list was.
		if strings.Join(rows[0], " ") != "line error Number Scope at Order source" {
			t.Errorf("the file of rejects begins with %q", rows[0])
		}
		for i := range rows {
			if rows[i][0] == "2503" {
				rows[i][4] = "2025-06-02"
			}
		}
		mended := new(strings.Builder)
		if err := csv.NewWriter(mended).WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		p.wantCommand(t, 1, "consent import --from "+write("mended.csv", mended.String())+flags, "!3 of 4 rows were rejected")
		if got := get(9001); !strings.Contains(got, `"since":"2025-06-01T10:00:00Z"`) {
			t.Errorf("after the import of what was rejected: %s", got)
		}
	}
	if got := get(1); !strings.Contains(got, `"marketing":{"state":"opted_in","since":"2025-05-31T10:00:00Z","source":"transaction"}`) {
		t.Errorf("after the import: %s", got)
	}
	if got := get(3); !strings.Contains(got, `"marketing":{"state":"opted_out"`) {
		t.Errorf("an import has lifted an opt-out: %s", got)
	}
	if out := p.wantCommand(t, 0, "consent history --json --business "+shop+" --contact "+who(1)+admin); strings.Count(out, `"state":"opted_in"`) != 1 || !strings.Contains(out, `"transaction_id":"o-1"`) {
		t.Errorf("the history after two imports of one list: %s", out)
	}

	// As much evidence as there may be, in each of a thousand rows.
	all := ""
	for _, field := range []string{"page_url=https://shop.example/", "ip=203.0.113.9", "user_agent=Firefox/141", "text=Offers", "text_version=3", "language=de", "names_channel=true", "business_name=Shop", "categories=offers", "frequency=weekly", "legal_basis=consent", "jurisdiction=DE", "app_account=a", "agent=b", "programme=c", "instructions_shown=d", "message_id=e", "ad_id=f", "qr_code=g", "third_party=h", "system=i"} {
		all += " --set " + field
	}
	p.wantCommand(t, 1, "consent import --from "+csvFile+flags+" --dry-run"+all, "2500")

	// A long text that all rows have.
	p.wantCommand(t, 1, "consent import --from "+csvFile+flags+" --dry-run --set text="+strings.Repeat("<p>", 5000), "2500")

	if out := p.wantCommand(t, 0, "consent list --json --source transaction --incomplete"+admin); strings.Count(out, "\n") != 2501 || !strings.Contains(out, `"transaction_id":"o-2499"`) {
		t.Errorf("the list has %d records", strings.Count(out, "\n"))
	}
	p.wantCommand(t, 0, "consent list --state opted_out"+admin, "operator")
	p.wantCommand(t, 0, "consent list --source qr"+admin, "!No such record")
	p.wantCommand(t, 2, "consent list --state none"+admin, "!opted_in")

	// JSON lines; what all rows have; and opt-outs.
	lines := write("list.jsonl", `{"contact":"`+who(5000)+`","at":"2025-06-01","categories":["offers"],"names_channel":true}`+"\n\n"+
		`{"contact":"`+who(5001)+`","at":"2025-06-01","source":"paper"}`+"\n"+`{"contact":"`+who(5002)+`","colour":"red"}`+"\nnonsense\n")
	p.wantCommand(t, 1, "consent import --from "+lines+" --business "+shop+" --set scope=all --set source=existing_system --set system=crm --set reference=r-1"+admin, "recorded", "!2 of 4 rows")
	if got := get(5000); strings.Count(got, `"state":"opted_in"`) != 3 {
		t.Errorf("after the import of lines: %s", got)
	}
	p.wantCommand(t, 0, "consent import --from "+write("outs.csv", "contact,state\n"+who(1)+",opted_out\n"+who(2)+",opted_out\n")+" --business "+shop+" --from-line 3"+admin, "recorded")
	if first, second := get(1), get(2); strings.Contains(first, "opted_out") || !strings.Contains(second, "opted_out") {
		t.Errorf("from line 3 on: %s%s", first, second)
	}

	// A list that breaks off in the middle says how to go on.
	broken := "contact,at\n"
	for n := range 1500 {
		broken += who(20000+n) + ",2025-06-01\n"
	}
	rest := " --business " + shop + " --set scope=marketing --set source=existing_system --set system=crm --set reference=r-1" + admin
	p.wantCommand(t, 1, "consent import --from "+write("broken.csv", broken+"\"x\"y,2025-06-01\n")+rest, "!Everything up to line 1001 is recorded; go on with --from-line 1002", "!from line 1502 on")
	p.wantCommand(t, 0, "consent import --from "+write("mended-list.csv", broken)+rest+" --from-line 1002", "500")

	// One digit too few.
	wrong := " --business " + shop[1:] + strings.ReplaceAll(rest, " --business "+shop, "") + " --from-line 1500 --dry-run"
	p.wantCommand(t, 0, "consent import --from "+filepath.Join(dir, "mended-list.csv")+wrong, "!is the phone_number_id right?")

	// What can't be meant.
	for line, want := range map[string]string{
		" --from " + filepath.Join(dir, "gone"):                    "!can't be read",
		" --from " + write("empty.csv", " \n"):                     "!is empty",
		" --from " + write("nobody.csv", "name,at\n"):              "!is no field",
		" --from " + write("noone.csv", "at,scope\n"):              "!no column is the contact",
		" --from " + csvFile + " --map nothing=contact":            "!which the list doesn't have",
		" --from " + csvFile + " --set colour=red":                 "!there is no such field",
		" --from " + csvFile + " --map Number=contacts":            "!did you mean contact?",
		" --from " + csvFile + flags + " --rejects " + csvFile:     "!can't be made",
		" --from " + write("two.csv", "contact,at,Contact\na,b,c"): "!two columns are the field contact",
	} {
		p.wantCommand(t, 2, "consent import"+line+admin, want)
	}
}
