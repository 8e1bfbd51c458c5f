package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// facts are what the gateway has acknowledged.
type facts struct {
	opened   []string // people whose window is open
	optedOut []string // people who said STOP
	sent     []string // ids of sends Meta accepted
	refused  []string // ids of refusals, unless the log says they couldn't be recorded
}

func (f *facts) add(o facts) {
	f.opened, f.optedOut = append(f.opened, o.opened...), append(f.optedOut, o.optedOut...)
	f.sent, f.refused = append(f.sent, o.sent...), append(f.refused, o.refused...)
}

// load is senders and webhooks on a gateway.
type load struct {
	stop context.CancelFunc
	done sync.WaitGroup
	mu   *sync.Mutex // guards the facts
	g    *gateway
}

// load lets people write, say STOP and be written to until the end.
func (g *gateway) load(t testing.TB, d *rand.Rand) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop, mu: new(sync.Mutex), g: g}
	round := g.rounds
	g.rounds++
	g.began = time.Now()
	g.facts = facts{}
	g.sim.Reset()
	open := make(chan string, 1000)
	for w := range 2 {
		l.done.Go(func() {
			l.people(ctx, fmt.Sprintf("+49151%d%05d", w, round%100000), graphsim.Text("Hello"), func(who string) {
				g.opened = append(g.opened, who)
				select {
				case open <- who:
				default:
				}
			})
		})
	}
	l.done.Go(func() {
		l.people(ctx, fmt.Sprintf("+491603%05d", round%100000), graphsim.Text("STOP"), func(who string) { g.optedOut = append(g.optedOut, who) })
	})
	for range 1 + d.IntN(8) {
		l.done.Go(func() {
			client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				select {
				case who := <-open:
					l.send(ctx, client, who)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	l.done.Go(func() {
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for ctx.Err() == nil {
			l.send(ctx, client, "+4917012345678") // who never wrote
		}
	})
	return l
}

// people let one after the other write, and note who was heard.
func (l *load) people(ctx context.Context, prefix string, m graphsim.Message, heard func(who string)) {
	for i := 0; ctx.Err() == nil && i < 1000; i++ {
		who := fmt.Sprintf("%s%03d", prefix, i)
		if _, err := l.g.sim.Inbound(ctx, number, graphsim.User{Phone: who}, m); err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		l.mu.Lock()
		heard(who)
		l.mu.Unlock()
	}
}

// send sends a text, and notes what became of it.
func (l *load) send(ctx context.Context, client *http.Client, to string) {
	body := fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"text","text":{"body":"Hello"}}`, to)
	req, err := http.NewRequest(http.MethodPost, l.g.url+"/v25.0/"+number+"/messages", bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err)
	}
	req.GetBody = nil // so that Go does not send it again by itself
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer test-token")
	resp, err := client.Do(req)
	if err != nil {
		time.Sleep(time.Millisecond)
		return
	}
	defer resp.Body.Close()
	var answer struct {
		Error struct {
			Waguard struct{ Unrecorded bool }
		}
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return
	}
	_ = json.Unmarshal(raw, &answer) // Meta's answers have none of it
	id := resp.Header.Get("X-Waguard-Id")
	if id == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case resp.StatusCode == http.StatusOK:
		l.g.sent = append(l.g.sent, id)
	case resp.Header.Get("X-Waguard-Decision") == "refuse" && resp.StatusCode < 500 && !answer.Error.Waguard.Unrecorded:
		l.g.refused = append(l.g.refused, id)
	}
}

// end waits for the last answers.
func (l *load) end() {
	l.stop()
	l.done.Wait()
}
