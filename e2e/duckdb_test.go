//go:build duckdb

// This test needs node and the packages of e2e/duckdb, which a plain `go test ./...` must not.
//
//	npm ci --prefix e2e/duckdb && go test -tags duckdb -run DuckDB ./e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/export"
	"github.com/waguard/waguard/internal/gatewaytest"
)

// queried are the rows that DuckDB answers to queries, a line each.
func queried(t *testing.T, queries ...string) (answers []string) {
	t.Helper()
	input, err := json.Marshal(queries)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "query.mjs")
	var errs bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stderr = "duckdb", bytes.NewReader(input), &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var rows [][]json.RawMessage
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, answer := range rows {
		var lines []string
		for _, row := range answer {
			lines = append(lines, string(row))
		}
		answers = append(answers, strings.Join(lines, "\n"))
	}
	return answers
}

// source is how DuckDB reads a folder.
func source(dir, format string) string {
	const more = ", hive_partitioning = true, hive_types = {'day': DATE, 'business': VARCHAR})"
	files := "'" + filepath.ToSlash(dir) + "/**/*." + format + "'"
	switch format {
	case "csv":
		return "read_csv(" + files + ", types = {'actual': 'DECIMAL(18,6)', 'estimated': 'DECIMAL(18,6)', 'unit_price': 'DECIMAL(18,6)'}" + more
	case "jsonl":
		return "(select * replace (actual::DECIMAL(18,6) as actual, estimated::DECIMAL(18,6) as estimated) from read_json(" + files + ", format = 'newline_delimited'" + more + ")"
	}
	return "read_parquet(" + files + more
}

// TestDuckDB: DuckDB reads what was exported with the types that are documented, and adds it up
// to the totals of the report, to the last digit, by whatever it is grouped.
func TestDuckDB(t *testing.T) {
	w := newWorld(t, options{Options: gatewaytest.Options{
		WhatsApp: "tag team\ntag campaign\n" + withPolicy("time_zone Asia/Kolkata", `name "Example Shop"`), Start: time.Date(2026, time.September, 29, 17, 0, 0, 0, time.UTC),
	}})
	agreed(t, w)
	for range 4 {
		traffic(t, w)
		w.Clock.Advance(12 * time.Hour)
	}
	dir := t.TempDir()
	for _, what := range export.Kinds {
		for _, format := range export.Formats {
			wantCommandOf(t, w, "export --what "+what+" --format "+format+" --into "+filepath.Join(dir, what+"-"+format))
		}
	}
	where := func(what, format string) string { return source(filepath.Join(dir, what+"-"+format), format) }

	// Types.
	for _, what := range export.Kinds {
		answers := queried(t, "describe select * from "+where(what, "parquet"))
		types := make(map[string]string)
		for line := range strings.Lines(answers[0]) {
			var c struct{ Name, Type string }
			if err := json.Unmarshal([]byte(strings.ReplaceAll(line, "column_", "")), &c); err != nil {
				t.Fatal(err)
			}
			types[c.Name] = c.Type
		}
		var columns []export.Column
		switch export.Kind(what) {
		case export.Ledger:
			columns = export.Columns[export.Send]()
		case export.Bill:
			columns = export.Columns[export.Line]()
		case export.FOCUS:
			columns = append(export.Columns[export.Charge](), export.Columns[export.Place]()...)
		}
		for _, c := range columns {
			want := map[export.Type]string{
				export.Text: "VARCHAR", export.Time: "TIMESTAMP WITH TIME ZONE", export.Bool: "BOOLEAN", export.Integer: "BIGINT", export.Money: "DECIMAL(18,6)", export.Texts: "MAP(VARCHAR, VARCHAR)",
			}[c.Type]
			if c.Name == "day" {
				want = "DATE"
			}
			if types[c.Name] != want {
				t.Errorf("%s: DuckDB sees %s as %q, want %s", what, c.Name, types[c.Name], want)
			}
		}
		if len(types) != len(columns) {
			t.Errorf("%s: DuckDB sees %v", what, types)
		}
	}

	// Totals of a month, in every format.
	for _, month := range []string{"2026-09", "2026-10"} {
		report, err := api(t, w.Gateway).Report(t.Context(), adminapi.ReportSelection{Month: month})
		if err != nil || len(report.Totals) != 1 {
			t.Fatalf("%v: %+v", err, report)
		}
		total := report.Totals[0]
		want := fmt.Sprintf(`{"currency":"USD","sends":"%d","refused":"%d","delivered":"%d","charged":"%d","free":"%d","estimated":"%s","actual":"%s","nobody":"0"}`,
			total.Sends, total.Refused, total.Delivered, total.Charged, total.Free, sixDecimals(total.Counts.Estimated), sixDecimals(total.Actual))
		for _, format := range export.Formats {
			got := queried(t, "select currency, sum(sends) sends, sum(refused) refused, sum(delivered) delivered, sum(charged) charged, sum(free) free, sum(estimated) estimated, sum(actual) actual, "+
				"count(*) filter (business <> 'Example Shop') nobody from "+where("bill", format)+" where strftime(day, '%Y-%m') = '"+month+"' group by currency")
			if got[0] != want {
				t.Errorf("%s of %s: DuckDB adds up\n%s\nand the report says\n%s", format, month, got[0], want)
			}
		}
		focus := queried(t, "select sum(BilledCost) billed, sum(ConsumedQuantity) delivered from "+where("focus", "parquet")+" where strftime(day, '%Y-%m') = '"+month+"'")
		if want := fmt.Sprintf(`{"billed":"%s","delivered":"%d"}`, sixDecimals(total.Actual), total.Delivered); focus[0] != want {
			t.Errorf("FOCUS of %s: %s, want %s", month, focus[0], want)
		}
		// By what people ask for.
		by, err := api(t, w.Gateway).Report(t.Context(), adminapi.ReportSelection{Month: month, By: "team,market,category"})
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, r := range by.Rows {
			if r.Charged > 0 {
				rows = append(rows, fmt.Sprintf(`{"team":"%s","market":"%s","category":"%s","charged":"%d","actual":"%s"}`, r.Key.Tags.Get("team"), r.Market, r.Category, r.Charged, sixDecimals(r.Actual)))
			}
		}
		got := queried(t, "select coalesce(tags['team'], '') team, market, category, sum(charged) charged, sum(actual) actual from "+where("bill", "parquet")+
			" where strftime(day, '%Y-%m') = '"+month+"' group by all having sum(charged) > 0 order by category, market, team")
		if want := strings.Join(rows, "\n"); got[0] != want || len(rows) < 10 {
			t.Errorf("by team, market and category DuckDB adds up\n%s\nand the report says\n%s", got[0], want)
		}
	}

	// The ledger has every send once, in every format, and what was expected of those that Meta
	// took is what the report says.
	entries := allEntries(t, w.Gateway, "ledger")
	for _, format := range []string{"parquet", "csv", "jsonl"} {
		from := "read_" + map[string]string{"parquet": "parquet", "csv": "csv", "jsonl": "json"}[format] + "('" + filepath.ToSlash(filepath.Join(dir, "ledger-"+format)) + "/**/*." + format + "', hive_partitioning = true)"
		got := queried(t, "select count(*) n, count(distinct id) ids, sum(estimated_price::DECIMAL(18,6)) filter (outcome = 'accepted') estimated from "+from)
		want := fmt.Sprintf(`{"n":"%d","ids":"%d","estimated":"%s"}`, len(entries), len(entries), sixDecimals(reportOf(t, w.Gateway, "").Total.Estimated))
		if got[0] != want {
			t.Errorf("the ledger as %s: %s, want %s", format, got[0], want)
		}
	}
}

// sixDecimals is an amount as DuckDB writes it.
func sixDecimals(a billing.Amount) string {
	s := a.String()
	_, fraction, _ := strings.Cut(s, ".")
	return s + strings.Repeat("0", 6-len(fraction))
}
