package command

import (
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// stream is where a command writes: data on standard output, all else on standard
// error.
type stream struct {
	io.Writer
	// terminal: a person reads it, not a program.
	terminal bool
	// colourful: the person's terminal has colours, and they are wanted
	// (no-color.org).
	colourful bool
}

func streamOf(w io.Writer) *stream {
	s := &stream{Writer: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.colourful = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return s
}

// paint is text in colours, where there are some.
func (s *stream) paint(colours text.Colors, t string) string {
	if !s.colourful || len(colours) == 0 {
		return t
	}
	return colours.Sprint(t)
}

// words are painted where they fill a cell of a table.
var words = map[string]text.Colors{
	"refuse": {text.FgRed}, "allow": {text.FgGreen}, "monitor": {text.FgYellow},
	"opted_in": {text.FgGreen}, "opted_out": {text.FgRed}, "pending": {text.FgYellow},
	"ok": {text.FgGreen}, "note": {text.FgYellow}, "problem": {text.FgRed, text.Bold},
	"critical": {text.FgRed, text.Bold}, "warning": {text.FgYellow},
}
