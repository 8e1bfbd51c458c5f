package billpage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
)

// chart is what columns show: something of each day, or of each month where there are many
// days, by category.
type chart struct {
	Title, Says string
	// Caption says what a column is, and which is the highest.
	Caption string
	Ticks   []yTick
	// AxisWidth is how wide the longest label of a tick is, in pixels.
	AxisWidth int
	Marks     []xTick
	Bars      []rectangle
	Legend    []legend
	// Figures are what it shows, in numbers: of each column the whole and its parts.
	Of      string // what a column is of
	Unit    string
	Parts   []string
	Figures []figures
}

// yTick is a line across, and xTick a name below.
type (
	yTick struct{ Y, Label string }
	xTick struct{ X, Anchor, Label string }
)

type rectangle struct{ X, Y, Width, Height, Class, Says string }

type legend struct{ Name, Class, Value string }

type figures struct {
	Name  string
	Whole cell
	Parts []cell
}

// plotHeight is how high the highest column may be, and aboveIt how much room is above that.
const (
	plotHeight = 200
	aboveIt    = 12
)

// widthOfDigit is how wide a digit of an axis is at most, in pixels.
const widthOfDigit = 8

// mostDays is of how many days a chart has a column each. Of more it has one for each month.
const mostDays = 100

// fewestColumns is how many columns have their full width.
const fewestColumns = 12

// stacked is how much there is of a category on a day.
type stacked struct {
	day, category string
	amount
}

// amount is a number of something, and of how many messages it is unknown.
type amount struct {
	n       int64
	unknown int
}

func (a amount) plus(b amount) amount { return amount{a.n + b.n, a.unknown + b.unknown} }

// as is the amount as a cell, written so as far as it is known.
func (a amount) as(written func(int64) string) cell {
	switch {
	case a.unknown > 0 && a.n == 0:
		return cell{Text: Unknown}
	case a.unknown > 0:
		return cell{written(a.n), "and " + count(a.unknown) + " unknown"}
	}
	return cell{Text: written(a.n)}
}

// columnsOf stacks what there is on each day. Unit is that of the numbers; written says one of
// them, and axis a round one.
func columnsOf(list []stacked, unit string, written, axis func(int64) string) chart {
	var c chart
	first, last := list[0].day, list[0].day
	for _, s := range list {
		first, last = min(first, s.day), max(last, s.day)
	}
	days := daysBetween(first, last)
	c.Unit, c.Of = unit, "day"
	nameOf := func(day string) string { return day }
	if len(days) > mostDays {
		c.Of = "month"
		nameOf = func(day string) string { return day[:len("2006-01")] }
		for i := range days {
			days[i] = nameOf(days[i])
		}
		days = slices.Compact(days)
	}
	sums := make(map[[2]string]amount)
	wholes, totals := make(map[string]amount), make(map[string]amount)
	for _, s := range list {
		of := nameOf(s.day)
		part := [2]string{of, s.category}
		sums[part] = sums[part].plus(s.amount)
		wholes[of] = wholes[of].plus(s.amount)
		totals[s.category] = totals[s.category].plus(s.amount)
	}
	categories := slices.SortedFunc(maps.Keys(totals), func(a, b string) int {
		return cmp.Or(cmp.Compare(totals[b].n, totals[a].n), strings.Compare(a, b))
	})
	highest := slices.MaxFunc(days, func(a, b string) int { return cmp.Compare(wholes[a].n, wholes[b].n) })
	step := stepOf(wholes[highest].n)
	top := (wholes[highest].n + step - 1) / step * step
	for at := int64(0); at <= top; at += step {
		label := axis(at)
		c.Ticks = append(c.Ticks, yTick{height(top-at, top, aboveIt), label})
		c.AxisWidth = max(c.AxisWidth, widthOfDigit*len(label))
	}
	slots := int64(max(len(days), fewestColumns))
	for i, day := range days {
		c.Bars = append(c.Bars, barsOfDay(day, int64(i), slots, top, categories, sums, func(category string, n int64) string {
			return fmt.Sprintf("%s, %s: %s %s", spelled(day), called(category), written(n), unit)
		})...)
		row := figures{Name: day, Whole: wholes[day].as(written)}
		for _, category := range categories {
			row.Parts = append(row.Parts, sums[[2]string{day, category}].as(written))
		}
		c.Figures = append(c.Figures, row)
	}
	c.Marks = marksOf(days, slots)
	for _, category := range categories {
		total := totals[category].as(written)
		if total.Text != Unknown {
			total.Text += " " + unit
		}
		c.Legend = append(c.Legend, legend{called(category), classOf(category), strings.TrimSpace(total.Text + " " + total.Also)})
		c.Parts = append(c.Parts, called(category))
	}
	c.Caption = fmt.Sprintf("Each column is a %s. The highest is %s %s, %s.", c.Of, written(wholes[highest].n), unit, on(highest))
	c.Says = fmt.Sprintf("%s of each %s from %s to %s, by category. The highest is %s %s, %s.", unit, c.Of, spelled(days[0]), spelled(days[len(days)-1]), written(wholes[highest].n), unit, on(highest))
	return c
}

// barsOfDay are the parts of a column, from the bottom up.
func barsOfDay(day string, at, slots, top int64, categories []string, sums map[[2]string]amount, says func(string, int64) string) (bars []rectangle) {
	below := int64(0)
	for _, category := range categories {
		n := sums[[2]string{day, category}].n
		if n <= 0 {
			continue
		}
		upTo := below + n
		bars = append(bars, rectangle{
			X: percent(10*at+1, 10*slots), Width: percent(8, 10*slots),
			Y: height(top-upTo, top, aboveIt), Height: height(n, top, 0), Class: classOf(category), Says: says(category, n),
		})
		below = upTo
	}
	return bars
}

// height is a part of the height of a plot, in pixels.
func height(part, whole int64, above int) string {
	tenths := int64(above)*10 + scaled(part, whole, plotHeight*10)
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

// stepOf is how far apart the lines of a chart are: a round number, of which the highest
// column has five at most.
func stepOf(most int64) int64 {
	for step := int64(1); ; step *= 10 {
		for _, of := range []int64{1, 2, 5} {
			if (most+4)/5 <= of*step {
				return of * step
			}
		}
	}
}

// daysBetween are all days from one to another.
func daysBetween(first, last string) (days []string) {
	day, err := time.Parse(time.DateOnly, first)
	for ; err == nil && day.Format(time.DateOnly) <= last; day = day.AddDate(0, 0, 1) {
		days = append(days, day.Format(time.DateOnly))
	}
	return days
}

// mostMarks is how many columns have their name below, so that a phone has room for them.
const mostMarks = 6

// marksOf are the names of some columns.
func marksOf(days []string, slots int64) (marks []xTick) {
	every := (int(slots) + mostMarks - 1) / mostMarks // few days take a part of the width, and their names no less room
	if every > 4 && every < 7 {
		every = 7
	}
	for i := 0; i < len(days); i += max(1, every) {
		mark := xTick{X: percent(10*int64(i)+5, 10*slots), Anchor: "middle", Label: brief(days[i])}
		switch {
		case i == 0:
			mark.X, mark.Anchor = percent(1, 10*slots), "start"
		case int64(i) == slots-1:
			mark.X, mark.Anchor = percent(10*int64(i)+9, 10*slots), "end"
		}
		marks = append(marks, mark)
	}
	return marks
}

// brief is a day as 5 Oct, or a month as Oct 2026; spelled is it as 5 October 2026.
func brief(day string) string   { return dated(day, "2 Jan", "Jan 2006") }
func spelled(day string) string { return dated(day, "2 January 2006", "January 2006") }

// on is when something was.
func on(day string) string { return dated(day, "on 2 January", "in January 2006") }

func dated(s, day, month string) string {
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at.Format(day)
	}
	if at, err := time.Parse("2006-01", s); err == nil {
		return at.Format(month)
	}
	return s
}

// called is a category as people read it.
func called(category string) string {
	return cmp.Or(strings.ReplaceAll(category, "_", " "), "of no category")
}

// classOf is how a category is coloured. Those that a card has one price for share a colour, of
// which all but the first are lighter.
func classOf(category string) string {
	of := billing.Category(category)
	column := of.Column()
	class := string(column)
	switch column {
	case "":
		class = "other"
	case billing.AuthenticationInternational:
		class = string(billing.Authentication)
	}
	switch of {
	case column:
		if of == billing.AuthenticationInternational {
			return class + " lighter"
		}
		return class
	case billing.ReferralConversion:
		return class
	}
	return class + " lighter"
}
