package cloudapi

import (
	"bytes"
	"mime"
	"strings"
)

// format is how a content type says a body is to be read.
type format uint8

const (
	formatJSON      format = iota + 1 // application/json, which nobody reads otherwise
	formatJSONLike                    // another type of JSON
	formatUntyped                     // no type or text/plain: JSON if it is JSON
	formatForm                        // application/x-www-form-urlencoded
	formatText                        // any other text
	formatMultipart                   // parts with a boundary
	formatOther                       // images and whatever else
)

// charsets are those in which ASCII looks like ASCII, so that a search for a
// word finds it.
var charsets = map[string]bool{"": true, "utf-8": true, "utf8": true, "us-ascii": true, "iso-8859-1": true, "windows-1252": true}

// contentType is a content type taken apart.
type contentType struct {
	format   format
	charset  string // lower case
	boundary string
}

// parseContentType reads a content type. What it can't read is formatText: a
// reader that guesses could take it for anything.
func parseContentType(s string) contentType {
	if strings.TrimSpace(s) == "" {
		return contentType{format: formatUntyped}
	}
	if s == "application/json" { // the usual case
		return contentType{format: formatJSON}
	}
	media, params, err := mime.ParseMediaType(s)
	if err != nil {
		if strings.Contains(strings.ToLower(s), "multipart") {
			return contentType{format: formatMultipart} // without boundary
		}
		return contentType{format: formatText}
	}
	t := contentType{charset: strings.ToLower(params["charset"]), boundary: params["boundary"]}
	switch {
	case media == "application/json":
		t.format = formatJSON
	case strings.HasSuffix(media, "+json"), media == "text/json", media == "text/x-json", media == "application/x-json":
		t.format = formatJSONLike
	case media == "text/plain":
		t.format = formatUntyped
	case media == "application/x-www-form-urlencoded":
		t.format = formatForm
	case strings.HasPrefix(media, "multipart/"):
		t.format = formatMultipart
	case strings.HasPrefix(media, "text/"):
		t.format = formatText
	default:
		t.format = formatOther
	}
	return t
}

// bodyClass completes the class from what the header says about the body.
func (rt *Route) bodyClass(h bodyHeader, hasBody bool) *Refusal {
	if isSafe(rt.method) || rt.Class != SendEdge && !hasBody {
		return nil
	}
	if h.odd {
		return refusef(RuleEncoding, "call it Content-Type or Content-Encoding, or leave it out",
			"a header field could be taken for Content-Type or Content-Encoding, but is not called so")
	}
	if h.dropped {
		return refusef(RuleEncoding, "leave Content-Type and Content-Encoding out of the Connection header field",
			"the Connection header field makes proxies drop what says how the body is to be read")
	}
	if len(h.types) > 1 {
		return refusef(RuleEncoding, "send one Content-Type header field", "the request has several content types")
	}
	for _, e := range h.encodings {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "identity") {
			return refusef(RuleEncoding, "send the body as it is, without Content-Encoding", "the body is compressed or encoded")
		}
	}
	t := contentType{format: formatUntyped}
	if len(h.types) == 1 {
		t = parseContentType(h.types[0])
	}
	if rt.Class == SendEdge {
		return t.forSend()
	}
	switch t.format {
	case formatMultipart, formatOther:
		if rt.batch != nil {
			return refusef(RuleBatch, "put the batch into a JSON body and leave out attached files",
				"a batch in the query comes with a body that holds files")
		}
		rt.Class = StreamInspect
		return t.forStream()
	}
	rt.Class = Inspect
	if !charsets[t.charset] {
		return unsupportedCharset()
	}
	return nil
}

// forSend refuses content types in which no send is read.
func (t contentType) forSend() *Refusal {
	const remedy = "send the message as JSON with Content-Type: application/json"
	switch {
	case t.format == formatMultipart:
		return refusef(RuleEncoding, "upload media to /media first, then "+remedy, "multipart bodies are for uploads, not for messages")
	case t.format == formatOther, t.format == formatText:
		return refusef(RuleEncoding, remedy, "the content type is none in which a message is read")
	case t.charset != "" && t.charset != "utf-8" && t.charset != "utf8":
		return unsupportedCharset()
	}
	return nil
}

func unsupportedCharset() *Refusal {
	return refusef(RuleEncoding, "send the body in UTF-8 and leave the charset out", "the content type names a character set that is not read here")
}

// checkEncoding refuses bodies that are not UTF-8 from their first bytes on.
func checkEncoding(body []byte) *Refusal {
	head := body[:min(len(body), 4)]
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return refusef(RuleEncoding, "send plain UTF-8 without one", "the body starts with a byte order mark")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.IndexByte(head, 0) >= 0:
		return refusef(RuleEncoding, "send it in UTF-8", "the body starts as UTF-16 or UTF-32 does, or with a NUL")
	case isCompressed(body):
		return compressedBody()
	}
	return nil
}

// isCompressed reports the first bytes of gzip and zlib, by which some readers
// go whatever the header says.
func isCompressed(body []byte) bool {
	return bytes.HasPrefix(body, []byte("\x1f\x8b")) ||
		len(body) > 1 && body[0] == 0x78 && bytes.IndexByte([]byte("\x01\x5e\x9c\xda"), body[1]) >= 0
}

func compressedBody() *Refusal {
	return refusef(RuleEncoding, "send the body as it is", "the body is compressed")
}
