package billing

// Send is one send, as far as it is counted.
type Send struct {
	Fate Fate
	// Status is what status webhooks told last, in Meta's words; "" for nothing.
	Status string
	// Charged: Meta says that it charges for the message.
	Charged bool
	// Template: it is a template. ByBusiness: no customer service window was open.
	Template, ByBusiness bool
}

// Fate is how far a send got on its way to Meta.
type Fate int

const (
	// Refused: it never left.
	Refused Fate = iota
	// Accepted: Meta took it.
	Accepted
	// Failed: Meta rejected it, or it never got there.
	Failed
	// Unknown: it may have been sent.
	Unknown
)

// Notification is the one class of messages that can be counted apart.
const Notification = "notification"

// Notification reports whether s is a notification, sent or refused: a template
// while no customer service window was open, which policies call a push
// notification. A send that was refused before anybody looked at the window is none.
func (s Send) Notification() bool { return s.Template && s.ByBusiness }

// Counts are what s adds to a report. Meta charges for what was delivered, where it
// says that it does.
func (s Send) Counts() Counts {
	c := Counts{Sends: 1}
	switch s.Fate {
	case Accepted:
		c.Accepted = 1
	case Failed:
		c.Failed = 1
	case Unknown:
		c.Unknown = 1
	}
	switch s.Status {
	case "delivered", "read", "played":
		c.Delivered = 1
	case "failed":
		c.Failed = 1
	}
	if s.Charged && c.Delivered == 1 {
		c.Billable = 1
	}
	return c
}
