package strictjson

import "iter"

// Kind is what a value is. The zero Kind is that of a value that is absent.
type Kind uint8

const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "false", "true", "a number", "a string", "an array", "an object"}

// String names the kind with its article.
func (k Kind) String() string { return kindNames[k] }

// Value is a value in a document. The zero Value is absent.
type Value struct {
	doc *document
	at  int
}

// Key is the key of a member of an object.
type Key struct{ Value }

func (v Value) node() *node { return &v.doc.nodes[v.at] }

// Kind is what v is.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	return v.node().kind
}

// Given reports whether v is there and is not null.
func (v Value) Given() bool { return v.Kind() > Null }

// Raw are the bytes of v as they were written; those of a string have no
// quotes.
func (v Value) Raw() []byte {
	if v.doc == nil {
		return nil
	}
	return v.raw()
}

func (v Value) raw() []byte {
	n := v.node()
	return v.doc.src[n.start:n.end:n.end]
}

func (v Value) escaped() bool { return v.node().escaped }

// Text is what a string says. ok is false if v is no string, or holds half a
// surrogate pair or NUL, which readers understand differently.
func (v Value) Text() (s string, ok bool) {
	if v.Kind() != String {
		return "", false
	}
	return v.Quoted().Text()
}

// Quoted is where a string stands; nothing where v is none.
func (v Value) Quoted() Quoted {
	if v.Kind() != String {
		return Quoted{}
	}
	return Quoted{v.raw(), v.escaped()}
}

// Is reports whether v is the string s.
func (v Value) Is(s string) bool {
	if v.Kind() != String {
		return false
	}
	if v.escaped() {
		text, ok := v.Text()
		return ok && text == s
	}
	return string(v.raw()) == s
}

// Literal is the key as it was written, and whether it was written without
// escapes.
func (k Key) Literal() (raw []byte, ok bool) { return k.raw(), !k.escaped() }

// Reads reports whether the key reads so, however it was written.
func (k Key) Reads(name string) bool {
	if raw, literal := k.Literal(); literal {
		return string(raw) == name
	}
	return k.String() == name
}

// String is the key with its escapes undone.
func (k Key) String() string {
	s, _ := k.Text()
	if k.escaped() {
		s, _ = decode(k.raw())
	}
	return s
}

// Members are the members of an object in their order; of other values, none.
func (v Value) Members() iter.Seq2[Key, Value] {
	return func(yield func(Key, Value) bool) {
		if v.Kind() != Object {
			return
		}
		nodes, end := v.doc.nodes, int(v.node().next)
		for i := v.at + 1; i < end; i = int(nodes[i+1].next) {
			if !yield(Key{Value{v.doc, i}}, Value{v.doc, i + 1}) {
				return
			}
		}
	}
}

// Get is the member of an object with a key written exactly so.
func (v Value) Get(key string) Value {
	for k, member := range v.Members() {
		if raw, ok := k.Literal(); ok && string(raw) == key {
			return member
		}
	}
	return Value{}
}

// Elements are the elements of an array in their order; of other values, none.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		nodes, end := v.doc.nodes, int(v.node().next)
		for i := v.at + 1; i < end; i = int(nodes[i].next) {
			if !yield(Value{v.doc, i}) {
				return
			}
		}
	}
}

// All are v and every value in it, and every key as a value of its own.
func (v Value) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.doc == nil {
			return
		}
		for i := v.at; i < int(v.node().next); i++ {
			if !yield(Value{v.doc, i}) {
				return
			}
		}
	}
}

// Offset is where v begins: bytes from the start of the document. That of a string is behind
// its quotation mark.
func (v Value) Offset() int {
	if v.doc == nil {
		return 0
	}
	return int(v.node().start)
}
