package rulelang

import (
	"time"

	"cel.dev/cel-go/interpreter"
)

// Input is what an expression can look at. Each field is a variable.
type Input struct {
	Send     Send
	Contact  Contact
	Window   Window
	Consent  Consent
	Template Template
	Business Business
	Sender   Sender
	// Now is the time of the decision, Local what a clock shows then where the recipient
	// may be.
	Now   time.Time
	Local Clock
}

// Send is the message.
type Send struct {
	Kind        string `cel:"kind"`
	Type        string `cel:"type"`
	Category    string `cel:"category"`
	Endpoint    string `cel:"endpoint"`
	Initiation  string `cel:"initiation"`
	AllowedBy   string `cel:"allowed_by"`
	Group       bool   `cel:"group"`
	Transaction bool   `cel:"transaction"`
}

// Contact is the recipient.
type Contact struct {
	Known        bool   `cel:"known"`
	Country      string `cel:"country"`
	CountryKnown bool   `cel:"country_known"`
	Suspected    bool   `cel:"suspected"`
}

// Window is the customer service window.
type Window struct {
	Known  bool      `cel:"known"`
	Open   bool      `cel:"open"`
	Opened time.Time `cel:"opened"`
	Closes time.Time `cel:"closes"`
}

// Consent is where the recipient stands.
type Consent struct {
	State          string    `cel:"state"`
	Source         string    `cel:"source"`
	Since          time.Time `cel:"since"`
	SinceKnown     bool      `cel:"since_known"`
	Marketing      string    `cel:"marketing"`
	Transactional  string    `cel:"transactional"`
	Authentication string    `cel:"authentication"`
}

// Template is that of the message, if it has one.
type Template struct {
	Name            string `cel:"name"`
	Language        string `cel:"language"`
	Known           bool   `cel:"known"`
	Status          string `cel:"status"`
	Category        string `cel:"category"`
	ComponentsKnown bool   `cel:"components_known"`
	HeaderMedia     bool   `cel:"header_media"`
	Buttons         bool   `cel:"buttons"`
}

// Business is the business phone number that sends.
type Business struct {
	Name          string `cel:"name"`
	PhoneNumberID string `cel:"phone_number_id"`
}

// Sender is the program that sends.
type Sender struct {
	Known bool   `cel:"known"`
	Name  string `cel:"name"`
}

// Clock is what a clock shows. Weekday is 0 on Sundays.
type Clock struct {
	Known   bool `cel:"known"`
	Year    int  `cel:"year"`
	Month   int  `cel:"month"`
	Day     int  `cel:"day"`
	Weekday int  `cel:"weekday"`
	Hour    int  `cel:"hour"`
	Minute  int  `cel:"minute"`
}

// ClockAt is what a clock shows that is some minutes before UTC.
func ClockAt(now time.Time, east int) Clock {
	at := now.UTC().Add(time.Duration(east) * time.Minute)
	return Clock{
		Known: true, Year: at.Year(), Month: int(at.Month()), Day: at.Day(), Weekday: int(at.Weekday()),
		Hour: at.Hour(), Minute: at.Minute(),
	}
}

// The names of the variables.
const (
	varNow   = "now"
	varLocal = "now_local"
)

// ResolveName makes the fields variables of an expression.
func (in *Input) ResolveName(name string) (any, bool) {
	switch name {
	case "send":
		return &in.Send, true
	case "contact":
		return &in.Contact, true
	case "window":
		return &in.Window, true
	case "consent":
		return &in.Consent, true
	case "template":
		return &in.Template, true
	case "business":
		return &in.Business, true
	case "sender":
		return &in.Sender, true
	case varNow:
		return in.Now, true
	case varLocal:
		return &in.Local, true
	}
	return nil, false
}

// Parent is that of no other input.
func (in *Input) Parent() interpreter.Activation { return nil }
