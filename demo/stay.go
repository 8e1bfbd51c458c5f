package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/graphsim"
)

// statusInterval is how often the simulated WhatsApp delivers what waits: about
// as long as the real one takes.
const statusInterval = 250 * time.Millisecond

// stay keeps the gateway up until ctx ends. The clock runs from now on, and
// webhooks are delivered as they arise.
func (s *stage) stay(ctx context.Context, p *printer) error {
	s.clock.Run()
	p.invitation(s)
	tick := time.NewTicker(statusInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.line()
			p.line(p.paint(dim, "Stopped. Nothing is kept."))
			return nil
		case <-tick.C:
			if _, err := s.sim.DeliverStatuses(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("delivering statuses: %w", err)
			}
		}
	}
}

// remoteControl lets people at the keyboard be the customer, and move the clock.
func (s *stage) remoteControl(mux *http.ServeMux) {
	handle := func(path string, do func(r *http.Request, body string) (string, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<10))
			said := ""
			if err == nil {
				said, err = do(r, strings.TrimSpace(string(body)))
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			fmt.Fprintln(w, said)
		})
	}
	handle("/demo/write", func(r *http.Request, body string) (string, error) {
		_, err := s.sim.Inbound(r.Context(), phoneNumberID, customer, graphsim.Text(body))
		return fmt.Sprintf("%s wrote %q", customerName, body), err
	})
	handle("/demo/wait", func(_ *http.Request, body string) (string, error) {
		d, err := caddy.ParseDuration(body)
		if err != nil || d < 0 {
			return "", fmt.Errorf("%q is no time to wait; write 90m, 24h or 7d", body)
		}
		s.clock.Advance(d)
		return "it is " + s.clock.Now().Format(dayAndTime), nil
	})
}

// invitation tells what can be tried.
func (p *printer) invitation(s *stage) {
	p.heading("Your turn", "  the gateway stays up at "+s.url+" until you press Ctrl-C")
	p.line(" It is ", s.clock.Now().Format(dayAndTime), " in the story, and the clock runs. ", customerName, " has opted out and wrote again at 15:00.")

	p.curl(s, "A reply passes, since her window is open:", text("See you then!"))
	p.curl(s, "Marketing is refused:", sale)
	p.curl(s, "An order update passes as well: what may be said freely may be said with a utility template:", shipped.about("order-4711"))

	p.try("Be "+customerName+", or let time pass, and send again:",
		"curl -d 'START' http://"+s.upstream+"/demo/write",
		"curl -d '24h' http://"+s.upstream+"/demo/wait")
	p.try("Look at it in a browser, as the user demo with the password demo:", s.url+"/console/")
	p.try("Ask the gateway, in another terminal:",
		"waguard violations --address "+s.adminAddr,
		"waguard report --address "+s.adminAddr,
		"waguard consent get --address "+s.adminAddr+" --business "+phoneNumberID+" --contact "+customerNumber)
	p.line()
}

func (p *printer) curl(s *stage, why string, m message) {
	body := string(m.body(""))
	for _, field := range []string{`"text":{`, `"template":{`, `"biz_`} {
		body = strings.ReplaceAll(body, ","+field, ",\n          "+field)
	}
	p.try(why, "curl -i "+s.url+messagesPath+" \\",
		"  -H 'Authorization: Bearer "+token+"' -H 'Content-Type: application/json' \\",
		"  -d '"+strings.ReplaceAll(body, "'", `'\''`)+"'")
}

func (p *printer) try(why string, lines ...string) {
	p.line()
	p.line(" ", p.paint(bold, why))
	p.line()
	for _, l := range lines {
		p.line("   ", l)
	}
}
