package policy

import "time"

// Window is a customer service window: the time in which a business phone
// number may send free-form messages to one person.
type Window struct {
	// Opened is the newest event that opened it; never means it never was.
	Opened Moment
	// Closes is the first moment at which it is closed.
	Closes Moment
}

// WindowOf is the window after its newest opening event, shortened by margin. A
// negative margin doesn't make it longer.
func WindowOf(opened Moment, margin time.Duration) Window {
	if opened == 0 {
		return Window{}
	}
	return Window{Opened: opened, Closes: opened.Add(WindowLength - max(margin, 0))}
}

// OpenAt reports whether the window is open at now. It is strict at the edge:
// 24 hours after the opening event it is closed.
func (w Window) OpenAt(now Moment) bool { return w.Opened != 0 && now < w.Closes }

// openReason says since when and until when the window is open.
func (w Window) openReason() string {
	var buf [128]byte // nearly every reply has this reason
	b := w.Opened.append(append(buf[:0], "the user was in touch at "...))
	return string(w.Closes.append(append(b, ", the customer service window is open until "...)))
}

// closedReason says since when the window is closed.
func (w Window) closedReason() string {
	if w.Opened == 0 {
		return "the customer service window is closed: the user has not written to or called this number"
	}
	return "the customer service window is closed: the user was last in touch at " + w.Opened.String() + " and the window ended at " + w.Closes.String()
}

// unknownReason says why nobody knows whether the window is open: the store is that of a
// backup of a time.
func (w Window) unknownReason(restored Moment) string {
	reason := "it is not known whether the customer service window is open: the store was restored from a backup of " + restored.String() +
		", and whether the user has written to or called this number since then is not in it"
	if w.Opened != 0 {
		reason += "; before, they were last in touch at " + w.Opened.String()
	}
	return reason
}

const useTemplate = "use an approved template, or wait until the user writes"
