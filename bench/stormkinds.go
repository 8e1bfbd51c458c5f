package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// storm is one kind of requests that come as fast as they are answered.
type storm struct {
	Name  string
	About string
	// connections is how many of its requests are under way at once.
	connections int
	// request is request n on the wire.
	request func(host string, n int) []byte
	want    int // status
}

var storms = []storm{
	{"webhooks", "signed webhooks, each of 1,000 messages of people who never wrote before", 4, signedWebhook(strangerWrote), 200},
	{"unsigned", "webhooks of 3 MiB, signed with another secret", 4, foreignWebhook, 401},
	{"stops", "signed webhooks, each of 1,000 failed statuses with error 131050 that name nobody", 4, signedWebhook(stoppedStatus), 200},
	{"duplicates", "one signed webhook of 1,000 statuses, again and again", 4, repeatedWebhook(deliveredStatus), 200},
	{"refused", "sends that are refused", 8, refusedSend, 400},
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
