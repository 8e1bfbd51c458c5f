package console

// table is a table of a page.
type table struct {
	Caption string
	Columns []column
	Rows    []row
	// Empty says why there is nothing, and what would bring something.
	Empty string
	// More is the page with further rows, and MoreText what it is called.
	More, MoreText string
}

type column struct {
	Name string
	// Number: it is written to the right. Spare: a phone has no room for it.
	Number, Spare bool
}

type row struct {
	// Class marks the row: refused, warned.
	Class string
	Cells []cell
}

type cell struct {
	Text string
	// Also stands below, smaller.
	Also string
	// Link is the page it leads to.
	Link string
	// At is a time in place of Text.
	At moment
	// Tag is how it is marked: allowed, refused, warned, info.
	Tag string
	// Bar is how long a bar is that stands for it, in thousandths of the longest.
	Bar int
}

func columns(names ...string) []column {
	list := make([]column, len(names))
	for i, name := range names {
		for len(name) > 0 {
			switch name[0] {
			case '#':
				list[i].Number = true
			case '~':
				list[i].Spare = true
			default:
				list[i].Name = name
				name = ""
				continue
			}
			name = name[1:]
		}
	}
	return list
}

// Column is the column of a cell, for how it is written.
func (t *table) Column(i int) column { return t.Columns[min(i, len(t.Columns)-1)] }

// harmless is a text that no spreadsheet takes for a formula.
func harmless(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}

// share is a cell with a bar: how long it is among the largest.
func (c cell) share(n, largest int) cell {
	if largest > 0 && n > 0 {
		c.Bar = max(1, n*1000/largest)
	}
	return c
}

// told says how much a table lists.
func (t *table) told(one, many string) string {
	if len(t.Rows) == 0 {
		return "Nothing is listed."
	}
	says := counted(len(t.Rows), one, many) + " listed"
	if t.More != "" {
		says += ", and there are more"
	}
	return says + "."
}
