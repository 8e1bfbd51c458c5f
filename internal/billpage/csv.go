// Package billpage writes reports for people who work with them outside of the gateway: as CSV
// in the dialect of their spreadsheet, and as a page that explains a bill.
package billpage

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/waguard/waguard/billing"
)

// Dialect is how CSV is written.
type Dialect string

const (
	// RFC4180 is exact: cells are what they are.
	RFC4180 Dialect = "rfc4180"
	// Excel opens with a double click where the list separator is a comma, and
	// ExcelSemicolon where it is a semicolon and the decimal sign a comma.
	Excel          Dialect = "excel"
	ExcelSemicolon Dialect = "excel-semicolon"
)

// Dialects are all of them.
var Dialects = []string{string(RFC4180), string(Excel), string(ExcelSemicolon)}

// Counted are the columns of what reports count.
var Counted = []string{"sends", "accepted", "failed", "unknown", "refused", "delivered", "billable", "charged", "free", "unpriced", "estimated", "unestimated", "actual"}

// Name is what the column of a dimension or tag is called, as in JSON.
func Name(dimension string) string {
	if dimension == "number" {
		return "phone_number_id"
	}
	return strings.TrimPrefix(dimension, billing.TagPrefix)
}

// NewWriter begins to write CSV.
func (d Dialect) NewWriter(w io.Writer) (*csv.Writer, error) {
	if d != RFC4180 && d != "" {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return nil, err
		}
	}
	out := csv.NewWriter(w)
	out.UseCRLF = d == Excel || d == ExcelSemicolon
	if d == ExcelSemicolon {
		out.Comma = ';'
	}
	return out, nil
}

// WriteCSV writes the rows of a report, by which it is grouped.
func WriteCSV(w io.Writer, r *billing.Report, d Dialect) error {
	out, err := d.NewWriter(w)
	if err != nil {
		return err
	}
	if err := out.Write(append(append(columnsBy(r.By), "currency"), Counted...)); err != nil {
		return err
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		cells := d.dimensions(r.By, &row.Key)
		cells = append(cells, string(row.Currency))
		for _, n := range []int{row.Sends, row.Accepted, row.Failed, row.Unknown, row.Refused, row.Delivered, row.Billable, row.Charged, row.Free, row.Unpriced} {
			cells = append(cells, strconv.Itoa(n))
		}
		cells = append(cells, d.Amount(Estimated(&row.Counts)), strconv.Itoa(row.Unestimated), d.Amount(Actual(&row.Counts)))
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Unknown stands where nobody knows a price.
const Unknown = "unknown"

// Actual is what messages cost, or Unknown where none of those that are charged for has a known
// price.
func Actual(c *billing.Counts) string { return orUnknown(c.Cost()) }

// Estimated is what messages are expected to cost, or Unknown where none has a known price.
func Estimated(c *billing.Counts) string { return orUnknown(c.Expected()) }

func orUnknown(a billing.Amount, known bool) string {
	if !known {
		return Unknown
	}
	return a.String()
}

// Amount is an amount of money as the spreadsheet reads it.
func (d Dialect) Amount(s string) string {
	if d == ExcelSemicolon {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// Text is a cell that a spreadsheet takes for text: not for a formula, and not for a number
// where it is a long one, of which it would drop digits.
func (d Dialect) Text(s string) string {
	if s == "" || d != Excel && d != ExcelSemicolon {
		return s
	}
	switch {
	case strings.ContainsRune("=+-@\t\r", rune(s[0])):
		return "'" + s
	case len(s) > 11 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }):
		return `="` + s + `"`
	}
	return s
}
