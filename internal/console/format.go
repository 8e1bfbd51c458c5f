package console

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/billing"
)

// What pages say of numbers and times.

// moment is a time as pages show it: in the zone of the console, and for machines.
type moment struct {
	// ISO is for machines, Clock is the time of day, Day the day, and Text both.
	ISO, Clock, Day, Text string
	// Ago says how long it is past, or until it is.
	Ago string
}

// Known reports that there is one.
func (m moment) Known() bool { return m.ISO != "" }

func (a *asked) moment(at time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	local := at.In(a.Zone)
	m := moment{ISO: at.UTC().Format(time.RFC3339), Clock: local.Format("15:04:05"), Day: local.Format("Mon 2 Jan 2006"), Ago: away(a.now.Sub(at))}
	m.Text = m.Day + ", " + m.Clock
	return m
}

// momentOf is a time that may be missing.
func (a *asked) momentOf(at *time.Time) moment {
	if at == nil {
		return moment{}
	}
	return a.moment(*at)
}

// zoneName is the zone of the console with how far it is from UTC now.
func (a *asked) zoneName() string {
	name := a.Zone.String()
	if offset := a.now.In(a.Zone).Format("-07:00"); name != "UTC" {
		name += " (UTC" + offset + ")"
	}
	return name
}

// away says how long ago something was, or in how long it is.
func away(since time.Duration) string {
	if since < 0 {
		return "in " + span(-since)
	}
	if since < 2*time.Second {
		return "now"
	}
	return span(since) + " ago"
}

// span is a length of time in its two largest units.
func span(d time.Duration) string {
	units := []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		n := d / u.of
		if n == 0 {
			continue
		}
		said := fmt.Sprintf("%d %s", n, u.name)
		if i+1 < len(units) {
			if rest := (d - n*u.of) / units[i+1].of; rest > 0 && n < 10 {
				said += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return said
	}
	return "0 s"
}

// count is a number with commas between its thousands.
func count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// counted is a number of things.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// money is an amount with its currency.
func money(a billing.Amount, c billing.Currency) string {
	s := a.String()
	whole, fraction, pointed := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return strings.TrimSpace(s + " " + string(c))
	}
	text := count(n)
	if n == 0 && strings.HasPrefix(whole, "-") {
		text = "−0"
	}
	if pointed {
		// Prices have parts of a cent, sums are read by cents.
		if len(fraction) > 4 {
			fraction = strings.TrimRight(fraction[:4]+strings.TrimRight(fraction[4:], "0"), "")
		}
		for len(fraction) > 2 && strings.HasSuffix(fraction, "0") {
			fraction = fraction[:len(fraction)-1]
		}
		text += "." + fraction
	}
	return strings.TrimSpace(text + " " + string(c))
}

// rate is a part of a whole in per cent.
func rate(part, whole int) string {
	switch {
	case whole == 0:
		return "–"
	case part == 0:
		return "0 %"
	case part == whole:
		return "100 %"
	}
	percent := 100 * float64(part) / float64(whole)
	switch {
	case percent < 0.1:
		return "<0.1 %"
	case percent > 99.9:
		return ">99.9 %"
	}
	return strconv.FormatFloat(percent, 'f', 1, 64) + " %"
}

// brief is a pseudonym as people tell it apart from others.
func brief(pseudonym string) string {
	return pseudonym[:min(len(pseudonym), 10)]
}

// words is a name of the wire as people read it.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// link is a page with what it is asked for; what is empty is left out.
func link(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// piece is a part of a sentence: what is to be typed as it stands is Code.
type piece struct {
	Text string
	Code bool
}

// spoken are the pieces of a sentence that has what is to be typed in backquotes.
func spoken(s string) (pieces []piece) {
	for i, part := range strings.Split(s, "`") {
		if part != "" {
			pieces = append(pieces, piece{part, i%2 == 1})
		}
	}
	return pieces
}

var functions = template.FuncMap{"spoken": spoken, "count": count[int], "counted": counted, "words": words, "brief": brief}
