package forward

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Request is a request to the server.
type Request struct {
	Method string
	// Target is path and query as they go into the request line, beginning with /.
	Target string
	// Host is the Host field; where it is empty the server's own name.
	Host string
	// Fields are the header fields but Host, Content-Length and those of the
	// connection, which are the client's. They are written in this order; a
	// User-Agent that comes first stands before Content-Length, where Go's own client
	// has it.
	Fields []Field
	// Body is all of the body. It must not change before Do returns.
	Body []byte
	// Deadline is until when the answer must have been read, to the end of its body.
	// The zero value is none.
	Deadline time.Time
}

// Field is a header field, and a line for each of its values.
type Field struct {
	Name   string
	Values []string
}

// What is wrong with a request. It is not shown: names and values may be secrets.
var (
	errMethod = errors.New("the method is none of HTTP")
	errTarget = errors.New("the target can't stand in a request line")
	errHost   = errors.New("the host can't stand in a header")
	errField  = errors.New("a header field has a name or value that HTTP doesn't have")
)

// appendHead appends the head of a request. prefix goes before its target, extra
// after its fields; both come from the client.
func (r *Request) appendHead(b []byte, prefix, host, extra string) ([]byte, error) {
	if !httpguts.ValidHeaderFieldName(r.Method) { // a token, as a method is
		return b, errMethod
	}
	if !validTarget(r.Target) {
		return b, errTarget
	}
	if r.Host != "" {
		host = r.Host
	}
	if !httpguts.ValidHostHeader(host) {
		return b, errHost
	}
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, prefix...)
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	b = append(b, "\r\n"...)
	fields, err := r.Fields, error(nil)
	if len(fields) > 0 && fields[0].Name == "User-Agent" {
		if b, err = fields[0].append(b); err != nil {
			return b, err
		}
		fields = fields[1:]
	}
	if len(r.Body) > 0 || r.Method != "GET" && r.Method != "HEAD" {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
		b = append(b, "\r\n"...)
	}
	for i := range fields {
		if b, err = fields[i].append(b); err != nil {
			return b, err
		}
	}
	b = append(b, extra...)
	return append(b, "\r\n"...), nil
}

// append appends the lines of a field.
func (f *Field) append(b []byte) ([]byte, error) {
	if !httpguts.ValidHeaderFieldName(f.Name) || framing(f.Name) {
		return b, errField
	}
	for _, value := range f.Values {
		if !httpguts.ValidHeaderFieldValue(value) {
			return b, errField
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, strings.Trim(value, " \t")...)
		b = append(b, "\r\n"...)
	}
	return b, nil
}

// framing reports a field that says where a request ends, or for whom it is. One
// beside the client's own would give it two meanings.
func framing(name string) bool {
	switch len(name) {
	case len("Host"):
		return strings.EqualFold(name, "Host")
	case len("Content-Length"):
		return strings.EqualFold(name, "Content-Length")
	case len("Transfer-Encoding"):
		return strings.EqualFold(name, "Transfer-Encoding")
	}
	return false
}

// validTarget reports whether a target is one word that begins with a slash.
func validTarget(target string) bool {
	if target == "" || target[0] != '/' {
		return false
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
