package cloudapi

import (
	"bytes"
	"unicode/utf8"

	"github.com/waguard/waguard/policy"
)

const (
	// headSize is how far a body is looked at to tell whether it is text.
	headSize = 512
	// maxStructured is how large a body may be that calls itself something else
	// and starts like JSON or a form.
	maxStructured = 1 << 20
)

// fileSearcher searches a body that is a file, such as an image. It streams, but
// is searched for what it would be to a server that takes every body for a form. A
// body that starts the way JSON or a form does is searched as one.
type fileSearcher struct {
	passed bool
	pos    int // up to where buf has been searched
	form   batchFinder
}

func (f *fileSearcher) search(buf []byte, atEnd bool) (int, *Refusal) {
	switch {
	case f.passed:
	case !atEnd && len(buf) < headSize:
		return 0, nil
	case !startsLikeText(buf[:min(len(buf), headSize)]):
		f.passed = true
	case len(buf) > maxStructured:
		return 0, refusef(policy.RuleTooLarge, "send JSON under its own content type, or the file as multipart",
			"the body starts like JSON or a form under another content type, and is larger than 1 MiB")
	case !atEnd:
		return 0, nil
	default:
		if batch, refusal := searchBody(formatFile, buf); refusal != nil || batch != nil {
			return 0, refusef(policy.RuleEncoding, "send JSON with Content-Type: application/json",
				"the body has parameters of a request, but its content type says it is something else")
		}
		f.passed = true
	}
	if f.form.find(buf[f.pos:]) {
		return 0, refusef(policy.RuleBatch, "send the batch as JSON to the root of the API",
			"the file holds a batch to servers that read every body as a form")
	}
	f.pos = len(buf)
	return len(buf), nil
}

func (f *fileSearcher) given(n int) { f.pos -= n }

// startsLikeText reports whether the first bytes of a body could start JSON in
// some encoding, a form, or something compressed. Nothing but spaces leaves it
// open.
func startsLikeText(head []byte) bool {
	if isCompressed(head) {
		return true
	}
	if !isText(head) {
		return false
	}
	for i, c := range head {
		switch {
		case c <= ' ', c == 0xEF && i == 0, c == 0xBB && i == 1, c == 0xBF && i == 2, c == 0xFE && i < 2, c == 0xFF && i < 2 && len(head) > 1 && (head[0] == 0xFE || head[1] == 0xFE):
		case c == '{', c == '[', c == '"', c == '\'', c == '#', c == '/':
			return true
		default:
			return startsLikeForm(head[i:])
		}
	}
	return true
}

// isText reports bytes that could be text: UTF-8, which may break off at the end,
// or, if there are zeros, UTF-16 or UTF-32. Files that happen to start with a
// brace are not.
func isText(head []byte) bool {
	if bytes.Count(head, []byte{0}) >= len(head)/4 {
		return true
	}
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n < 2 {
			return !utf8.FullRune(head)
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' {
			return false
		}
		head = head[n:]
	}
	return true
}

// startsLikeForm reports a name and an equals sign.
func startsLikeForm(head []byte) bool {
	for i, c := range head {
		switch {
		case c == '=', c == '&', c == ';':
			return i > 0
		case c <= ' ', c >= 0x7F, i >= 64:
			return false
		}
	}
	return true
}
