package cloudapi

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/policy"
)

func TestReadSendAnswer(t *testing.T) {
	phone := func(v string) policy.Identity { return policy.Identity{Kind: policy.Phone, Value: v} }
	user := policy.Identity{Kind: policy.BSUID, Value: "BR.998877665544"}
	for _, c := range []struct {
		name    string
		status  int
		body    string
		want    Answer
		success bool
	}{
		{
			"template", 200,
			`{"messaging_product":"whatsapp","contacts":[{"input":"+55 11 98765-4321","wa_id":"551187654321"}],"messages":[{"id":"wamid.A","message_status":"accepted"}]}`,
			Answer{Status: 200, Wamid: "wamid.A", MessageStatus: "accepted", Learned: []policy.Identity{phone("551187654321")}},
			true,
		},
		{
			"input-differs", 200,
			`{"contacts":[{"input":"+12125550147","wa_id":"12125550148"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A", Learned: []policy.Identity{phone("12125550148")}},
			true,
		},
		{
			// Meta put the business's calling code before it: the input has no
			// reading of its own.
			"input-without-plus", 200,
			`{"contacts":[{"input":"2125550147","wa_id":"12125550147"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A", Learned: []policy.Identity{phone("12125550147")}},
			true,
		},
		{
			"user-id-and-phone", 200,
			`{"contacts":[{"input":"+551187654321","wa_id":"5511987654321","user_id":"BR.998877665544"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A", Learned: []policy.Identity{phone("551187654321"), user}},
			true,
		},
		{
			"user-id", 200, `{"contacts":[{"input":"BR.998877665544","user_id":"BR.998877665544"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A", Learned: []policy.Identity{user}},
			true,
		},
		{
			"parent-user-id", 200, `{"contacts":[{"input":"BR.ENT.42","user_id":"BR.998877665544"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A", Learned: []policy.Identity{user}},
			true,
		},
		{
			// Meta read the digits of a user id in `to` as a phone number.
			"user-id-as-phone", 200, `{"contacts":[{"input":"BR.998877665544","wa_id":"998877665544"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A"},
			true,
		},
		{
			"group", 200, `{"contacts":[{"input":"Y2FwaV9ncm91cDox","wa_id":"Y2FwaV9ncm91cDox"}],"messages":[{"id":"wamid.A","group_id":"Y2FwaV9ncm91cDox"}]}`,
			Answer{Status: 200, Wamid: "wamid.A"},
			true,
		},
		{
			"several-contacts", 200, `{"contacts":[{"wa_id":"12125550147"},{"wa_id":"12125550148"}],"messages":[{"id":"wamid.A"}]}`,
			Answer{Status: 200, Wamid: "wamid.A"},
			true,
		},
		{"receipt", 200, `{"success":true}`, Answer{Status: 200, Confirmed: true}, true},
		{"call", 200, `{"messaging_product":"whatsapp","calls":[{"id":"wacid.A"}]}`, Answer{Status: 200, Wamid: "wacid.A"}, true},
		{
			"error", 400, `{"error":{"message":"(#131047) Re-engagement message","type":"OAuthException","code":131047,"fbtrace_id":"A1"}}`,
			Answer{Status: 400, ErrorCode: 131047},
			false,
		},
		{"error/zero", 401, `{"error":{"message":"token","code":0}}`, Answer{Status: 401}, false},
		{"error/with-200", 200, `{"error":{"code":"100"},"messages":[{"id":"wamid.A"}]}`, Answer{Status: 200, Wamid: "wamid.A", ErrorCode: 100}, false},
		{"garbage/html", 502, "<html>Bad gateway</html>", Answer{Status: 502}, false},
		{"garbage/types", 200, `{"contacts":"x","messages":{"id":1},"error":[]}`, Answer{Status: 200}, false},
		{"garbage/empty", 200, "", Answer{Status: 200}, false},
		{"garbage/array", 200, "[1", Answer{Status: 200, Elements: nil}, false},
		{
			"batch", 200,
			` [{"code":200,"headers":[{"name":"Content-Type","value":"text/javascript"}],"body":"{\"contacts\":[{\"input\":\"+12125550147\",\"wa_id\":\"12125550147\"}],\"messages\":[{\"id\":\"wamid.A\"}]}"},` +
				`{"code":400,"body":"{\"error\":{\"code\":131008}}"},null,7,{"code":"200","body":{"messages":[{"id":"wamid.B"}]}}]`,
			Answer{Status: 200, Elements: []Answer{
				{Status: 200, Wamid: "wamid.A", Learned: []policy.Identity{phone("12125550147")}},
				{Status: 400, ErrorCode: 131008},
				{},
				{},
				{Status: 200},
			}},
			false,
		},
		{"batch/error", 400, `{"error":{"code":190}}`, Answer{Status: 400, ErrorCode: 190}, false},
		{"batch/empty", 200, `[]`, Answer{Status: 200, Elements: []Answer{}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ReadSendAnswer(c.status, []byte(c.body))
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got.Success() != c.success {
				t.Errorf("success %t, want %t", got.Success(), c.success)
			}
		})
	}
}

func TestAnswerElement(t *testing.T) {
	whole := ReadSendAnswer(400, []byte(`{"error":{"code":190}}`))
	if got := whole.Element(3); got.ErrorCode != 190 {
		t.Errorf("element 3 of a refused batch: %+v", got)
	}
	batch := ReadSendAnswer(200, []byte(`[{"code":400,"body":"{\"error\":{\"code\":100}}"}]`))
	if got := batch.Element(0); got.Status != 400 || got.ErrorCode != 100 {
		t.Errorf("element 0: %+v", got)
	}
	if got := batch.Element(1); got.Status != 0 || got.Success() {
		t.Errorf("element that is not there: %+v", got)
	}
}

// What readAccepted reads, readAnyAnswer reads alike, however odd its parts.
func TestAnswerAccepted(t *testing.T) {
	if _, ok := readAccepted(200, []byte(acceptedAnswer)); !ok {
		t.Error("Meta's usual answer takes the long way")
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{
			`"+12125550147"`, `"12125550147"`, `"US.1A"`, `"wamid.A"`, `"wamid\u002eA"`, `"\u0000"`, `"\ud800"`, `"\u00e9é"`, `""`,
			`null`, `7`, `12125550147`, `true`, `"true"`, `{}`, `[]`, `{"code":100}`,
		})
		object := func(keys []string, value *rapid.Generator[string]) *rapid.Generator[string] {
			member := rapid.Map(rapid.SampledFrom(keys), func(key string) string { return `"` + key + `":` + value.Draw(t, key) })
			return rapid.Map(rapid.SliceOfN(member, 0, 4), func(members []string) string { return "{" + strings.Join(members, ",") + "}" })
		}
		element := object([]string{"input", "wa_id", "user_id", "id", "message_status", "ID", "wa\\u005fid", "group_id"}, text)
		list := rapid.Map(rapid.SliceOfN(rapid.OneOf(element, element, text), 0, 2), func(elements []string) string { return "[" + strings.Join(elements, ",") + "]" })
		root := object([]string{"messaging_product", "contacts", "messages", "Messages", "m\\u0065ssages", "calls", "success", "error", "x"},
			rapid.OneOf(list, list, list, text))
		comparePaths(t, 200, []byte(root.Draw(t, "answer")))
	})
}

// comparePaths checks that an answer that can be read the short way says the same
// the long way.
func comparePaths(t interface{ Errorf(string, ...any) }, status int, body []byte) {
	if accepted, ok := readAccepted(status, body); ok {
		if whole := readAnyAnswer(status, body); !reflect.DeepEqual(accepted, whole) {
			t.Errorf("%s is read as %+v the short way, as %+v the long one", body, accepted, whole)
		}
	}
}

const acceptedAnswer = `{"messaging_product":"whatsapp","contacts":[{"input":"+4917604069012","wa_id":"4917604069012"}],` +
	`"messages":[{"id":"wamid.HBgNE09wlpGBdc4H3JMLMCJ4qBLAFalwGek3"}]}`

func BenchmarkReadSendAnswer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if a := ReadSendAnswer(200, []byte(acceptedAnswer)); !a.Success() {
			b.Fatal(a)
		}
	}
}

func FuzzSendAnswer(f *testing.F) {
	f.Add(200, []byte(`{"contacts":[{"input":"+12125550147","wa_id":"12125550147"}],"messages":[{"id":"wamid.A"}]}`))
	f.Add(200, []byte(`[{"code":200,"body":"{\"messages\":[{\"id\":\"wamid.A\"}]}"},null]`))
	f.Add(400, []byte(`{"error":{"code":131047}}`))
	f.Add(200, []byte(acceptedAnswer))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := ReadSendAnswer(status, body)
		if a.Status != status {
			t.Errorf("status %d, want %d", a.Status, status)
		}
		comparePaths(t, status, body)
		for _, one := range append(a.Elements, a) {
			kinds := ""
			for _, id := range one.Learned {
				kinds += string(rune('0' + id.Kind))
			}
			if strings.Count(kinds, "2") > 1 || strings.Contains(kinds, "0") {
				t.Errorf("learned %v", one.Learned)
			}
		}
	})
}

// Meta's answer names somebody else if its number is no other spelling of the one
// that was judged.
func TestElsewhere(t *testing.T) {
	user := policy.Identity{Kind: policy.BSUID, Value: "DE.1"}
	for _, c := range []struct {
		name           string
		judged, answer string
		want           bool
	}{
		{"same", "4915112345678", "4915112345678", false},
		{"brazil/ninth-digit", "5511987654321", "551187654321", false},
		{"brazil/fixed-line", "5511932654321", "551132654321", true},
		{"mexico", "525512345678", "5215512345678", false},
		{"argentina", "541123456789", "5491123456789", false},
		{"other-country", "3212345678", "13212345678", true},
		{"neighbour", "4915112345678", "4915112345679", true},
		{"renumbered-somehow", "22170012345", "221770012345", false},
		{"two-numbers-that-end-alike", "4930123456", "49301123456", true},
		{"no-number", "4915112345678", "", false},
	} {
		judged, err := identity.WaID(c.judged)
		if err != nil {
			t.Fatal(err)
		}
		learned := []policy.Identity{user}
		if c.answer != "" {
			id, err := identity.WaID(c.answer)
			if err != nil {
				t.Fatal(err)
			}
			learned = append(learned, id)
		}
		if got := Elsewhere(learned, judged); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if Elsewhere([]policy.Identity{identity.Phone("4915112345678")}, user) {
		t.Error("the number of a person named by user id is taken for somebody else's")
	}
}
