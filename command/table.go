package command

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// layout is how rows are shown as a table.
type layout[T any] struct {
	titles []string
	cells  func(T) []string
	// below is a sentence that belongs to a row, too wide for a column: it stands
	// on a line of its own. Nil, and "" of a row, for none.
	below func(T) string
	// none is said where there is no row.
	none string
}

// tableTime is how tables write times, in UTC.
const tableTime = "2006-01-02 15:04:05Z"

// grid aligns cells in columns, whatever script they are in. Its columns are as
// wide as the widest cell so far.
type grid struct {
	out    *stream
	widths []int
}

// gap is what stands between columns.
const gap = 2

func (g *grid) widen(cells []string) {
	for i, cell := range cells {
		if i == len(g.widths) {
			g.widths = append(g.widths, 0)
		}
		g.widths[i] = max(g.widths[i], text.StringWidthWithoutEscSequences(cell))
	}
}

// line is a row of cells. The last one is as wide as it is.
func (g *grid) line(b *strings.Builder, cells []string, colours text.Colors) {
	for i, cell := range cells {
		painted := words[cell]
		if colours != nil {
			painted = colours
		}
		b.WriteString(g.out.paint(painted, cell))
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", g.widths[i]+gap-text.StringWidthWithoutEscSequences(cell)))
		}
	}
	b.WriteByte('\n')
}

// title is the first line.
func (g *grid) title(b *strings.Builder, titles []string) { g.line(b, titles, text.Colors{text.Bold}) }

// pairs are lines of a name and a value.
func (c *call) pairs(rows [][2]string) error {
	g := &grid{out: c.out}
	for _, row := range rows {
		g.widen(row[:1])
	}
	var b strings.Builder
	for _, row := range rows {
		g.line(&b, row[:], nil)
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}

// tableOf shows rows as a table, more of them each time it is called.
func tableOf[T any](c *call, how *layout[T]) func(rows []T, total []string) error {
	g, begun := &grid{out: c.out}, false
	return func(rows []T, total []string) error {
		var b strings.Builder
		list := make([][]string, len(rows))
		if !begun {
			g.widen(how.titles)
		}
		for i, row := range rows {
			for _, cell := range how.cells(row) {
				list[i] = append(list[i], dash(cell))
			}
			g.widen(list[i])
		}
		g.widen(total)
		if !begun {
			begun = true
			g.title(&b, how.titles)
		}
		for i, row := range rows {
			g.line(&b, list[i], nil)
			if how.below == nil {
				continue
			}
			if said := how.below(row); said != "" {
				b.WriteString("    " + said + "\n")
			}
		}
		if total != nil {
			g.line(&b, total, text.Colors{text.Bold})
		}
		_, err := c.out.Write([]byte(b.String()))
		return err
	}
}

// dash stands where there is nothing.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
