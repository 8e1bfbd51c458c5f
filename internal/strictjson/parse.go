package strictjson

import (
	"bytes"
	"cmp"
	"sync"
)

// node is a value or a key. Nodes stand in the order of the text: an object is
// followed by its keys, each followed by its value; an array by its elements.
type node struct {
	start, end uint32 // of the bytes; for strings, without the quotes
	next       uint32 // the node after this one and everything in it
	kind       Kind
	escaped    bool // a string with backslashes
}

// Document is what was read. It is used again after [Document.Done].
type Document struct {
	parser
}

// document is what its values point into.
type document struct {
	src   []byte
	nodes []node
	// most is how many nodes there may be; zero stands for [MaxTokens].
	most int
}

func (d *document) mostNodes() int { return cmp.Or(d.most, MaxTokens) }

// documents are those in use by nobody.
var documents = sync.Pool{New: func() any { return new(Document) }}

// mostKept is how many nodes, and how many keys, a document keeps room for while
// nobody uses it: 16 KiB. What is larger is left to the garbage collector.
const mostKept = 1024

// Borrow gives a document to parse into.
func Borrow() *Document { return documents.Get().(*Document) }

// Done gives it back. None of its values may be used any more.
func (d *Document) Done() {
	if cap(d.doc.nodes) > mostKept {
		d.doc.nodes = nil
	}
	if cap(d.keys) > mostKept {
		d.keys = nil
	}
	clear(d.keys[:cap(d.keys)]) // they point into what was read
	d.doc.src, d.doc.nodes = nil, d.doc.nodes[:0]
	documents.Put(d)
}

// Parse reads src into the document, which must be empty. The error, if any, is an
// [*Error].
func (d *Document) Parse(src []byte) (Value, error) {
	d.doc.src, d.i, d.depth = src, 0, 0
	if err := d.document(); err != nil {
		return Value{}, err
	}
	return Value{doc: &d.doc}, nil
}

// messageSize is up to how many bytes a document hardly has more nodes than one that
// is used again has room for.
const messageSize = 2 << 10

// estimate is about how many nodes a document has. Keys are strings, with two
// quotes each, and so are most values of this API; for every two strings there
// is about one value that is none. A document with more grows the first
// allocation.
func estimate(src []byte, most int) int {
	return min(bytes.Count(src, []byte{'"'})*3/4+4, most)
}

// Parse reads a document. The error, if any, is an [*Error].
func Parse(src []byte) (Value, error) { return new(Document).Parse(src) }

// ParseLarge reads a document that may hold that many values and keys.
func ParseLarge(src []byte, tokens int) (Value, error) {
	d := new(Document)
	d.doc.most = tokens
	return d.Parse(src)
}

type parser struct {
	doc   document
	i     int
	depth int
	keys  [][]byte // scratch for finding duplicates
}

func (p *parser) fail(problem string) *Error { return &Error{Offset: p.i, Problem: problem} }

func (p *parser) document() error {
	src := p.doc.src
	if len(src) > MaxSize {
		return p.fail("the document is too large")
	}
	if p.doc.nodes = p.doc.nodes[:0]; cap(p.doc.nodes) == 0 || len(src) > messageSize {
		if most := estimate(src, p.doc.mostNodes()); cap(p.doc.nodes) < most {
			p.doc.nodes = make([]node, 0, most)
		}
	}
	if err := p.value(); err != nil {
		return err
	}
	if p.space(); p.i < len(src) {
		return p.fail("something follows the end of the document")
	}
	return nil
}

// space moves past white space and returns the byte that follows, 0 at the end.
func (p *parser) space() byte {
	for src := p.doc.src; p.i < len(src); p.i++ {
		switch c := src[p.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// open adds a node whose end is not known yet.
func (p *parser) open(kind Kind) int {
	p.doc.nodes = append(p.doc.nodes, node{start: uint32(p.i), kind: kind})
	return len(p.doc.nodes) - 1
}

// close ends a node where the parser stands.
func (p *parser) close(at int) {
	n := &p.doc.nodes[at]
	n.end, n.next = uint32(p.i), uint32(len(p.doc.nodes))
}

func (p *parser) value() *Error {
	if len(p.doc.nodes) >= p.doc.mostNodes() {
		return p.fail("there are too many values")
	}
	switch c := p.space(); {
	case c == '"':
		return p.string()
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == 't':
		return p.literal("true", True)
	case c == 'f':
		return p.literal("false", False)
	case c == 'n':
		return p.literal("null", Null)
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case p.i >= len(p.doc.src):
		return p.fail("the document ends too early")
	}
	return p.fail("a value is expected")
}

func (p *parser) literal(word string, kind Kind) *Error {
	if !bytes.HasPrefix(p.doc.src[p.i:], []byte(word)) {
		return p.fail("a value is expected")
	}
	at := p.open(kind)
	p.i += len(word)
	p.close(at)
	return nil
}

func (p *parser) number() *Error {
	at := p.open(Number)
	if p.peek() == '-' {
		p.i++
	}
	switch c := p.peek(); {
	case c == '0':
		p.i++
	case '1' <= c && c <= '9':
		p.digits()
	default:
		return p.fail("a digit is expected")
	}
	if p.peek() == '.' {
		p.i++
		if !p.digits() {
			return p.fail("a digit is expected")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if !p.digits() {
			return p.fail("a digit is expected")
		}
	}
	p.close(at)
	return nil
}

func (p *parser) peek() byte {
	if p.i < len(p.doc.src) {
		return p.doc.src[p.i]
	}
	return 0
}

// digits moves past digits and reports whether there were any.
func (p *parser) digits() bool {
	start := p.i
	for c := p.peek(); '0' <= c && c <= '9'; c = p.peek() {
		p.i++
	}
	return p.i > start
}

func (p *parser) array() *Error {
	at := p.open(Array)
	if p.depth++; p.depth > MaxDepth {
		return p.fail("values are nested too deep")
	}
	p.i++
	if p.space() != ']' {
		for {
			if err := p.value(); err != nil {
				return err
			}
			c := p.space()
			if c == ']' {
				break
			}
			if c != ',' {
				return p.fail("a comma or the end of an array is expected")
			}
			p.i++
		}
	}
	p.i++
	p.depth--
	p.close(at)
	return nil
}

func (p *parser) object() *Error {
	at := p.open(Object)
	if p.depth++; p.depth > MaxDepth {
		return p.fail("values are nested too deep")
	}
	p.i++
	keys, escaped := 0, false
	if p.space() != '}' {
		for {
			if p.space() != '"' {
				return p.fail("a key in quotes is expected")
			}
			key := len(p.doc.nodes)
			if err := p.string(); err != nil {
				return err
			}
			keys++
			escaped = escaped || p.doc.nodes[key].escaped
			if p.space() != ':' {
				return p.fail("a colon is expected")
			}
			p.i++
			if err := p.value(); err != nil {
				return err
			}
			c := p.space()
			if c == '}' {
				break
			}
			if c != ',' {
				return p.fail("a comma or the end of an object is expected")
			}
			p.i++
		}
	}
	p.i++
	p.depth--
	p.close(at)
	if keys > MaxKeys {
		return p.fail("an object has too many keys")
	}
	return p.duplicates(at, keys, escaped)
}
