package main

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

// scenario is what a connection says to a proxy, request after request.
type scenario struct {
	Name  string
	About string
	// Unit is what is counted: a day of sends has more requests than sends.
	Unit string
	// script is what one connection says.
	script func(*speaker) script
	// prepare is how many texts a connection sends first, which are not measured.
	prepare int
}

// script gives the next request. It gets the answer to the one before, nil at
// first.
type script func(answer []byte) step

// step is a request and what must come of it.
type step struct {
	request []byte
	want    answer
	// units is how many of what the scenario counts this request completes.
	units int
	// made is what the ledger of a gateway has more, once it was answered.
	made counts
}

// answer is the status of an answer and something its body must have.
type answer struct {
	status int
	holds  string
}

var (
	accepted   = answer{http.StatusOK, `"wamid.`}
	refused    = answer{http.StatusBadRequest, `131047`}
	heard      = answer{http.StatusOK, ""}
	mediaTaken = answer{http.StatusOK, `"id":"`}
)

// speaker is one connection's part in a scenario.
type speaker struct {
	host     string
	gateway  bool       // or plain Caddy, which refuses nothing
	messages []message  // that were sent to prepare
	person   func() int // whom next
	spell    func(number string, i int) string
	serial   *atomic.Uint64 // of what must have a name of its own
	buf      []byte         // of the request, which is good until the next
	body     []byte
}

// scenarios are all of them.
var scenarios = []scenario{
	{Name: "text", About: "text messages to people whose customer service window is open", Unit: "sends", script: textSends},
	{Name: "template", About: "marketing template messages to people who opted in", Unit: "sends", script: templateSends},
	{Name: "allowed", About: "such texts and templates in turn", Unit: "sends", script: allowedSends},
	{Name: "refused", About: "text messages to people who never wrote; the gateway refuses them, plain Caddy passes them on", Unit: "sends", script: refusedSends},
	{Name: "batch", About: "batches of 50 texts", Unit: "sends", script: batches},
	{Name: "webhook", About: "signed webhooks of one message of a person who is known", Unit: "webhooks", script: webhooks(1)},
	{Name: "webhook-1000", About: "signed webhooks of 1,000 messages", Unit: "webhooks", script: webhooks(updatesPerWebhook)},
	{Name: "statuses", About: "signed webhooks of one status: sent, delivered and read of messages that were sent before", Unit: "webhooks", script: statuses, prepare: 100},
	{Name: "mixed", About: "a mixed day: for each send webhooks of its three statuses, and for each tenth one of a message that comes in", Unit: "messages", script: mixedDay},
	{Name: "media", About: "uploads of 1 MiB, which stream through unread", Unit: "uploads", script: uploads},
}

// scenarioNamed is a scenario by its name.
func scenarioNamed(name string) *scenario {
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.Name == name })
	return &scenarios[i]
}

func scenarioNames() string {
	names := make([]string, len(scenarios))
	for i := range scenarios {
		names[i] = scenarios[i].Name
	}
	return strings.Join(names, ", ")
}
