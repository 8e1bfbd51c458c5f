package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// soakLoad is honest senders and Meta's webhooks, for hours. Nothing that fails
// ends it: it counts.
type soakLoad struct {
	host     string
	contacts int
	client   *http.Client
	next     atomic.Uint64

	// mu guards what follows.
	mu       sync.Mutex
	phase    string
	answers  map[string]map[string]int // by phase and kind
	took     map[string]latencies      // of accepted sends, by phase
	stopped  []string                  // who said STOP, and was heard
	accepted int
	messages []message // that wait for their statuses
}

// Of each kind of request, how often one of so many clients makes it.
const (
	soakSenders = 4
	soakEvery   = 25 * time.Millisecond
	stopEvery   = time.Second
	statusEvery = 200 * time.Millisecond
)

func newSoakLoad(host string, contacts int) *soakLoad {
	return &soakLoad{
		host: host, contacts: contacts, client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
		answers: make(map[string]map[string]int), took: make(map[string]latencies),
	}
}

func (l *soakLoad) enter(phase string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phase = phase
}

// count counts an answer in the phase in which its request began: what began
// before a failure may be hit by it, and what began in one may end after.
func (l *soakLoad) count(phase, kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.phase; kind != "accepted" && kind != "heard" && phase != now {
		phase = "between " + phase + " and " + now
	}
	if l.answers[phase] == nil {
		l.answers[phase] = make(map[string]int)
	}
	l.answers[phase][kind]++
}

func (l *soakLoad) now() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phase
}

// start lets everybody loose; the channel is closed when all have ended.
func (l *soakLoad) start(ctx context.Context) <-chan struct{} {
	var all sync.WaitGroup
	every := func(d time.Duration, do func()) {
		all.Go(func() {
			tick := time.NewTicker(d)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					do()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for range soakSenders {
		every(soakEvery, l.send)
	}
	every(stopEvery, l.stop)
	every(statusEvery, l.statuses)
	ended := make(chan struct{})
	go func() {
		all.Wait()
		close(ended)
	}()
	return ended
}

func (l *soakLoad) post(path string, header http.Header, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(http.MethodPost, "http://"+l.host+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.GetBody, req.Header = nil, header // Go must not send it again by itself
	header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// send sends a text to somebody who may get one.
func (l *soakLoad) send() {
	phase, began := l.now(), time.Now()
	to := contact(scattered(l.next.Add(1), l.contacts))
	status, body, err := l.post(messagesPath, http.Header{"Authorization": {bearer}}, []byte(textTo(to)))
	took := time.Since(began)
	var answer struct {
		Messages []struct{ ID string }
		Error    struct {
			Waguard struct{ Rule, Outcome string }
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	switch {
	case err != nil:
		l.count(phase, "no answer")
	case status != http.StatusOK || len(answer.Messages) == 0:
		w := answer.Error.Waguard
		l.count(phase, strings.Join(slices.DeleteFunc([]string{fmt.Sprint(status), w.Rule, w.Outcome}, func(s string) bool { return s == "" }), " "))
	default:
		l.count(phase, "accepted")
		l.mu.Lock()
		defer l.mu.Unlock()
		l.accepted++
		l.took[phase] = append(l.took[phase], took)
		if len(l.messages) < 1000 {
			l.messages = append(l.messages, messageIn(body))
		}
	}
}

// hear delivers changes and reports whether they were acknowledged.
func (l *soakLoad) hear(changes []string) bool {
	phase := l.now()
	body := []byte(webhookWith(len(changes), func(i int) string { return changes[i] }))
	status, _, err := l.post("/webhook", http.Header{graphsim.SignatureHeader: {graphsim.Sign(appSecret, body)}}, body)
	switch {
	case err != nil:
		l.count(phase, "webhook: no answer")
	case status != http.StatusOK:
		l.count(phase, fmt.Sprint("webhook: ", status))
	default:
		l.count(phase, "heard")
		return true
	}
	return false
}

// stop is somebody new who says STOP.
func (l *soakLoad) stop() {
	n := l.next.Add(1)
	who := fmt.Sprintf("49154%08d", n%100_000_000)
	if l.hear([]string{wrote(who, fmt.Sprintf("wamid.SOAK%d", n), "STOP", time.Now().Unix())}) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.stopped = append(l.stopped, "+"+who)
	}
}

// statuses deliver what became of the newest messages.
func (l *soakLoad) statuses() {
	l.mu.Lock()
	messages := l.messages
	l.messages = nil
	l.mu.Unlock()
	var changes []string
	for _, m := range messages {
		for _, status := range []string{"sent", "delivered"} {
			changes = append(changes, m.became(status, time.Now().Unix()))
		}
	}
	if len(changes) > 0 {
		l.hear(changes[:min(len(changes), updatesPerWebhook)])
	}
}
