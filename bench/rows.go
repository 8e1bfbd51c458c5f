package main

import (
	"fmt"
	"io"
	"time"
)

// aim is what a figure must reach.
type aim struct {
	Figure   string  `json:"figure"`
	Kind     figure  `json:"kind"`
	Least    float64 `json:"aim"`
	Moonshot float64 `json:"moonshot"`
}

// figure is what kind of figure it is. Only of ratioFigure more is better.
type figure string

const (
	ratioFigure   figure = "ratio to plain Caddy, at least"
	lessFigure    figure = "ratio to plain Caddy, at most"
	latencyFigure figure = "milliseconds"
	mibFigure     figure = "MiB"
	bytesFigure   figure = "bytes"
)

// show is a figure of that kind for people.
func (f figure) show(v float64) string {
	switch f {
	case latencyFigure:
		return short(time.Duration(v * float64(time.Millisecond)))
	case mibFigure:
		return fmt.Sprintf("%.0f MiB", v)
	case bytesFigure:
		return fmt.Sprintf("%.0f B", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// row is a figure beside its aim.
type row struct {
	aim
	Value float64 `json:"value"`
	// Min and Max are the extremes of a ratio, over the rounds.
	Min     float64 `json:"min,omitempty"`
	Max     float64 `json:"max,omitempty"`
	Verdict string  `json:"verdict"`
}

func (a aim) verdict(value float64) string {
	reaches := func(wanted float64) bool {
		if a.Kind == ratioFigure {
			return value >= wanted
		}
		return value <= wanted
	}
	switch {
	case reaches(a.Moonshot):
		return "moonshot"
	case reaches(a.Least):
		return "reached"
	}
	return "MISSED"
}

func (s *suite) add(a aim, r ratio) {
	s.Rows = append(s.Rows, row{a, r.Median, r.Min, r.Max, a.verdict(r.Median)})
}

func (s *suite) one(a aim, value float64) {
	s.Rows = append(s.Rows, row{aim: a, Value: value, Verdict: a.verdict(value)})
}

func (s *suite) latency(what string, least, moonshot, value time.Duration) {
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	s.one(aim{what, latencyFigure, ms(least), ms(moonshot)}, ms(value))
}

// size is a figure in bytes, which aims in MiB are about, too.
func (s *suite) size(what string, kind figure, least, moonshot float64, bytes int64) {
	value := float64(bytes)
	if kind == mibFigure {
		value /= 1 << 20
	}
	s.one(aim{what, kind, least, moonshot}, value)
}

// writeRows prints them in Markdown.
func writeRows(w io.Writer, rows []row) {
	fmt.Fprintln(w, "| figure | measured | aim | moonshot | |\n|---|---|---|---|---|")
	for _, r := range rows {
		value := r.Kind.show(r.Value)
		if r.Max > 0 {
			value += fmt.Sprintf(" (%.2f to %.2f)", r.Min, r.Max)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", r.Figure, value, r.Kind.show(r.Least), r.Kind.show(r.Moonshot), r.Verdict)
	}
}
