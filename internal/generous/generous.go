// Package generous reads a request the way the most forgiving upstream could and lists every send to a person that
// anybody could find in it. It judges nothing and belongs in no production path: tests put it behind the gateway to
// see whether something got past the strict reader.
//
// Among its readings is that of HHVM, the server software that Meta published, which takes more for parameters than
// others do; see [ReadHHVM].
//
// It shares no code with that reader on purpose, so that one wrong idea cannot blind both. A reading is one set of
// liberties (path decoded twice, query wins over body, type named by the payload); Send.How names them.
//
// What it reports errs on one side: a send nobody would make of the request is possible, a missed one is a bug. Still
// it keeps to what an upstream could do: a recipient nested under "data" is not a recipient.
//
// Left out: compressions other than gzip and deflate, charsets other than UTF-8, UTF-16 and UTF-32, XML, parameters in
// headers other than cookies, paths in headers such as X-Original-URL, letters that only look like others, trailers.
package generous

import "net/http"

// Limits. Together they bound time and memory whatever the request holds; none is near what an honest request needs.
const (
	// MaxBody is how many bytes of a body are considered, before and after decompression.
	MaxBody = 4 << 20
	// MaxSends is how many sends Read reports. A result this long may be incomplete.
	MaxSends = 200

	maxTarget   = 64 << 10 // bytes of a request target
	maxName     = 1 << 10  // bytes of each string in a Send but How
	maxRequests = 2000     // batch elements looked at in all
	maxBytes    = 64 << 20 // bytes of their bodies in all, the same body counting each time it is read
	maxNesting  = 2        // a batch, and a batch in its elements
)

// Request is what an upstream saw on the wire.
type Request struct {
	Method string
	Target string // the raw request target: path and query, possibly in absolute form
	Header http.Header
	Body   []byte
}

// Send is one way the request could be understood as sending something to a person. Exactly one of To and Recipient
// is set, except for a receipt and for messages_encrypted, whose recipient nobody can see.
type Send struct {
	Path string // the path it was found under, cleaned and in lower case
	Edge string // "messages", "marketing_messages", "messages_encrypted" or "calls"

	// To and Recipient hold digits only for a phone number, and the trimmed text for anything with letters: a BSUID,
	// a group, a {result=...} reference. A BSUID in "to" is reported twice, as itself and as its digits.
	To, Recipient string
	RecipientType string // lower case

	// Type is the message type in lower case, "text" where none is given. For calls it is the action, "connect" where
	// none is given; for messages_encrypted it is "encrypted"; for a receipt it is empty.
	Type string

	Template, Language string // template name and language code, if the type is template or hsm
	Category           string // top-level category, lower case
	Receipt            bool   // status "read" without a recipient: not a message
	How                string // which liberties were taken, for the failure message
}

// Read lists every distinct send the request could be read as. Two sends that differ only in How are one. It never
// panics, and it returns at most MaxSends, the readings in which one source of values wins throughout coming first.
func Read(r Request) []Send {
	var c collector
	c.read(request{Method: r.Method, Target: r.Target, Header: r.Header, Body: r.Body}, 0)
	return c.all()
}

// request is a request or a batch element, whose body may come as parameters rather than bytes.
type request struct {
	Method, Target string
	Header         http.Header
	Body           []byte
	fields         []field
	how            string
}

// collector gathers the sends of one Read.
type collector struct {
	onlyHHVM     bool // in the request itself; elements of batches are read in every way
	requests     int
	bytes        int
	sure, unsure list
}

// list is a bounded set of sends in the order they were found.
type list struct {
	sends []Send
	seen  map[Send]bool
}

func (l *list) add(s Send) {
	if len(l.sends) >= MaxSends {
		return
	}
	key := s
	key.How = ""
	if l.seen[key] {
		return
	}
	if l.seen == nil {
		l.seen = map[Send]bool{}
	}
	l.seen[key] = true
	l.sends = append(l.sends, s)
}

func (c *collector) all() []Send {
	for _, s := range c.unsure.sends {
		c.sure.add(s)
	}
	return c.sure.sends
}

// read finds the sends of one request, then those of the batch it may carry.
func (c *collector) read(r request, nesting int) {
	r.Body = r.Body[:min(len(r.Body), MaxBody)]
	c.requests++
	c.bytes += len(r.Body)
	if c.requests > maxRequests || c.bytes > maxBytes {
		return
	}
	targets := readTarget(r.Target)
	queries, bodies := hhvmQuery(r, targets), hhvmBody(r)
	if !c.onlyHHVM || nesting > 0 {
		queries = append(queryParams(targets), queries...)
		bodies = append(bodyParams(r), bodies...)
	}
	sources := append(queries[:len(queries):len(queries)], bodies...)

	edges := findEdges(targets)
	if how, ok := couldPost(r, sources); ok && len(edges) > 0 {
		for i := range edges {
			edges[i].how = joinHow(r.how, how, edges[i].how)
			if e := edges[i]; e.edge == edgeEncrypted {
				c.sure.add(Send{Path: e.path, Edge: e.edge, Type: "encrypted", How: e.how})
			}
		}
		for _, p := range mergings(queries, bodies) {
			c.sends(edges, p)
		}
	}
	if nesting < maxNesting {
		for _, p := range sources {
			c.batch(p, r.how, nesting)
		}
	}
}

// joinHow joins the liberties that were really taken.
func joinHow(parts ...string) string {
	var how string
	for _, p := range parts {
		switch {
		case p == "":
		case how == "":
			how = p
		default:
			how += ", " + p
		}
	}
	return how
}
