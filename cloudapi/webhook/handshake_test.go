package webhook

import (
	"errors"
	"net/url"
	"testing"
)

func TestChallenge(t *testing.T) {
	for _, c := range []struct {
		name, query, token string
		want               string
		err                error
	}{
		{"meta", "hub.mode=subscribe&hub.challenge=73310954&hub.verify_token=open+sesame", "open sesame", "73310954", nil},
		{"token", "hub.mode=subscribe&hub.challenge=73310954&hub.verify_token=open", "open sesame", "", ErrHandshakeToken},
		{"token/none", "hub.mode=subscribe&hub.challenge=73310954", "open sesame", "", ErrHandshakeToken},
		{"token/twice", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=a&hub.verify_token=a", "a", "", ErrHandshakeToken},
		{"token/not-configured", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=", "", "", ErrHandshakeToken},
		{"mode", "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=a", "a", "", ErrHandshakeMode},
		{"mode/none", "hub.challenge=1&hub.verify_token=a", "a", "", ErrHandshakeMode},
		{"underscores", "hub_mode=subscribe&hub_challenge=1&hub_verify_token=a", "a", "", ErrHandshakeMode},
		{"challenge/none", "hub.mode=subscribe&hub.verify_token=a", "a", "", ErrHandshakeMode},
		{"challenge/markup", "hub.mode=subscribe&hub.verify_token=a&hub.challenge=<script>", "a", "", ErrHandshakeMode},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Challenge(query, c.token)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("Challenge = %q, %v, want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}
