package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
)

// A page about a person leads to others about the same one, and must not have the number
// in it, which would stand in the browser's memory and on whoever's screen looks at its
// source. It has it sealed, with a key that only this process has.

var sealing = sync.OnceValue(func() cipher.AEAD {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key has the right length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
})

func seal(contact string) string {
	return base64.RawURLEncoding.EncodeToString(sealing().Seal(nil, nil, []byte(contact), nil)) // #nosec G407 -- it draws its nonces itself
}

// contact is the person a form is about: as somebody typed it, or as a page had it sealed.
func (a *asked) contact() (string, error) {
	if typed := a.form.Get("contact"); typed != "" {
		return typed, nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(a.form.Get("person"))
	if err == nil && len(sealed) > 0 {
		opened, err := sealing().Open(nil, nil, sealed, nil)
		if err == nil {
			return string(opened), nil
		}
	}
	return "", &refusal{status: http.StatusBadRequest, title: "Who?", what: "The form names nobody, or the gateway was started since the page was opened, or another gateway made it.", remedy: "Open “A person” and type the number again."}
}
