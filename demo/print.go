package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	screen "github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// width is how many columns the output has at most.
const width = 100

// indent is where the lines below a step's first begin: under who does it.
const indent = 9

// dayAndTime is how points in time are written, in UTC. Its spaces don't break.
const dayAndTime = "Mon\u00a02\u00a0Jan\u00a015:04"

// printer writes the story for people. Errors of writing are not noticed: there
// is nobody left to tell.
type printer struct {
	out   io.Writer
	color bool
}

// style is how a piece of text looks on a terminal.
type style = screen.Color

const (
	plain  = screen.Reset
	bold   = screen.Bold
	dim    = screen.Faint
	red    = screen.FgRed
	green  = screen.FgGreen
	yellow = screen.FgYellow
	cyan   = screen.FgCyan
)

// colorful reports whether f is a terminal that wants colour (no-color.org).
func colorful(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// paint is text in a style, where there is colour.
func (p *printer) paint(s style, t string) string {
	if !p.color || s == plain || t == "" {
		return t
	}
	return s.Sprint(t)
}

func (p *printer) line(parts ...string) {
	text := strings.ReplaceAll(strings.Join(parts, ""), "\u00a0", " ")
	fmt.Fprintln(p.out, strings.TrimRight(text, " "))
}

// heading starts a part of the output.
func (p *printer) heading(strong, rest string) {
	p.line()
	p.line(p.paint(bold, strong), p.paint(dim, rest))
	p.line(p.paint(dim, strings.Repeat("─", width)))
}

// chapter starts a day.
func (p *printer) chapter(c *chapter) {
	p.heading(c.start().Format("Mon 2 Jan 2006"), "  "+c.title)
}

// step says when who does what.
func (p *printer) step(at, who, what string) {
	hue := cyan
	if who == customerName {
		hue = yellow
	}
	p.line()
	p.line(" ", p.paint(dim, at), "   ", p.paint(hue, pad(who, 6)), what)
}

// learned says what the gateway knows after something that was no send.
func (p *printer) learned(what string) { p.detail(dim, "· learned", dim, what) }

// judged says what the gateway made of a send, and what WhatsApp told about it.
func (p *printer) judged(a *answer, l *adminapi.Line) {
	said := string(a.category)
	switch {
	case a.category == policy.CategoryNone:
		said = "no message"
	case l.Initiation != "":
		said += ", " + string(l.Initiation) + "-initiated"
	}
	if a.code != 0 {
		said += fmt.Sprintf("; HTTP %d, error %d", a.status, a.code)
	}
	hue, verdict := green, "✓ allowed"
	if a.verdict != policy.Allow {
		hue, verdict = red, "✗ refused"
	}
	p.line(strings.Repeat(" ", indent), p.paint(hue, pad(verdict, labels)), p.paint(bold, pad(string(a.rule), 22)), said)
	p.detail(dim, "  why", dim, plainTimes(l.Reason))
	if l.Remedy != "" {
		p.detail(dim, "  remedy", plain, l.Remedy)
	}
	if what := billed(l.Delivery); what != "" {
		p.detail(dim, "  Meta", plain, what)
	}
}

// billed says in words what a status webhook told about a message.
func billed(d adminapi.Delivery) string {
	if d.Pricing == nil {
		return ""
	}
	price := "free of charge"
	if d.Pricing.Billable {
		price = "billable"
	}
	return fmt.Sprintf("%s, %s (%s, %s)", d.Status, price, d.Pricing.Category, d.Pricing.Type)
}

// plainTimes writes the times in a reason as the rest of the story does.
func plainTimes(reason string) string {
	words := strings.Split(reason, " ")
	for i, word := range words {
		if t, err := time.Parse(time.RFC3339, strings.TrimRight(word, ",")); err == nil {
			words[i] = t.Format(dayAndTime) + word[len(strings.TrimRight(word, ",")):]
		}
	}
	return strings.Join(words, " ")
}

// surprise marks what was not as expected.
func (p *printer) surprise(what string) { p.detail(red, "! SURPRISE", red, what) }

// labels is how wide the labels are that stand before details.
const labels = 11

// detail writes a labelled line below a step, wrapped.
func (p *printer) detail(labelStyle style, label string, s style, what string) {
	before := p.paint(labelStyle, pad(label, labels))
	for _, text := range wrap(what, width-indent-labels) {
		p.line(strings.Repeat(" ", indent), before, p.paint(s, text))
		before = strings.Repeat(" ", labels)
	}
}

// pad fills text with spaces to n columns, and always ends it with one.
func pad(text string, n int) string {
	return text + strings.Repeat(" ", max(n-screen.StringWidthWithoutEscSequences(text), 1))
}

// wrap breaks text at spaces into lines of n columns at most.
func wrap(text string, n int) (lines []string) {
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case line == "":
			line = word
		case screen.StringWidthWithoutEscSequences(line)+1+screen.StringWidthWithoutEscSequences(word) > n:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
