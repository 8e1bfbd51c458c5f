package generous

import (
	"slices"
	"strings"
	"testing"
)

func TestPathsThatReachASendEdge(t *testing.T) {
	for _, tt := range []struct{ name, target, want string }{
		{"plain", "/v23.0/1/messages", "/v23.0/1/messages"},
		{"no-version", "/1/messages", "/1/messages"},
		{"odd-version", "/vlatest/1/messages", "/vlatest/1/messages"},
		{"no-node/360dialog", "/messages", "/messages"},
		{"on-premises", "/v1/messages", "/v1/messages"},
		{"me", "/v23.0/me/messages", "/v23.0/me/messages"},
		{"no-leading-slash", "v23.0/1/messages", "/v23.0/1/messages"},
		{"case", "/V23.0/1/MeSSages", "/v23.0/1/messages"},
		{"long-s", "/1/me%C5%BFsages", "/1/messages"},
		{"fullwidth", "/1/%EF%BD%8Dessages", "/1/messages"},
		{"encoded-once", "/v23.0/1/%6Dessages", "/v23.0/1/messages"},
		{"encoded-twice", "/v23.0/1/%256Dessages", "/v23.0/1/messages"},
		{"encoded-slash", "/v23.0/1%2Fmessages", "/v23.0/1/messages"},
		{"encoded-slash-twice", "/v23.0/1%252fmessages", "/v23.0/1/messages"},
		{"node-encoded-twice", "/%2531/messages", "/1/messages"},
		{"doubled-slashes", "//v23.0///1//messages", "/v23.0/1/messages"},
		{"trailing-slashes", "/v23.0/1/messages//", "/v23.0/1/messages"},
		{"dot-segments", "/x/../v23.0/./1/y/../messages/.", "/v23.0/1/messages"},
		{"encoded-dot-segments", "/x/%2e%2e/1/messages", "/1/messages"},
		{"dots-kept", "/1/messages/../media", "/1/messages/../media"},
		{"dots-above-root", "/../../1/messages", "/1/messages"},
		{"parameters", "/v23.0;a=b/1/messages;c=d", "/v23.0/1/messages"},
		{"segments-after", "/v23.0/1/messages/extra/2", "/v23.0/1/messages/extra/2"},
		{"backslashes", `/v23.0\1\messages`, "/v23.0/1/messages"},
		{"encoded-backslash", "/1%5Cmessages", "/1/messages"},
		{"absolute-form", "https://graph.facebook.com/v23.0/1/messages?a=b", "/v23.0/1/messages"},
		{"absolute-form/other-host", "HTTP://user@graph.fb.me:443/1/messages", "/1/messages"},
		{"network-path", "//graph.facebook.com/1/messages", "/graph.facebook.com/1/messages"},
		{"fragment", "/1/messages#x", "/1/messages"},
		{"encoded-question-mark", "/1/messages%3Fa=b", "/1/messages"},
		{"padded", strings.Repeat("/.", 10_000) + "/1/messages", "/1/messages"},
		{"suffix", "/1/messages.json", "/1/messages.json"},
		{"trailing-space", "/1/messages%20", "/1/messages"},
		{"control-characters", "/1/mess%00ages%0d%0a", "/1/messages"},
		{"zero-width", "/1/mes%E2%80%8Bsages", "/1/messages"},
		{"broken-escape", "/1/messages%", ""},
		{"template-catalogue", "/v23.0/1/message_templates", ""},
		{"history", "/1/message_history", ""},
		{"longer-name", "/1/messages2", ""},
		{"in-query-only", "/1/media?x=/1/messages", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sends := Read(post(tt.target, "application/json", annText))
			if tt.want == "" {
				if len(sends) != 0 {
					t.Errorf("want none, got%s", listing(sends))
				}
				return
			}
			if !slices.ContainsFunc(sends, func(s Send) bool { return s.Path == tt.want && s.To == ann }) {
				t.Errorf("no send at %s among%s", tt.want, listing(sends))
			}
		})
	}
}

func TestEdges(t *testing.T) {
	checkFound(t, []row{
		{"marketing", post("/1/Marketing_Messages/", "", annText), []string{"marketing_messages to=447700900123 text"}},
		{"encrypted/any-body", post("/1/messages_encrypted", "", "\x00\xff"), []string{"messages_encrypted encrypted"}},
		{"encrypted/encoded", post("/1/messages%5fencrypted", "", "{}"), []string{"messages_encrypted encrypted"}},
		{"calls/no-action", post("/1/calls", "", `{"to":"447700900123"}`), []string{"calls to=447700900123 connect"}},
		{
			"calls/two-actions", post("/1/calls", "", `{"to":"447700900123","action":"reject","ACTION":"Connect"}`),
			[]string{"calls to=447700900123 reject", "calls to=447700900123 connect"},
		},
		{
			"calls/recipient", post("/1/calls", "", `{"recipient":"US.40817726355190042","action":"connect"}`),
			[]string{"calls recipient=" + eve + " connect"},
		},
		{
			"two-edges", post("/1/messages/calls", "", annText),
			[]string{"messages to=447700900123 text", "calls to=447700900123 connect"},
		},
	})
}
