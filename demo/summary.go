package demo

import (
	"context"
	"fmt"
	"strings"

	"github.com/waguard/waguard/billing"
	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/policy"
)

// intro says what is about to happen.
func (p *printer) intro(s *stage, o options) {
	p.line()
	p.line(" ", p.paint(bold, "waguard demo"), p.paint(dim, "  a week between a shop and a customer"))
	p.line()
	p.line("   shop's program  ⇄  ", p.paint(bold, "waguard"), "  ⇄  simulated WhatsApp  ⇄  ", customerName)
	p.line()
	p.line(" Sends go right and signed webhooks come back left, over HTTP on this machine. The clock is")
	p.line(" moved by hand. The gateway serves one business phone number:")
	p.line()
	text := business
	if o.verbose {
		text = s.caddyfile
	}
	for row := range strings.Lines(text) {
		p.line("   ", p.paint(dim, strings.ReplaceAll(strings.TrimRight(row, "\n"), "\t", "    ")))
	}
}

// sumUp prints the violations and what Meta bills, as the gateway tells them.
func (s *stage) sumUp(ctx context.Context, p *printer) error {
	page, err := s.admin.Page(ctx, adminapi.Violations, adminapi.Selection{})
	if err != nil {
		return fmt.Errorf("listing the violations: %w", err)
	}
	p.violations(page.Entries)
	report, err := s.admin.Report(ctx, adminapi.ReportSelection{})
	if err != nil {
		return fmt.Errorf("asking for the report: %w", err)
	}
	p.bill(report)
	return nil
}

func (p *printer) violations(list []*adminapi.Line) {
	p.heading("Violations", "  what was stopped before it reached WhatsApp, newest first")
	row := func(s style, cells ...string) {
		widths := []int{18, 24, 12, 26, 10}
		text := " "
		for i, cell := range cells {
			text += pad(cell, widths[i])
		}
		p.line(p.paint(s, strings.TrimRight(text, " ")))
	}
	row(dim, "TIME", "RULE", "CATEGORY", "MESSAGE", "CONTACT")
	for _, l := range list {
		row(plain, l.Time.Format(dayAndTime), string(l.Rule), string(l.Category), l.Message(), l.Contact[:min(10, len(l.Contact))])
	}
}

// bill prints the report by category, with the days added up.
func (p *printer) bill(report *billing.Report) {
	p.heading("Billing", "  what Meta charges, as its status webhooks told the gateway")
	row := func(s style, name string, counts ...any) {
		p.line(p.paint(s, " "+pad(name, 18)+fmt.Sprintf(strings.Repeat("%12v", len(counts)), counts...)))
	}
	row(dim, "CATEGORY", "SENDS", "REFUSED", "ACCEPTED", "DELIVERED", "BILLABLE")
	var all, refusedInAll int
	for _, category := range []policy.Category{policy.CategoryMarketing, policy.CategoryUtility, policy.CategoryService, policy.CategoryNone} {
		var c billing.Counts
		refused := 0
		for _, r := range report.Rows {
			if r.Category != string(category) {
				continue
			}
			if r.Decision == string(policy.Refuse) {
				refused += r.Sends
			}
			c.Sends += r.Sends
			c.Accepted += r.Accepted
			c.Delivered += r.Delivered
			c.Billable += r.Billable
		}
		all, refusedInAll = all+c.Sends, refusedInAll+refused
		name := string(category)
		if category == policy.CategoryNone {
			name = "read receipts"
		}
		row(plain, name, c.Sends, refused, c.Accepted, c.Delivered, c.Billable)
	}
	t := report.Total
	row(bold, "total", t.Sends, refusedInAll, t.Accepted, t.Delivered, t.Billable)
}

// verdict says whether all went as expected, and what to do next.
func (p *printer) verdict(surprises int, o options) {
	p.line()
	if surprises > 0 {
		p.line(" ", p.paint(red, "✗ Not as expected in "+places(surprises)+", marked SURPRISE above."))
	} else {
		p.line(" ", p.paint(green, "✓ Every send was judged as expected, and nothing refused reached WhatsApp."))
	}
	if o.listen == "" {
		p.line()
		p.line(" Try it with curl:  ", p.paint(bold, "waguard demo --listen 127.0.0.1:8080"))
	}
}

func places(n int) string {
	if n == 1 {
		return "1 place"
	}
	return fmt.Sprint(n, " places")
}
