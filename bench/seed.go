package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
)

// seed makes the gateway know the people, the way it learns them in production: by
// signed webhooks. Everyone writes START PROMOTIONS, which opens the window and is
// an opt-in; and Meta approves the template.
func seed(ctx context.Context, gateway *proxy, people int) error {
	if err := approve(ctx, gateway); err != nil {
		return err
	}
	now := time.Now().Unix()
	for first := 0; first < people; first += updatesPerWebhook {
		body := webhookWith(min(updatesPerWebhook, people-first), func(i int) string {
			return wrote(contact(first+i), fmt.Sprintf("wamid.SEED%09d", first+i), "START PROMOTIONS", now)
		})
		if err := deliver(ctx, gateway, body); err != nil {
			return err
		}
	}
	return introduce(ctx, gateway)
}

// introduce lets the gateway see that Meta accepts the sender, as a company's sender is
// known: strangers are held back where their sends are refused.
func introduce(ctx context.Context, gateway *proxy) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway.trust.url(gateway.addr)+"/v23.0/"+phoneNumberID, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", bearer)
	resp, err := gateway.client.Do(req)
	if err != nil {
		return fmt.Errorf("introducing the sender: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("introducing the sender: %s", resp.Status)
	}
	return nil
}

// approve is Meta's approval of the template.
func approve(ctx context.Context, gateway *proxy) error {
	body, err := graphsim.Payload(wabaID, graphsim.Update{Field: "message_template_status_update", Time: time.Now().Unix(), Value: map[string]any{
		"event": "APPROVED", "message_template_id": 594425479261596, "message_template_name": templateName,
		"message_template_language": "en_US", "message_template_category": "MARKETING", "reason": "NONE",
	}})
	if err != nil {
		return err
	}
	return deliver(ctx, gateway, string(body))
}

// deliver posts a webhook as Meta does.
func deliver(ctx context.Context, gateway *proxy, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway.trust.url(gateway.addr)+"/webhook", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(graphsim.SignatureHeader, graphsim.Sign(appSecret, []byte(body)))
	resp, err := gateway.client.Do(req)
	if err != nil {
		return fmt.Errorf("delivering a webhook: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
		return fmt.Errorf("delivering a webhook: %s: %s", resp.Status, text)
	}
	return nil
}

// ledgerCounts asks the gateway what its ledger holds.
func ledgerCounts(ctx context.Context, gateway *proxy) (counts, error) {
	admin, err := adminapi.NewClient(gateway.admin)
	if err != nil {
		return counts{}, err
	}
	report, err := admin.Report(ctx, adminapi.ReportSelection{})
	if err != nil {
		return counts{}, err
	}
	return counts{report.Total.Sends, report.Total.Accepted}, nil
}

// counts are the totals of the gateway's report that the benchmark knows.
type counts struct{ Sends, Accepted int }
