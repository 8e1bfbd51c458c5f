package webhook

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestVerifySignature(t *testing.T) {
	// The body is as Meta sends it: escaped, and signed as it is.
	body := []byte(`{"object":"whatsapp_business_account","name":"\u00e4\/"}`)
	secret, other := []byte("first secret"), []byte("second secret")
	signed := Sign(body, secret)
	digits := signed[len("sha256="):]
	for _, c := range []struct {
		name    string
		header  string
		body    []byte
		secrets [][]byte
		want    error
	}{
		{"signed", signed, body, [][]byte{secret}, nil},
		{"rotation/old", signed, body, [][]byte{other, secret}, nil},
		{"rotation/new", Sign(body, other), body, [][]byte{other, secret}, nil},
		{"empty-body", Sign(nil, secret), nil, [][]byte{secret}, nil},
		{"another-secret", signed, body, [][]byte{other}, ErrSignatureMismatch},
		{"another-body", signed, append([]byte(" "), body...), [][]byte{secret}, ErrSignatureMismatch},
		{"no-secret", signed, body, nil, ErrSignatureMismatch},
		{"empty-secret", Sign(body, nil), body, [][]byte{{}, nil}, ErrSignatureMismatch},
		{"missing", "", body, [][]byte{secret}, ErrSignatureMissing},
		{"sha1", "sha1=" + digits[:40], body, [][]byte{secret}, ErrSignatureMalformed},
		{"no-prefix", digits, body, [][]byte{secret}, ErrSignatureMalformed},
		{"upper-case", "sha256=" + strings.ToUpper(digits), body, [][]byte{secret}, ErrSignatureMalformed},
		{"upper-case-prefix", "SHA256=" + digits, body, [][]byte{secret}, ErrSignatureMalformed},
		{"short", signed[:len(signed)-1], body, [][]byte{secret}, ErrSignatureMalformed},
		{"long", signed + "0", body, [][]byte{secret}, ErrSignatureMalformed},
		{"space", signed + " ", body, [][]byte{secret}, ErrSignatureMalformed},
		{"no-hex", "sha256=" + strings.Repeat("g", 64), body, [][]byte{secret}, ErrSignatureMalformed},
		{"two", signed + "," + signed, body, [][]byte{secret}, ErrSignatureMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := VerifySignature(c.header, c.body, c.secrets...); !errors.Is(err, c.want) {
				t.Errorf("VerifySignature = %v, want %v", err, c.want)
			}
		})
	}
}

// A known answer, computed with OpenSSL: printf '{"a":1}' | openssl dgst -sha256
// -hmac key.
func TestSign(t *testing.T) {
	if got, want := Sign([]byte(`{"a":1}`), []byte("key")), "sha256=88a67f24bbcdaed0e6c997404bb79a743baf44c6bab2f4c27328e3009d22e342"; got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
}

func FuzzSignature(f *testing.F) {
	f.Add([]byte(`{"object":"whatsapp_business_account"}`), []byte("secret"), uint(7), "sha256=")
	f.Add([]byte{}, []byte{0}, uint(500), "")
	f.Fuzz(func(t *testing.T, body, secret []byte, bit uint, header string) {
		if len(secret) == 0 {
			return
		}
		signed := Sign(body, secret)
		if err := VerifySignature(signed, body, secret); err != nil {
			t.Fatalf("the signature of %q does not verify: %v", body, err)
		}
		if header != signed && VerifySignature(header, body, secret) == nil {
			t.Errorf("%q verifies", header)
		}
		mac, err := hex.DecodeString(signed[len("sha256="):])
		if err != nil {
			t.Fatal(err)
		}
		mac[bit/8%32] ^= 1 << (bit % 8)
		if VerifySignature("sha256="+hex.EncodeToString(mac), body, secret) == nil {
			t.Errorf("verifies with bit %d of the signature flipped", bit%256)
		}
		if len(body) > 0 {
			changed := append([]byte(nil), body...)
			changed[bit/8%uint(len(body))] ^= 1 << (bit % 8)
			if VerifySignature(signed, changed, secret) == nil {
				t.Errorf("verifies with a bit of the body flipped")
			}
		}
	})
}

func TestVerifyTurnSignature(t *testing.T) {
	body, secret, other := []byte(`{"messages":[]}`), []byte("turn secret"), []byte("other")
	good := SignTurn(body, secret)
	for name, c := range map[string]struct {
		header  string
		body    []byte
		secrets [][]byte
		want    bool
	}{
		"good":           {good, body, [][]byte{secret}, true},
		"second":         {good, body, [][]byte{other, secret}, true},
		"another-secret": {good, body, [][]byte{other}, false},
		"another-body":   {good, []byte(`{"messages":[1]}`), [][]byte{secret}, false},
		"no-secret":      {good, body, nil, false},
		"empty-secret":   {SignTurn(body, nil), body, [][]byte{nil, {}}, false},
		"missing":        {"", body, [][]byte{secret}, false},
		"cut":            {good[:len(good)-2], body, [][]byte{secret}, false},
		"no-padding":     {strings.TrimRight(good, "="), body, [][]byte{secret}, false},
		"newline":        {good[:20] + "\n" + good[20:], body, [][]byte{secret}, false},
		"hexadecimal":    {strings.TrimPrefix(Sign(body, secret), "sha256="), body, [][]byte{secret}, false},
		"meta's":         {Sign(body, secret), body, [][]byte{secret}, false},
	} {
		if got := VerifyTurnSignature(c.header, c.body, c.secrets...); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
