package console

import (
	"fmt"
	"strconv"
)

// chart is a chart of columns, each of which is stacked. Places across are in per cent, so
// that it is as wide as there is room; heights are in pixels, so that text stays as it is.
type chart struct {
	Title, Caption string
	// Says is what it shows, for who doesn't see it.
	Says   string
	Ticks  []tick
	Bars   []bar
	Marks  []mark
	Legend []legendItem
	// Figures is what it shows in numbers.
	Figures table
}

type (
	tick       struct{ Y, Label string }
	bar        struct{ X, Y, Width, Height, Class, Says string }
	mark       struct{ X, Anchor, Label string }
	legendItem struct{ Class, Name, Value string }
)

const (
	plotHeight = 200
	plotTop    = 12
)

// series are what the columns of a chart are stacked of, from the bottom up.
type series struct{ Name, Class string }

// point is a column: its name below, in full, and how much of each series it has.
type point struct {
	Name, Full string
	Parts      []int
}

// columnChart draws columns. Every is how many of them have a name below.
func columnChart(title, unit string, of []series, points []point, every int) chart {
	c := chart{Title: title}
	highest, at := 0, 0
	totals := make([]int, len(of))
	for i, p := range points {
		whole := 0
		for k, n := range p.Parts {
			whole += n
			totals[k] += n
		}
		if whole > highest {
			highest, at = whole, i
		}
	}
	step := roundStep(highest)
	top := max(step, (highest+step-1)/step*step)
	for v := 0; v <= top; v += step {
		c.Ticks = append(c.Ticks, tick{pixels(plotTop + plotHeight - float64(v)*plotHeight/float64(top)), count(v)})
	}
	slot := 100 / float64(max(1, len(points)))
	for i, p := range points {
		below := 0
		for k, n := range p.Parts {
			if n <= 0 {
				continue
			}
			below += n
			height := float64(n) * plotHeight / float64(top)
			c.Bars = append(c.Bars, bar{
				X: share(float64(i)*slot + slot*.1), Width: share(slot * .8), Y: pixels(plotTop + plotHeight - float64(below)*plotHeight/float64(top)), Height: pixels(max(height, 1)),
				Class: of[k].Class, Says: fmt.Sprintf("%s, %s: %s", p.Full, of[k].Name, counted(n, unit[:len(unit)-1], unit)),
			})
		}
		if every > 0 && i%every == 0 {
			m := mark{share((float64(i) + .5) * slot), "middle", p.Name}
			if i == 0 {
				m.X, m.Anchor = "0%", "start"
			}
			c.Marks = append(c.Marks, m)
		}
	}
	for k, s := range of {
		c.Legend = append(c.Legend, legendItem{s.Class, s.Name, count(totals[k])})
	}
	if highest == 0 {
		c.Caption = "No " + unit + " in this time."
	} else {
		c.Caption = "The highest is " + counted(highest, unit[:len(unit)-1], unit) + ", " + points[at].Full + "."
	}
	c.Says = title + ". " + c.Caption
	c.Figures = table{Caption: title, Columns: columns("when")}
	for _, s := range of {
		c.Figures.Columns = append(c.Figures.Columns, column{Name: s.Name, Number: true})
	}
	for _, p := range points {
		r := row{Cells: []cell{{Text: p.Full}}}
		some := false
		for _, n := range p.Parts {
			r.Cells = append(r.Cells, cell{Text: count(n)})
			some = some || n > 0
		}
		if some {
			c.Figures.Rows = append(c.Figures.Rows, r)
		}
	}
	return c
}

// roundStep is how far apart lines across are: a round number, of which there are five at
// most.
func roundStep(most int) int {
	for step := 1; ; step *= 10 {
		for _, of := range []int{1, 2, 5} {
			if (most+4)/5 <= of*step {
				return of * step
			}
		}
	}
}

func pixels(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
func share(f float64) string  { return strconv.FormatFloat(f, 'f', 3, 64) + "%" }
