package webhook_test

import (
	"fmt"
	"time"

	"github.com/waguard/waguard/cloudapi/webhook"
	"github.com/waguard/waguard/policy"
)

func ExampleParse() {
	secret := []byte("the app's secret")
	body := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"900100200300","changes":[{"field":"messages","value":{
		"metadata":{"phone_number_id":"104455667788","display_phone_number":"12125550100"},
		"messages":[{"id":"wamid.A","from":"12125550147","timestamp":"1791600000","type":"text","text":{"body":"STOP"}}]}}]}]}`)
	header := webhook.Sign(body, secret) // what Meta puts into X-Hub-Signature-256

	if err := webhook.VerifySignature(header, body, secret); err != nil {
		fmt.Println(err)
		return
	}
	told, err := webhook.Parse(body, webhook.Options{Words: policy.NewWords(), Now: time.Unix(1791600010, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range told.Events {
		switch e := e.(type) {
		case policy.ServiceWindowOpened:
			fmt.Println("window opened at", e.At, "by", e.Who)
		case policy.ConsentChanged:
			fmt.Println(e.State, e.Scopes, "by", e.Source)
		}
	}
	// Output:
	// window opened at 2026-10-10T02:40:00Z by [+12*******47]
	// opted_out [marketing transactional authentication] by chat_keyword
}
