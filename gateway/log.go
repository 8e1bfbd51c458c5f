package gateway

import (
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// Contacts is how people appear in logs.
type Contacts string

// How people may appear: by a keyed hash, by country and last two digits, or by
// number. The zero value is Pseudonym.
const (
	Pseudonym Contacts = "pseudonym"
	Masked    Contacts = "masked"
	Clear     Contacts = "clear"
)

// field is somebody as they may appear in a log: by a name, if there is one, or by
// pseudonym.
func (c Contacts) field(key string, who policy.Identity, contact policy.ContactID) zap.Field {
	switch {
	case who.IsZero():
		return zap.Skip()
	case c == Clear:
		return zap.String(key, who.Value)
	case c == Masked:
		return zap.String(key, who.String())
	case contact.IsZero():
		return zap.Skip()
	}
	return zap.String(key, contact.String())
}

// report tells what was decided about a send, and writes its one log line: at info level where it was refused
// or would have been, or passes as an exception, else at debug level. Where
// monitor mode promised that it passes and it does not, the line says why.
func (d *Sends) report(j *Judged) {
	d.Observer.Decided(j)
	s, e, why := j.Send, j.Entry, zap.Skip()
	level, message := zapcore.DebugLevel, "send allowed"
	switch {
	case e.Decision.Exception():
		level, message = zapcore.InfoLevel, "send allowed as an exception"
	case e.Fallback != nil:
		level, message = zapcore.InfoLevel, "template sent in place of a text, whose customer service window is closed"
	case e.Monitored:
		level, message = zapcore.InfoLevel, "send would be refused"
	case e.Violation() && j.exception != "":
		level, message, why = zapcore.InfoLevel, "send refused although in monitor mode", zap.String("why", j.exception)
	case e.Violation():
		level, message = zapcore.InfoLevel, "send refused"
	case slices.ContainsFunc(e.Decision.Warnings, func(w policy.RuleWarning) bool { return !w.Budget }):
		level, message = zapcore.InfoLevel, "send allowed with a warning"
	}
	line := d.Log.Check(level, message)
	if line == nil {
		return
	}
	line.Write(
		zap.Stringer("id", e.ID),
		zap.String("decision", e.Tag()),
		zap.String("rule", string(e.Decision.Rule)),
		zap.String("reason", e.Decision.Reason),
		zap.String("remedy", e.Decision.Remedy),
		zap.String("category", string(e.Decision.Category)),
		zap.String("initiation", string(e.Decision.Initiation)),
		zap.String("phone_number_id", e.Send.PhoneNumberID),
		zap.String("business", e.Business),
		zap.String("sender", e.Sender),
		zap.String("sender_token", e.Token),
		zap.String("type", e.Send.Type),
		zap.String("template", e.Send.Template.Name),
		d.Contacts.field("contact", s.For(&e.Decision), e.Contact()),
		why,
		proposed(j.alternatives),
		unlessEmpty("fallback", j.fallbackRefused), // why no template was sent in place of a text
		unlessEmpty("rule_id", e.Decision.RuleID),  // of the operator's own rule that refused
		warned(e.Decision.Warnings),
	)
}

func unlessEmpty(key, value string) zap.Field {
	if value == "" {
		return zap.Skip()
	}
	return zap.String(key, value)
}

// proposed are the templates that would pass in place of the send.
func proposed(list []cloudapi.Alternative) zap.Field {
	if len(list) == 0 {
		return zap.Skip()
	}
	said := make([]string, len(list))
	for i, a := range list {
		said[i] = a.Name + " (" + a.Language + ", " + string(a.Category) + ")"
	}
	return zap.Strings("alternatives", said)
}

// warned is what such rules warn of.
func warned(warnings []policy.RuleWarning) zap.Field {
	if len(warnings) == 0 {
		return zap.Skip()
	}
	said := make([]string, len(warnings))
	for i, w := range warnings {
		said[i] = w.Rule + ": " + w.Reason
	}
	return zap.Strings("warnings", said)
}

// ContactField is a person of whom a webhook told, as they may appear in a log.
func (g *Gateway) ContactField(who []policy.Identity) zap.Field {
	st, err := g.Open()
	if len(who) == 0 || err != nil {
		return zap.Skip()
	}
	return g.Contacts.field("contact", who[0], st.Pseudonym(who[0]))
}
