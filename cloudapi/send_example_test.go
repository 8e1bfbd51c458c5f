package cloudapi_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"

	"github.com/waguard/waguard/cloudapi"
)

// What happens to a request before it may pass: its address and header are
// classified, then its body is read.
func ExampleReadSends() {
	r := httptest.NewRequest("POST", "/v25.0/104455667788/messages", strings.NewReader(`{
		"messaging_product": "whatsapp",
		"to": "+49 1511 2345678",
		"type": "template",
		"template": {"name": "parcel_ready", "language": {"code": "de"}}
	}`))
	r.Header.Set("Content-Type", "application/json")

	route, refusal := cloudapi.Classify(cloudapi.Cloud, r, "")
	if refusal != nil {
		fmt.Println(refusal)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	home := func(phoneNumberID string) string { return "49" }
	reading, refusal := cloudapi.ReadSends(route, r.Header.Get("Content-Type"), body, home)
	if refusal != nil {
		fmt.Println(refusal)
		return
	}
	for _, s := range reading.Sends {
		fmt.Println(s.PhoneNumberID, s.Type, s.Template.Name, s.Template.Language, s.To)
	}
	// Output: 104455667788 template parcel_ready de [+49*********78]
}

// A key twice means one thing to one reader and another to the next.
func ExampleRefusal() {
	r := httptest.NewRequest("POST", "/v25.0/104455667788/messages", nil)
	route, _ := cloudapi.Classify(cloudapi.Cloud, r, "")
	_, refusal := cloudapi.ReadSends(route, "application/json", []byte(`{"to":"+15550100","to":"+15550199"}`), nil)
	fmt.Println(refusal.Rule)
	fmt.Println(refusal.Reason)
	fmt.Println(refusal.Remedy)
	// Output:
	// UNREADABLE
	// the body is not JSON with one meaning: a key appears twice in the object that ends at byte 35
	// send one JSON object, with each key once
}
