package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"log"
	"strings"
)

// writer generates methods that encode.
type writer struct {
	types types
	out   *bytes.Buffer
	done  map[string]bool
}

func (w *writer) f(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

// method generates the method for a struct with a name, and those it needs.
func (w *writer) method(name string) {
	if w.done[name] {
		return
	}
	w.done[name] = true
	pkg, local, foreign := strings.Cut(name, ".")
	if !foreign {
		pkg, local = "", name
	}
	t := w.types.of(pkg, ast.NewIdent(local))
	var needed []string
	w.f("func (w *recordWriter) %s(v *%s) {", methodOf("write", t), t.name)
	needed = w.fields(t, "v", "o", 0)
	w.f("}\n")
	for _, name := range needed {
		w.method(name)
	}
}

// fields writes the fields of a struct v as an object o.
func (w *writer) fields(t typ, v, o string, depth int) (needed []string) {
	w.f("%s := w.object()", o)
	for _, f := range w.types.fields(t) {
		value := v + "." + f.name
		if f.omitEmpty {
			if cond := w.present(f.typ, value); cond != "" {
				w.f("if %s {", cond)
				w.f("w.key(%s, %d)", o, f.key)
				needed = append(needed, w.value(f.typ, value, depth)...)
				w.f("}")
				continue
			}
		}
		w.f("w.key(%s, %d)", o, f.key)
		needed = append(needed, w.value(f.typ, value, depth)...)
	}
	return needed
}

// present is the condition under which a value isn't empty, "" where it never is.
func (w *writer) present(t typ, v string) string {
	switch e := t.expr.(type) {
	case *ast.ArrayType:
		if e.Len != nil {
			return ""
		}
		return "len(" + v + ") > 0"
	case *ast.StarExpr:
		return v + " != nil"
	case *ast.StructType:
		var any []string
		for _, f := range w.types.fields(t) {
			if !f.omitEmpty {
				return ""
			}
			cond := w.present(f.typ, v+"."+f.name)
			if cond == "" {
				return ""
			}
			any = append(any, cond)
		}
		return strings.Join(any, " || ")
	}
	switch t.basic() {
	case "string":
		return v + ` != ""`
	case "bool":
		return v
	}
	return v + " != 0"
}

// value writes a value, and returns the structs with names that it needs methods
// for.
func (w *writer) value(t typ, v string, depth int) []string {
	switch e := t.expr.(type) {
	case *ast.StructType:
		if !t.exported() {
			inner := fmt.Sprintf("v%d", depth)
			w.f("%s := &%s", inner, v)
			return w.fields(t, inner, fmt.Sprintf("o%d", depth), depth+1)
		}
		w.f("w.%s(&%s)", methodOf("write", t), v)
		return []string{t.name}
	case *ast.StarExpr:
		to := w.types.of(t.pkg, e.X)
		w.f("if %s == nil {", v)
		w.f("w.null()")
		w.f("} else {")
		defer w.f("}")
		if _, ok := to.expr.(*ast.StructType); ok {
			w.f("w.%s(%s)", methodOf("write", to), v)
			return []string{to.name}
		}
		return w.value(to, "(*"+v+")", depth)
	case *ast.ArrayType:
		if t.isBytes() && e.Len != nil {
			w.f("w.bytes(%s[:])", v)
			return nil
		}
		if e.Len == nil {
			w.f("if %s == nil {", v)
			w.f("w.null()")
			w.f("} else {")
			defer w.f("}")
		}
		if t.isBytes() {
			w.f("w.bytes(%s)", v)
			return nil
		}
		i := fmt.Sprintf("i%d", depth)
		w.f("w.head(cborArray, uint64(len(%s)))", v)
		w.f("for %s := range %s {", i, v)
		defer w.f("}")
		return w.value(w.types.of(t.pkg, e.Elt), v+"["+i+"]", depth+1)
	}
	switch b := t.basic(); b {
	case "string":
		w.f("w.string(string(%s))", v)
	case "bool":
		w.f("w.bool(%s)", v)
	case "int", "int8", "int16", "int32", "int64":
		w.f("w.int(int64(%s))", v)
	case "uint", "uint8", "uint16", "uint32", "uint64":
		w.f("w.head(cborUint, uint64(%s))", v)
	default:
		log.Fatalf("%s is of a kind that can't be written (%s)", v, b)
	}
	return nil
}
