package main

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// storm is one kind of requests that come as fast as they are answered, or of
// connections that are held open.
type storm struct {
	Name  string
	About string
	// connections is how many there are at once.
	connections int
	// request is request n on the wire, and want the status of its answer.
	request func(host string, n int) []byte
	want    int
	// hold is what a connection does instead, until the storm is over.
	hold func(conn net.Conn, host string, w *weather) error
}

var storms = []storm{
	{Name: "webhooks", About: "signed webhooks, each of 1,000 messages of people who never wrote before", connections: 4, request: signedWebhook(strangerWrote), want: 200},
	{Name: "unsigned", About: "webhooks of 3 MiB, signed with another secret", connections: 4, request: foreignWebhook, want: 401},
	{Name: "stops", About: "signed webhooks, each of 1,000 failed statuses with error 131050 that name nobody", connections: 4, request: signedWebhook(stoppedStatus), want: 200},
	{Name: "duplicates", About: "one signed webhook of 1,000 statuses, again and again", connections: 4, request: repeatedWebhook(deliveredStatus), want: 200},
	{Name: "refused", About: "sends that are refused", connections: 8, request: refusedSend, want: 400},
	{Name: "bodies", About: "sends as large as max_body lets them be, which are refused", connections: 8, request: largestSend, want: 400},
	{Name: "idle", About: "connections that stay open after a request", connections: 10_000, hold: stayIdle},
	{Name: "slow-readers", About: "connections that ask for a photo of 8 MiB and do not read it", connections: 1000, hold: readNothing},
	{Name: "slow-senders", About: "connections over which a send comes byte by byte", connections: 1000, hold: sendSlowly},
}

// strangerWrote is the change that person i, whom nobody knows, wrote.
func strangerWrote(i int) string {
	return wrote(fmt.Sprintf("49153%08d", i%100_000_000), fmt.Sprintf("wamid.STORM%010d", i), "Where is my order?", time.Now().Unix())
}

func stoppedStatus(i int) string {
	return fmt.Sprintf(`"statuses":[{"id":"wamid.STOP%010d","status":"failed","timestamp":"%d","errors":[{"code":131050,"title":"User has stopped receiving marketing messages"}]}]`, i, time.Now().Unix())
}

func deliveredStatus(i int) string {
	return fmt.Sprintf(`"statuses":[{"id":"wamid.TWICE%010d","status":"delivered","timestamp":"%d","recipient_id":"49151%08d"}]`, i, time.Now().Unix(), i%100_000)
}

// webhookOf is delivery n, of as many changes as Meta puts into one.
func webhookOf(change func(i int) string, n int) string {
	return webhookWith(updatesPerWebhook, func(i int) string { return change(n*updatesPerWebhook + i) })
}

func webhookRequest(host, body, secret string) []byte {
	return fmt.Appendf(nil, "POST /webhook HTTP/1.1\r\nHost: %s\r\nUser-Agent: storm\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
		host, graphsim.SignatureHeader, graphsim.Sign(secret, []byte(body)), len(body), body)
}

func signedWebhook(change func(i int) string) func(string, int) []byte {
	return func(host string, n int) []byte { return webhookRequest(host, webhookOf(change, n), appSecret) }
}

func repeatedWebhook(change func(i int) string) func(string, int) []byte {
	var request []byte
	return func(host string, _ int) []byte {
		if request == nil {
			request = webhookRequest(host, webhookOf(change, 0), appSecret)
		}
		return request
	}
}

var foreignBody = strings.Repeat(" ", 3<<20)

// foreignWebhook has a signature that could be one: its body must be read.
func foreignWebhook(host string, _ int) []byte {
	return fmt.Appendf(nil, "POST /webhook HTTP/1.1\r\nHost: %s\r\nUser-Agent: storm\r\nContent-Type: application/json\r\n%s: sha256=%s\r\nContent-Length: %d\r\n\r\n%s",
		host, graphsim.SignatureHeader, strings.Repeat("ab", 32), len(foreignBody), foreignBody)
}

func refusedSend(host string, n int) []byte {
	s := &speaker{host: host}
	return s.send(textTo(stranger(n % 100_000)))
}

// largestSend is a send of 1 MiB, the default of max_body. Most of it is space.
func largestSend(host string, n int) []byte {
	s := &speaker{host: host}
	body := textTo(stranger(n % 100_000))
	return s.send(body + strings.Repeat(" ", 1<<20-len(body)))
}
