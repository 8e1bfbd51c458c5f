package caddymodule

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/waguard/waguard/gateway"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/ntp"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/badger"
	"github.com/waguard/waguard/store/postgres"
)

// adminDoctor answers what is not as it should be, as far as the gateway itself can
// tell. Without its store it tells of all that needs none; st is nil then.
func adminDoctor(a *App, st store.Store, w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d := &adminapi.Diagnosis{}
	add := func(findings ...adminapi.Finding) { d.Findings = append(d.Findings, findings...) }
	if _, err := a.acquire(); err != nil {
		add(adminapi.Trouble("store", "see the next findings and the gateway's log; until the store is there sends are refused, and those in monitor mode pass unrecorded", "%v", err))
	} else {
		add(storeFindings(ctx, st)...)
	}
	switch p := a.provider.(type) {
	case *BadgerStore:
		add(diskFinding(st), witnessFinding(p))
		add(modeFindings(p)...)
	case *PostgresStore:
		add(databaseFindings(ctx, p)...)
	default:
		add(diskFinding(st))
	}
	add(clockFinding(a.gateway, ntp.Synchronized))
	add(a.doorFindings()...)
	numbers, templates, err := a.gateway.Survey(ctx)
	if err == nil {
		add(webhookFindings(numbers, a.gateway.Now())...)
		add(modeFinding(numbers))
	} else {
		add(adminapi.Unchecked("webhooks, mode and templates", "mend the store, and ask again", "the store can't be read: %v", err))
	}
	add(syncFindings(a.gateway.Sync.Load())...)
	add(figuresFindings(a.gateway.Figures.Load())...)
	if len(a.gateway.Endpoints) > 0 && err == nil {
		states, err := a.gateway.EndpointStates(ctx)
		if err == nil {
			add(notifyFindings(states)...)
		} else {
			add(adminapi.Unchecked("notify", "mend the store, and ask again", "how far the endpoints for events are can't be read: %v", err))
		}
	}
	if err == nil {
		add(templateFindings(templates, policy.MomentOf(a.gateway.Now()))...)
		if score, err := a.gateway.RecentScore(ctx); err == nil {
			add(scoreFinding(score))
		}
	}
	return jsonAnswer(w, d)
}

func storeFindings(ctx context.Context, st store.Store) (findings []adminapi.Finding) {
	const check = "store"
	if err := st.Check(ctx); err != nil {
		findings = append(findings, adminapi.Trouble(check, "see the gateway's log; until the store reads and writes again sends are refused, and those in monitor mode pass unrecorded", "the store does not serve: %v", err))
	}
	if watched, ok := st.(store.Watched); ok {
		c := watched.Condition()
		for _, notice := range c.Notices {
			remedy := "run `waguard store check`; docs/reference/damage.md says what each kind of damage means"
			if _, shared := st.(*postgres.Store); shared {
				remedy = "do what it says; docs/how-to/run-replicas.md has more. It is looked at again every minute"
			}
			findings = append(findings, adminapi.Trouble(check, remedy, "%s", notice))
		}
		if c.Unreadable > 0 {
			findings = append(findings, adminapi.Trouble(check, "run `waguard store check`, and restore a backup if it finds damage", "%d reads met a record that can't be read", c.Unreadable))
		}
	}
	if refused := refusedStore.Load(); refused != nil {
		findings = append(findings, adminapi.Trouble(check, "mend the configuration and reload it; the one before goes on serving", "a configuration was refused: %v", refused))
	}
	if len(findings) > 0 {
		return findings
	}
	const sound = "it reads and writes, and nothing is known to be missing or damaged"
	if b, ok := st.(*badger.Store); ok {
		return append(findings, adminapi.OK(check, "%s; its records have version %d", sound, b.Schema()))
	}
	findings = append(findings, adminapi.OK(check, sound))
	return findings
}

// databaseFindings look at the database of a store.
func databaseFindings(ctx context.Context, p *PostgresStore) (findings []adminapi.Finding) {
	s, err := postgres.Look(ctx, p.dsn, p.options)
	if err != nil {
		return []adminapi.Finding{adminapi.Trouble("database", "see that the database runs, and that it lets this gateway in", "%s: %v", p.address, err)}
	}
	for _, r := range s.Remarks(p.address, p.options, time.Now()) {
		findings = append(findings, adminapi.Finding{Check: r.Check, Status: adminapi.CheckStatus(r.Level), Finding: r.Finding, Remedy: r.Remedy})
	}
	return findings
}

// lowDisk is how many times what is needed there should be on the store's disk: with
// less somebody should make room.
const lowDisk = 10

func diskFinding(st store.Store) adminapi.Finding {
	const check, remedy = "disk", "make room, or shorten ledger_retention; at %d MiB sends are refused (in monitor mode they pass unrecorded), a third below that opt-outs can't be recorded either"
	var m store.Measure
	if measured, ok := st.(store.Measured); ok {
		m = measured.Measure()
	}
	if m.Needed == 0 {
		return adminapi.Unchecked(check, "watch the disk by other means", "the system doesn't say how much room the store's disk has")
	}
	room := fmt.Sprintf("%d MiB are free on the store's disk, which takes %d MiB", m.Free>>20, m.Bytes>>20)
	switch advice := fmt.Sprintf(remedy, m.Needed>>20); {
	case m.Full():
		return adminapi.Trouble(check, advice, "%s: sends are refused, those in monitor mode pass unrecorded", room)
	case m.Free < lowDisk*m.Needed:
		return adminapi.Trouble(check, advice, "%s", room)
	}
	return adminapi.OK(check, "%s", room)
}

// witnessPath is where the store's witness is.
func (b *BadgerStore) witnessPath() string {
	return cmp.Or(b.options.witness, b.path+".witness")
}

func witnessFinding(b *BadgerStore) adminapi.Finding {
	const check, remedy = "witness", "see that the gateway's user can write there, or name another file with the store's option `witness`"
	if _, err := os.Stat(b.witnessPath()); err != nil {
		return adminapi.Trouble(check, remedy, "that the store's directory was replaced by an older copy would not be noticed: %v", err)
	}
	return adminapi.OK(check, "%s says how far the store has got", b.witnessPath())
}

// modeFindings look whether others can read what the store keeps.
func modeFindings(b *BadgerStore) (findings []adminapi.Finding) {
	const check = "file modes"
	for _, path := range []string{b.path, b.witnessPath()} {
		info, err := os.Stat(path)
		if err != nil {
			continue // which other findings say
		}
		if mode := info.Mode().Perm(); info.IsDir() && mode&0o077 != 0 {
			findings = append(findings, adminapi.Trouble(check, "chmod 700 "+path, "others on this machine can reach the store: %s has mode %04o", path, mode))
		} else if mode&0o022 != 0 {
			findings = append(findings, adminapi.Trouble(check, "chmod go-w "+path, "others on this machine can change %s, by which losses are noticed: it has mode %04o", path, mode))
		}
	}
	if len(findings) == 0 {
		findings = append(findings, adminapi.OK(check, "%s is the gateway's user's alone", b.path))
	}
	return findings
}

// clockFinding compares the clock with WhatsApp's; where too few webhooks came, it
// asks the system whether it is kept.
func clockFinding(g *gateway.Gateway, synchronized func() (kept, known bool)) adminapi.Finding {
	const check, remedy = "clock", "set it by NTP, such as with systemd-timesyncd or chrony: windows and consents are weighed by it"
	ahead, known, wrong := g.Clocks.Difference(g.Now())
	side := "behind"
	if ahead < 0 {
		side = "ahead of"
	}
	if wrong {
		return adminapi.Trouble(check, remedy, "this machine's clock is %s %s WhatsApp's", ahead.Abs().Round(time.Second), side)
	}
	if !known {
		const few = "too few webhooks came in the last 15 minutes to compare it with WhatsApp's"
		switch kept, told := synchronized(); {
		case !told:
			return adminapi.Unchecked(check, "see that it is set by NTP, or ask again after webhooks have come", "%s", few)
		case !kept:
			return adminapi.Note(check, remedy, "%s, and the system says that nothing keeps it", few)
		}
		return adminapi.OK(check, "the system says that it is kept; %s", few)
	}
	return adminapi.OK(check, "it differs from WhatsApp's by less than a minute")
}

// doorFindings look at the handlers of the configuration.
func (a *App) doorFindings() (findings []adminapi.Finding) {
	const guard, subscription, listeners = "guard", "webhook subscription", "ports"
	d, err := doorsOf(a.ctx)
	if err != nil || len(d.guards) == 0 {
		findings = append(findings, adminapi.Trouble(guard, "add `whatsapp_guard` in front of the reverse_proxy to graph.facebook.com", "no route has a whatsapp_guard: no send is judged"))
	} else if len(a.past) == 0 {
		findings = append(findings, adminapi.OK(guard, "sends are judged"))
	}
	for _, found := range a.past {
		what, remedy, _ := strings.Cut(found, ": ")
		findings = append(findings, adminapi.Trouble(guard, remedy, "%s", what))
	}
	before := len(findings)
	switch {
	case err != nil || len(d.webhooks) == 0:
		findings = append(findings, adminapi.Trouble(subscription, "add a route with `whatsapp_webhook`, and make its URL the callback URL of the app at Meta",
			"no route has a whatsapp_webhook: the gateway hears of no message, no STOP and no status"))
	default:
		for _, h := range d.webhooks {
			if !h.usable {
				findings = append(findings, adminapi.Trouble(subscription, "set app_secret to the secret of the app at Meta (App settings, Basic)", "a whatsapp_webhook has no secret that can be used: every delivery is refused"))
			}
			if len(h.AppSecrets) > 0 && h.verifyToken == "" {
				findings = append(findings, adminapi.Trouble(subscription, "set verify_token to a word of your own, and the same one at Meta", "a whatsapp_webhook has no verify_token: Meta can't set up the callback URL"))
			}
		}
		if len(findings) == before {
			findings = append(findings, adminapi.OK(subscription, "the webhook has what it needs to take deliveries"))
		}
	}
	switch {
	case err != nil || len(d.guards) == 0 || len(d.webhooks) == 0:
	case len(d.shared) > 0:
		findings = append(findings, adminapi.Note(listeners, "put them on two ports, and let nobody but Meta in to the one and nobody but your senders to the other",
			"guard and webhook are on the same listener (%s): who can deliver a webhook can also send", strings.Join(d.shared, ", ")))
	default:
		findings = append(findings, adminapi.OK(listeners, "guard and webhook are on listeners of their own"))
	}
	if unset := d.unset(); len(unset) > 0 {
		findings = append(findings, adminapi.Trouble("callers", "set it where the gateway gets its environment or files from, and restart",
			"a matcher of senders has a placeholder that is empty (%s): it lets nobody in", strings.Join(unset, ", ")))
	}
	return findings
}

// shownNumbers is how many numbers or templates a finding names.
const shownNumbers = 5

// some are the first of many names.
func some(names []string) string {
	if more := len(names) - shownNumbers; more > 0 {
		return strings.Join(names[:shownNumbers], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

func webhookFindings(n *gateway.Numbers, now time.Time) (findings []adminapi.Finding) {
	const check = "webhooks"
	const remedy = "see at Meta that the app is subscribed to the account (POST /<waba id>/subscribed_apps) and to the field messages, and that its callback URL is the gateway's"
	var silent, never, heard []string
	var newest policy.Moment
	for i := range n.Numbers {
		b := &n.Numbers[i]
		name := b.PhoneNumberID
		if b.Name != "" {
			name = b.Name + " (" + b.PhoneNumberID + ")"
		}
		switch {
		case b.Mode == gateway.ModeNotServed:
		case b.Silent, b.LastWebhook == 0 && b.Sends.Count > 0:
			silent = append(silent, name)
		case b.LastWebhook == 0:
			never = append(never, name)
		default:
			heard = append(heard, name)
			newest = max(newest, b.LastWebhook)
		}
	}
	if len(silent) > 0 {
		findings = append(findings, adminapi.Trouble(check, remedy, "numbers that send and get no webhooks, so that nobody hears a STOP: %s", some(silent)))
	}
	if len(never) > 0 {
		findings = append(findings, adminapi.Note(check, remedy, "numbers of which no webhook ever came; they haven't sent lately: %s", some(never)))
	}
	if len(heard) > 0 {
		findings = append(findings, adminapi.OK(check, "they come for %s, the newest %s ago", some(heard), now.Sub(newest.Time()).Round(time.Second)))
	}
	if len(findings) == 0 {
		findings = append(findings, adminapi.Note(check, remedy, "no webhook has ever come"))
	}
	return findings
}

func modeFinding(n *gateway.Numbers) adminapi.Finding {
	const check = "mode"
	var monitored []string
	for i := range n.Numbers {
		if b := &n.Numbers[i]; b.Mode == gateway.ModeMonitor {
			monitored = append(monitored, b.PhoneNumberID)
		}
	}
	if len(monitored) > 0 {
		return adminapi.Note(check, "`waguard violations --summary` says what enforcing would refuse", "in monitor mode nothing is refused: %s", some(monitored))
	}
	return adminapi.OK(check, "every number enforces")
}

func templateFindings(c *gateway.Catalogue, now policy.Moment) (findings []adminapi.Finding) {
	const check = "templates"
	var unknown, unsendable, recategorised, old []string
	for i := range c.Templates {
		t := &c.Templates[i]
		name := strings.TrimSuffix(t.Ref.Name+"/"+t.Ref.Language, "/")
		if t.Uses.Count > 0 && (!t.Known || t.Category.Value == "") {
			unknown = append(unknown, name)
		}
		if t.Uses.Count > 0 && !t.Sendable {
			unsendable = append(unsendable, name+" ("+t.Status.Value+")")
		}
		if t.Recategorised != "" {
			recategorised = append(recategorised, fmt.Sprintf("%s (%s, told %s)", name, t.Category.Value, t.Recategorised))
		}
	}
	for i := range c.Accounts {
		if !gateway.Listed(&c.Accounts[i], now) {
			old = append(old, c.Accounts[i].WABA)
		}
	}
	const list = "list the templates once through the gateway (GET /<waba id>/message_templates), and subscribe the app to message_template_status_update"
	if len(unknown) > 0 {
		findings = append(findings, adminapi.Trouble(check, list, "sent in the last days, and nobody has told their category: %s", some(unknown)))
	}
	if len(unsendable) > 0 {
		findings = append(findings, adminapi.Trouble(check, "have the senders use another template, or mend this one in WhatsApp Manager", "sent in the last days, and Meta doesn't send them: %s", some(unsendable)))
	}
	if len(recategorised) > 0 {
		findings = append(findings, adminapi.Note(check, "they are judged by the category billed; see that the people they go to opted in to it", "Meta bills under another category than it told: %s", some(recategorised)))
	}
	if len(old) > 0 {
		findings = append(findings, adminapi.Note(check, list, "of accounts whose whole list was not read in the last 24 hours a template that nobody told of may exist: %s", some(old)))
	}
	switch {
	case len(c.Templates) == 0:
		findings = append(findings, adminapi.Note(check, list, "nothing is known of any template yet"))
	case len(findings) == 0:
		findings = append(findings, adminapi.OK(check, "%d are known, and nothing is wrong with those in use", len(c.Templates)))
	}
	return findings
}
