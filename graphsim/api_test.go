package graphsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waguard/waguard/graphsim"
)

func TestListTemplates(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	for i := range 7 {
		w.PutTemplate(graphsim.Template{Name: fmt.Sprintf("t%d", i), Language: "de", Category: []string{"UTILITY", "MARKETING"}[i%2]})
	}
	var names []string
	path := "/v25.0/" + waba + "/message_templates?fields=name,category,quality_score{score}&limit=3"
	pages := 0
	for path != "" {
		status, answer := w.call("GET", path, "")
		if status != 200 {
			t.Fatalf("answer %d %v", status, answer)
		}
		pages++
		for _, item := range at(answer, "data").([]any) {
			node := item.(map[string]any)
			names = append(names, str(node["name"]))
			if len(node) != 4 || node["id"] == nil || at(node, "quality_score", "score") != "UNKNOWN" {
				t.Errorf("node = %v, want id, name, category, quality_score", node)
			}
		}
		if after := at(answer, "paging", "cursors", "after"); after == nil {
			t.Errorf("page without cursor: %v", answer)
		}
		path = strings.TrimPrefix(str(at(answer, "paging", "next")), w.url)
	}
	if got := strings.Join(names, " "); got != "t0 t1 t2 t3 t4 t5 t6" || pages != 3 {
		t.Errorf("%d pages with %s", pages, got)
	}
	_, answer := w.call("GET", "/"+waba+"/message_templates?category=marketing&limit=2", "")
	if got := at(answer, "data", 1, "name"); got != "t3" {
		t.Errorf("second marketing template = %v, want t3", got)
	}
	for _, query := range []string{"limit=0", "limit=x", "after=%25"} {
		if status, answer := w.call("GET", "/"+waba+"/message_templates?"+query, ""); status != 400 {
			t.Errorf("%s: answer %d %v, want 400", query, status, answer)
		}
	}
}

func TestCreateAndDeleteTemplate(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	const path = "/v25.0/" + waba + "/message_templates"
	create := func(fields string) (int, map[string]any) { return w.call("POST", path, "{"+fields+"}") }
	const components = `"components":[{"type":"BODY","text":"Hi {{1}}"}]`
	status, answer := create(`"name":"promo","language":"de","category":"marketing",` + components)
	if status != 200 || answer["status"] != "PENDING" || answer["category"] != "MARKETING" || answer["id"] == nil {
		t.Fatalf("answer %d %v", status, answer)
	}
	if _, node := w.call("GET", "/v25.0/"+str(answer["id"])+"?fields=name,status", ""); node["name"] != "promo" || node["status"] != "PENDING" {
		t.Errorf("node = %v", node)
	}
	for _, fields := range []string{
		`"language":"de","category":"MARKETING",` + components,
		`"name":"promo","category":"MARKETING",` + components,
		`"name":"x","language":"de",` + components,
		`"name":"Big Name","language":"de","category":"MARKETING",` + components,
		`"name":"x","language":"de","category":"SERVICE",` + components,
		`"name":"x","language":"de","category":"MARKETING"`,
		`"name":"promo","language":"de","category":"MARKETING",` + components, // exists
	} {
		if status, answer := create(fields); status != 400 || num(at(answer, "error", "code")) != 100 {
			t.Errorf("%s: answer %d %v, want code 100", fields, status, answer)
		}
	}
	if status, answer := w.call("DELETE", path+"?name=promo", ""); status != 200 || answer["success"] != true {
		t.Errorf("answer %d %v", status, answer)
	}
	if status, _ := w.call("DELETE", path+"?name=promo", ""); status != 400 {
		t.Errorf("second delete: %d, want 400", status)
	}
	if status, _ := w.call("DELETE", path, ""); status != 400 {
		t.Errorf("nameless delete: %d, want 400", status)
	}
}

func TestMedia(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	content := bytes.Repeat([]byte{0x89, 'P', 'N', 'G', 0xff}, 1000)
	upload := func(fields map[string]string, data []byte) (int, map[string]any) {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		for name, value := range fields {
			if err := form.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		if data != nil {
			part, err := form.CreatePart(textproto.MIMEHeader{
				"Content-Disposition": {`form-data; name="file"; filename="a.png"`}, "Content-Type": {"image/png"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(data); err != nil {
				t.Fatal(err)
			}
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		return w.callAs("POST", "/v25.0/"+numberID+"/media", form.FormDataContentType(), b.String())
	}
	status, answer := upload(map[string]string{"messaging_product": "whatsapp", "type": "image/png"}, content)
	id := str(answer["id"])
	if status != 200 || id == "" {
		t.Fatalf("answer %d %v", status, answer)
	}
	_, node := w.call("GET", "/v25.0/"+id, "")
	if node["mime_type"] != "image/png" || num(node["file_size"]) != len(content) || node["sha256"] == nil {
		t.Errorf("node = %v", node)
	}
	link, err := url.Parse(str(node["url"]))
	if err != nil {
		t.Fatal(err)
	}
	resp := w.request("GET", link.Path, "", "")
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, content) {
		t.Errorf("download: %d bytes, %v; want %d", len(got), err, len(content))
	}
	if status, _ := upload(map[string]string{"type": "image/png"}, content); status != 400 {
		t.Errorf("without messaging_product: %d, want 400", status)
	}
	if status, _ := upload(map[string]string{"messaging_product": "whatsapp"}, nil); status != 400 {
		t.Errorf("without file: %d, want 400", status)
	}
	if status, answer := w.call("DELETE", "/v25.0/"+id, ""); status != 200 || answer["success"] != true {
		t.Errorf("delete: %d %v", status, answer)
	}
	if status, _ := w.call("GET", "/v25.0/"+id, ""); status != 400 {
		t.Errorf("after delete: %d, want 400", status)
	}
	gone := w.request("GET", link.Path, "", "")
	defer gone.Body.Close()
	if gone.StatusCode != 404 {
		t.Errorf("download after delete: %d, want 404", gone.StatusCode)
	}
}

func TestNodes(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	_, number := w.call("GET", "/v25.0/"+numberID+"?fields=display_phone_number,quality_rating", "")
	if number["id"] != numberID || number["display_phone_number"] != "+49 30 555123" || number["verified_name"] != nil {
		t.Errorf("number = %v", number)
	}
	_, account := w.call("GET", "/"+waba, "")
	if account["id"] != waba || account["name"] == nil {
		t.Errorf("account = %v", account)
	}
	_, numbers := w.call("GET", "/v25.0/"+waba+"/phone_numbers", "")
	if at(numbers, "data", 0, "id") != numberID {
		t.Errorf("numbers = %v", numbers)
	}
}

func TestBlockUsers(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	const path = "/v25.0/" + numberID + "/block_users"
	body := func(user string) string { return message(`"block_users":[{"user":"` + user + `"}]`) }
	list := func() []any {
		_, answer := w.call("GET", path, "")
		return at(answer, "data").([]any)
	}
	// Only people who wrote within the last day can be blocked.
	status, answer := w.call("POST", path, body("+4915112345678"))
	if status != 400 || num(at(answer, "error", "code")) != 139100 || at(answer, "block_users", "failed_users", 0, "input") != "+4915112345678" {
		t.Errorf("answer %d %v, want 139100", status, answer)
	}
	w.hears(ana, graphsim.Text("hi"))
	status, answer = w.call("POST", path, body("+49 1511 2345678"))
	if status != 200 || at(answer, "block_users", "added_users", 0, "wa_id") != "4915112345678" {
		t.Fatalf("answer %d %v", status, answer)
	}
	if got := list(); len(got) != 1 || at(got[0], "wa_id") != "4915112345678" {
		t.Errorf("list = %v", got)
	}
	w.text("4915112345678")
	if got := w.failure(); got != 131026 {
		t.Errorf("send to blocked user: failed with %d, want 131026", got)
	}
	if status, answer := w.call("POST", path, body(ana.ParentUserID)); status != 400 ||
		num(at(answer, "block_users", "failed_users", 0, "errors", 0, "code")) != 131062 {
		t.Errorf("parent id: %d %v, want 131062", status, answer)
	}
	w.clock.Add(48 * time.Hour) // unblocking needs no recent message
	if status, answer := w.call("DELETE", path, body(ana.UserID)); status != 200 ||
		at(answer, "block_users", "removed_users", 0, "user_id") != ana.UserID {
		t.Errorf("unblock: %d %v", status, answer)
	}
	if got := list(); len(got) != 0 {
		t.Errorf("list = %v, want empty", got)
	}
	for name, body := range map[string]string{
		"not blocked": body("+4915112345678"), "nobody": body("+4915119876543"), "words": body("ana"), "no list": message(`"block_users":[]`),
	} {
		if status, answer := w.call("DELETE", path, body); status != 400 {
			t.Errorf("%s: %d %v, want 400", name, status, answer)
		}
	}
}

func TestBatch(t *testing.T) {
	w := newWorld(t, graphsim.Options{})
	form := url.Values{"messaging_product": {"whatsapp"}, "to": {"4915112345678"}, "type": {"text"}, "text": {`{"body":"hi"}`}}.Encode()
	elements, err := json.Marshal([]map[string]any{
		{"method": "POST", "relative_url": numberID + "/messages", "body": form},
		{"method": "POST", "relative_url": "v25.0/" + numberID + "/messages", "body": plainText},
		{"method": "POST", "relative_url": numberID + "/messages?" + form},
		{"method": "POST", "relative_url": numberID + "/messages", "body": "to=1"},
		{"relative_url": numberID},
		{"method": "POST", "relative_url": "", "body": "batch=[]"},
		{"method": "POST", "relative_url": "/", "body": "batch=[]"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, contentType, body string }{
		{"json", "/", "", `{"batch":` + string(elements) + `}`},
		{"json/versioned", "/v25.0/", "", `{"batch":` + string(elements) + `}`},
		{"any-node", "/" + numberID + "/messages", "", `{"batch":` + string(elements) + `}`},
		{"form", "/", "application/x-www-form-urlencoded", url.Values{"batch": {string(elements)}}.Encode()},
		{"query", "/?" + url.Values{"batch": {string(elements)}}.Encode(), "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.Reset()
			resp := w.request("POST", tt.path, tt.contentType, tt.body)
			defer resp.Body.Close()
			var answers []struct {
				Code int
				Body string
			}
			if err := json.NewDecoder(resp.Body).Decode(&answers); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("answer %d, %v", resp.StatusCode, err)
			}
			want := []int{200, 200, 200, 400, 200, 400, 400}
			if len(answers) != len(want) {
				t.Fatalf("%d answers, want %d", len(answers), len(want))
			}
			for i, a := range answers {
				if a.Code != want[i] || !json.Valid([]byte(a.Body)) {
					t.Errorf("answer %d = %+v, want %d", i, a, want[i])
				}
			}
			if got := len(w.Sends()); got != 3 {
				t.Errorf("%d sends, want 3", got)
			}
		})
	}
	for _, body := range []string{`{"batch":"x"}`, `{"batch":[]}`, `{"batch":[` + strings.Repeat(`{},`, 50) + `{}]}`} {
		if status, _ := w.call("POST", "/", body); status != 400 {
			t.Errorf("%.40s: %d, want 400", body, status)
		}
	}
}
