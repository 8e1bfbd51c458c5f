package store

import (
	"time"
)

// days finds the days of quarters, in the time zones of what is counted.
type days struct {
	zone func(*Alike) *time.Location
	// from is the quarter in which what is counted begins: no day begins before.
	from int64
	// apart are quarters with which a part of a day begins.
	apart []int64
	zones map[*time.Location]*zoneDays
	// kinds are those zones by kind; nil for quarters.
	kinds []*zoneDays
}

func newDays(detail *Detail, from int64) *days {
	d := &days{zone: detail.Days, from: from, zones: make(map[*time.Location]*zoneDays)}
	for _, at := range detail.Apart {
		d.apart = append(d.apart, numberOf(at+quarter-1))
	}
	return d
}

// of is with which quarter the day begins that q lies in, and how many quarters later
// the one of the delivery, which came so many after q.
func (d *days) of(t *tally, q, after int64, kind uint32) (day, later int64) {
	for int(kind) >= len(d.kinds) {
		a := t.alike(countKey{kind: uint32(len(d.kinds))})
		loc := d.zone(&a)
		if loc != nil && d.zones[loc] == nil {
			d.zones[loc] = &zoneDays{loc: loc, apart: d.apart, known: make(map[int64]span)}
		}
		d.kinds = append(d.kinds, d.zones[loc])
	}
	zone := d.kinds[kind]
	if zone == nil {
		return q, after
	}
	day = max(zone.begin(q, &zone.sent), d.from)
	if after == 0 {
		return day, 0
	}
	return day, max(zone.begin(q+after, &zone.delivered)-day, 0)
}

// zoneDays are the days of a time zone.
type zoneDays struct {
	loc   *time.Location
	apart []int64
	known map[int64]span // by quarters in them
	// sent and delivered are those that were asked for last. Mostly they are asked for again.
	sent, delivered span
}

// span is a day, from one quarter to another.
type span struct{ begin, end int64 }

// begin is when the day begins that a quarter lies in; last is the one that was found before.
func (z *zoneDays) begin(q int64, last *span) int64 {
	if q < last.begin || q >= last.end {
		found, ok := z.known[q]
		if !ok {
			found = dayOf(q, z.loc)
			for _, at := range z.apart {
				if at <= q {
					found.begin = max(found.begin, at)
				} else {
					found.end = min(found.end, at)
				}
			}
			z.known[q] = found
		}
		*last = found
	}
	return last.begin
}

// dayOf is the day that q lies in, or the part of it around q.
func dayOf(q int64, zone *time.Location) span {
	day := span{begin: dayBegins(q, zone)}
	// No day has more than 25 hours, unless a country leaves its side of the date line.
	if day.end = dayBegins(day.begin+26*4, zone); day.end <= q {
		day.end = q + 1
	}
	return day
}

// dayBegins is the first quarter of the day that q lies in.
func dayBegins(q int64, zone *time.Location) int64 {
	y, m, d := beginOf(q).Time().In(zone).Date()
	begin := time.Date(y, m, d, 0, 0, 0, 0, zone)
	// Where clocks are put forward at midnight, there is none.
	for begin.Day() != d {
		begin = begin.Add(15 * time.Minute)
	}
	return begin.Unix() / (15 * 60)
}
