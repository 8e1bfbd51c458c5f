package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/waguard/waguard/graphsim"
	"github.com/waguard/waguard/internal/adminapi"
)

// updatesPerWebhook is the most Meta puts into one delivery.
const updatesPerWebhook = 1000

// seed makes the gateway know the contacts, the way it learns them in
// production: by signed webhooks. Everyone writes START PROMOTIONS, which opens the window
// and is an opt-in; and Meta approves the template.
func seed(ctx context.Context, gateway *proxy, contacts int) error {
	now := time.Now().Unix()
	template := graphsim.Update{Field: "message_template_status_update", Time: now, Value: map[string]any{
		"event": "APPROVED", "message_template_id": 594425479261596, "message_template_name": templateName,
		"message_template_language": "en_US", "message_template_category": "MARKETING", "reason": "NONE",
	}}
	if err := deliver(ctx, gateway, template); err != nil {
		return err
	}
	for first := 0; first < contacts; first += updatesPerWebhook {
		var updates []graphsim.Update
		for i := first; i < min(first+updatesPerWebhook, contacts); i++ {
			updates = append(updates, started(i, now))
		}
		if err := deliver(ctx, gateway, updates...); err != nil {
			return err
		}
	}
	return nil
}

// started is the update that person i wrote START PROMOTIONS.
func started(i int, at int64) graphsim.Update {
	number := strings.TrimPrefix(contact(i), "+")
	return graphsim.Update{Field: "messages", Value: map[string]any{
		"messaging_product": "whatsapp",
		"metadata":          map[string]any{"display_phone_number": strings.TrimPrefix(displayNumber, "+"), "phone_number_id": phoneNumberID},
		"contacts":          []any{map[string]any{"profile": map[string]any{"name": "Person " + strconv.Itoa(i)}, "wa_id": number}},
		"messages": []any{map[string]any{
			"from": number, "id": fmt.Sprintf("wamid.SEED%08d", i), "timestamp": strconv.FormatInt(at, 10),
			"type": "text", "text": map[string]any{"body": "START PROMOTIONS"},
		}},
	}}
}

// deliver posts a webhook as Meta does.
func deliver(ctx context.Context, gateway *proxy, updates ...graphsim.Update) error {
	body, err := graphsim.Payload(wabaID, updates...)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+gateway.addr+"/webhook", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(graphsim.SignatureHeader, graphsim.Sign(appSecret, body))
	resp, err := http.DefaultClient.Do(req)
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
