package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"log"
	"strings"
)

// reader generates methods that decode.
type reader struct {
	types types
	out   *bytes.Buffer
	done  map[string]bool
}

func (r *reader) f(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// method generates the method for a struct with a name, and those it needs.
func (r *reader) method(name string) {
	if r.done[name] {
		return
	}
	r.done[name] = true
	pkg, local, foreign := strings.Cut(name, ".")
	if !foreign {
		pkg, local = "", name
	}
	t := r.types.of(pkg, ast.NewIdent(local))
	r.f("func (c *recordReader) %s(v *%s) {", methodOf("read", t), t.name)
	r.f("*v = %s{%s}", t.name, r.kept(t))
	needed := r.fields(t, "v", 0)
	r.f("}\n")
	for _, name := range needed {
		r.method(name)
	}
}

// kept are the slices whose memory is used again, empty.
func (r *reader) kept(t typ) string {
	var kept []string
	for _, f := range r.types.fields(t) {
		if a, ok := f.typ.expr.(*ast.ArrayType); ok && a.Len == nil {
			kept = append(kept, fmt.Sprintf("%s: v.%s[:0]", f.name, f.name))
		}
	}
	return strings.Join(kept, ", ")
}

// fields reads the fields of a struct.
func (r *reader) fields(t typ, v string, depth int) (needed []string) {
	r.f("for range c.count(cborMap) {")
	r.f("switch c.key() {")
	for _, f := range r.types.fields(t) {
		r.f("case %d:", f.key)
		needed = append(needed, r.value(f.typ, v+"."+f.name, depth)...)
	}
	r.f("default:\nc.unusual = true\n}\n}")
	return needed
}

// value reads a value, and returns the structs with names that it needs methods
// for.
func (r *reader) value(t typ, v string, depth int) []string {
	switch e := t.expr.(type) {
	case *ast.StructType:
		if t.exported() {
			r.f("c.%s(&%s)", methodOf("read", t), v)
			return []string{t.name}
		}
		inner := fmt.Sprintf("v%d", depth)
		r.f("%s := &%s", inner, v)
		return r.fields(t, inner, depth+1)
	case *ast.StarExpr:
		to := r.types.of(t.pkg, e.X)
		if !to.exported() {
			log.Fatalf("%s points to what can't be named here", v)
		}
		r.f("%s = new(%s)", v, to.name)
		if _, ok := to.expr.(*ast.StructType); ok {
			r.f("c.%s(%s)", methodOf("read", to), v)
			return []string{to.name}
		}
		return r.value(to, "(*"+v+")", depth)
	case *ast.ArrayType:
		if t.isBytes() && e.Len != nil {
			r.f("c.bytes(%s[:])", v)
			return nil
		}
		i := fmt.Sprintf("i%d", depth)
		elem := r.types.of(t.pkg, e.Elt)
		if e.Len == nil {
			if !elem.exported() {
				log.Fatalf("%s holds what can't be named here", v)
			}
			r.f("%s = sized(%s, c.count(cborArray))", v, v)
		} else {
			r.f("if c.count(cborArray) != len(%s) {\nc.unusual = true\nreturn\n}", v)
		}
		r.f("for %s := range %s {", i, v)
		defer r.f("}")
		return r.value(elem, v+"["+i+"]", depth+1)
	}
	named := func(get string) {
		if t.exported() && t.name != t.basic() {
			get = t.name + "(" + get + ")"
		}
		r.f("%s = %s", v, get)
	}
	switch b := t.basic(); b {
	case "string":
		named("c.text()")
	case "bool":
		named("c.bool()")
	case "int64":
		named("c.int()")
	case "int":
		named("int(c.int())")
	case "uint8":
		named("c.uint8()")
	default:
		log.Fatalf("%s is of a kind that can't be read (%s)", v, b)
	}
	return nil
}
