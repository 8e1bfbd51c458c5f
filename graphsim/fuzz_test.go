package graphsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waguard/waguard/graphsim"
)

// FuzzServeHTTP: whatever comes in, the Sim answers, and what it answers to an API path is JSON.
func FuzzServeHTTP(f *testing.F) {
	for _, fields := range accepted {
		f.Add("POST", "/v25.0/"+numberID+"/messages", "", "application/json", message(`"to":"+4915112345678",`+fields))
	}
	f.Add("POST", "/", "", "application/x-www-form-urlencoded", "batch=%5B%7B%22relative_url%22%3A%221%22%7D%5D")
	f.Add("POST", "/messages", "template[name]=a&template[components][0][type]=body&a[]=1&a[[]=2", "multipart/form-data; boundary=b", "--b\r\n\r\n--b--")
	f.Add("DELETE", "/"+numberID+"/block_users", "method=post", "", `{"messaging_product":"whatsapp","block_users":[1,{"user":7}]}`)
	f.Add("GET", "/"+waba+"/message_templates", "fields=a{b,c},,}{&limit=2&after=eA==", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, contentType, body string) {
		sim := graphsim.New(graphsim.Options{Templates: catalogue, DirectSend: []string{"utility"}})
		r := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, RequestURI: path, Proto: "HTTP/1.1",
			Header: http.Header{"Content-Type": {contentType}, "Authorization": {"Bearer t"}},
			Body:   io.NopCloser(strings.NewReader(body)),
		}
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		if !strings.Contains(path, "whatsapp_media") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: answer %d %q is not JSON", method, path, w.Code, w.Body)
		}
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("%s %s: status %d", method, path, w.Code)
		}
	})
}
