package cloudapi

import (
	"bytes"
	"strings"

	"github.com/waguard/waguard/policy"
)

// bodyClass completes the class from what the header says about the body.
func (rt *Route) bodyClass(h bodyHeader, hasBody bool) *Refusal {
	if isSafe(rt.method) || rt.Class != SendEdge && !hasBody {
		return nil
	}
	if h.odd {
		return refusef(policy.RuleEncoding, "call it Content-Type or Content-Encoding, or leave it out",
			"a header field could be taken for Content-Type or Content-Encoding, but is not called so")
	}
	if h.dropped {
		return refusef(policy.RuleEncoding, "leave Content-Type and Content-Encoding out of the Connection header field",
			"the Connection header field makes proxies drop what says how the body is to be read")
	}
	if len(h.types) > 1 {
		return refusef(policy.RuleEncoding, "send one Content-Type header field", "the request has several content types")
	}
	for _, e := range h.encodings {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "identity") {
			return refusef(policy.RuleEncoding, "send the body as it is, without Content-Encoding", "the body is compressed or encoded")
		}
	}
	t := contentType{format: formatUntyped}
	if len(h.types) == 1 {
		t = parseContentType(h.types[0])
	}
	if rt.Class == SendEdge {
		return t.forSend()
	}
	return rt.elsewhere(t)
}

// elsewhere completes the class of a request with a body that goes elsewhere
// than to a send edge.
func (rt *Route) elsewhere(t contentType) *Refusal {
	switch {
	case t.format == formatOdd:
		return refusef(policy.RuleEncoding,
			"let the HTTP library write the Content-Type header field: application/json, application/x-www-form-urlencoded, or multipart/form-data with a boundary",
			"the content type is not written as clients of this API write theirs: %s", t.problem)
	case t.format == formatFile && !rt.takesFiles():
		return refusef(policy.RuleEncoding,
			"send parameters as JSON with Content-Type: application/json, and files as multipart/form-data to /media or to an upload session (/upload:...)",
			"the body is a file by its content type, and this path takes none")
	case t.format == formatMultipart, t.format == formatFile, t.format != formatJSON && rt.uploads:
		if rt.batch != nil {
			return refusef(policy.RuleBatch, "put the batch into a JSON body and leave out attached files",
				"a batch in the query comes with a body that holds files")
		}
		rt.Class = StreamInspect
		return nil
	case !isUTF8(t.charset):
		return unsupportedCharset()
	}
	rt.Class = Inspect
	return nil
}

// takesFiles reports whether honest clients send files as they are to the path.
// At Meta that is an upload session alone. The On-Premises API takes them at
// several paths, and knows no batches.
func (rt *Route) takesFiles() bool { return rt.uploads || rt.dialect != Cloud }

// forSend refuses content types in which no send is read.
func (t contentType) forSend() *Refusal {
	const remedy = "send the message as JSON with Content-Type: application/json"
	switch {
	case t.format == formatMultipart:
		return refusef(policy.RuleEncoding, "upload media to /media first, then "+remedy, "multipart bodies are for uploads, not for messages")
	case t.format == formatOdd:
		return refusef(policy.RuleEncoding, remedy, "the content type is not written as clients of this API write theirs: %s", t.problem)
	case t.format == formatFile:
		return refusef(policy.RuleEncoding, remedy, "the content type is none in which a message is read")
	case !isUTF8(t.charset):
		return unsupportedCharset()
	}
	return nil
}

func isUTF8(charset string) bool { return charset == "" || charset == "utf-8" || charset == "utf8" }

func unsupportedCharset() *Refusal {
	return refusef(policy.RuleEncoding, "send the body in UTF-8 and leave the charset out", "the content type names a character set that is not read here")
}

// checkEncoding refuses bodies that are not UTF-8 from their first bytes on.
func checkEncoding(body []byte) *Refusal {
	head := body[:min(len(body), 4)]
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return refusef(policy.RuleEncoding, "send plain UTF-8 without one", "the body starts with a byte order mark")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.IndexByte(head, 0) >= 0:
		return refusef(policy.RuleEncoding, "send it in UTF-8", "the body starts as UTF-16 or UTF-32 does, or with a NUL")
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
	return refusef(policy.RuleEncoding, "send the body as it is", "the body is compressed")
}
