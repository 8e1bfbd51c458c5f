package postgres

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"text/template"
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

// commitStatement is commit.sql as the server gets it, and the names of what is handed
// over, in the order of its places.
var commitStatement, commitArguments = func() (string, []string) {
	data := struct {
		Journals []string
		Columns  []column
	}{[]string{"ledger", "violation"}, columns}
	var sql strings.Builder
	if err := template.Must(template.New("commit.sql").Parse(commitSQL)).Execute(&sql, data); err != nil {
		panic(err)
	}
	return numbered(sql.String())
}()

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
