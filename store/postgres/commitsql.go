package postgres

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/waguard/waguard/store"
)

// column is one of those that people look for lines by.
type column struct {
	Name string
	// Value is what is written of the text that is handed over, which is empty for none.
	Value string
}

// columns are in the order of [columnsOf].
var columns = func() (all []column) {
	for _, name := range []string{"phone_number_id", "business", "waba", "rule", "template", "sender", "token", "category", "market", "verdict", "outcome", "price", "currency", "tags"} {
		value := "nullif(w." + name + ", '')"
		switch name {
		case "price":
			value += "::numeric"
		case "tags":
			value = "string_to_array(" + value + ", ',')"
		}
		all = append(all, column{name, value})
	}
	return all
}()

// statement is one as the server gets it, and the names of what is handed over, in the
// order of its places.
type statement struct {
	sql       string
	arguments []string
}

// commits are commit.sql with all journals and, as most that is sent is no violation,
// with the ledger alone: servers take their time for what is empty, too.
var commits = struct{ all, ledger statement }{
	commitOf(journalNames[store.Ledger], journalNames[store.Violations]),
	commitOf(journalNames[store.Ledger]),
}

func commitOf(journals ...string) statement {
	data := struct {
		Journals []string
		Columns  []column
	}{journals, columns}
	var sql strings.Builder
	if err := template.Must(template.New("commit.sql").Parse(commitSQL)).Execute(&sql, data); err != nil {
		panic(err)
	}
	text, arguments := numbered(sql.String())
	return statement{text, arguments}
}

var journalNames = map[store.Journal]string{store.Ledger: "ledger", store.Violations: "violation"}

//go:embed commit.sql
var commitSQL string

var (
	argumentName = regexp.MustCompile(`@[a-z_]+`)
	blanks       = regexp.MustCompile(`\s+`)
	lineComment  = regexp.MustCompile(`(?m)^\s*--.*$`)
)

// numbered is a statement whose arguments have numbers in place of names, in the order in
// which they are first named, without what servers would read in vain.
func numbered(sql string) (statement string, names []string) {
	places := make(map[string]int)
	statement = argumentName.ReplaceAllStringFunc(sql, func(name string) string {
		if _, known := places[name]; !known {
			names = append(names, name[1:])
			places[name] = len(names)
		}
		return "$" + strconv.Itoa(places[name])
	})
	statement = blanks.ReplaceAllString(lineComment.ReplaceAllString(statement, ""), " ")
	return strings.TrimSpace(statement), names
}
