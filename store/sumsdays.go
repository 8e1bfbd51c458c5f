package store

import (
	"time"
)

// days finds the days of quarters, in the time zones of what is counted.
type days struct {
	zone func(*Alike) *time.Location
	// from is the quarter in which what is counted begins: no day begins before.
	from  int64
	zones map[*time.Location]map[int64]int64
	// kinds are those zones by kind, and locs which they are; nil for quarters.
	kinds []map[int64]int64
	locs  []*time.Location
}

func newDays(zone func(*Alike) *time.Location, from int64) *days {
	return &days{zone: zone, from: from, zones: make(map[*time.Location]map[int64]int64)}
}

// of is with which quarter the day begins that q lies in, and how many quarters later
// the one of the delivery, which came so many after q.
func (d *days) of(t *tally, q, after int64, kind uint32) (day, later int64) {
	for int(kind) >= len(d.kinds) {
		a := t.alike(countKey{kind: uint32(len(d.kinds))})
		loc := d.zone(&a)
		if loc != nil && d.zones[loc] == nil {
			d.zones[loc] = make(map[int64]int64)
		}
		d.kinds, d.locs = append(d.kinds, d.zones[loc]), append(d.locs, loc)
	}
	if d.locs[kind] == nil {
		return q, after
	}
	day = max(d.begin(q, kind), d.from)
	if after == 0 {
		return day, 0
	}
	return day, max(d.begin(q+after, kind)-day, 0)
}

func (d *days) begin(q int64, kind uint32) int64 {
	known := d.kinds[kind]
	begin, ok := known[q]
	if !ok {
		begin = dayBegins(q, d.locs[kind])
		known[q] = begin
	}
	return begin
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
