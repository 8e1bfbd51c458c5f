package console

import (
	"context"

	"github.com/waguard/waguard/internal/adminapi"
)

type eventsPage struct {
	Filter adminapi.EventSelection
	Events table
}

// events are the account events.
func events(ctx context.Context, a *asked) (*shown, error) {
	q := a.URL.Query()
	s := adminapi.EventSelection{From: q.Get("from"), To: q.Get("to"), PhoneNumberID: q.Get("number"), Kind: q.Get("kind"), Severity: q.Get("severity"), Before: q.Get("before"), Limit: 50}
	page, err := a.API.Events(ctx, s)
	if err != nil {
		return nil, err
	}
	p := &eventsPage{Filter: s, Events: eventTable(a, page.Events)}
	p.Events.Caption = "What Meta told of accounts, numbers and templates, newest first"
	p.Events.Empty = "No account events here. They come by webhooks: subscribe the app to account_update, phone_number_quality_update and the message_template fields, and send those through the gateway."
	if page.Next != "" {
		q.Set("before", page.Next)
		p.Events.More, p.Events.MoreText = "events?"+q.Encode(), "Older events"
	}
	return &shown{title: "Account events", template: "events", body: p}, nil
}

func eventTable(a *asked, list []*adminapi.EventLine) table {
	t := table{Columns: columns("time", "what happened", "about")}
	for _, e := range list {
		c := cell{Text: words(string(e.Kind)) + ": " + e.Name, Also: e.Detail, Tag: severityTags[e.Severity.String()]}
		about := cell{Text: e.About()}
		if e.Template != "" {
			about.Link = link("templates", "name", e.Template)
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{At: a.moment(e.Time)}, c, about}})
	}
	return t
}
