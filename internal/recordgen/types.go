package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// types are the type expressions of all types, by name; those of another package
// than the generated one by package and name.
type types map[string]ast.Expr

// parse reads the packages in some directories, by name.
func parse(packages map[string]string) (types, error) {
	found := make(types)
	for name, dir := range packages {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_gen.go") {
				continue
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			for _, decl := range file.Decls {
				general, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range general.Specs {
					if t, ok := spec.(*ast.TypeSpec); ok {
						found[qualified(name, t.Name.Name)] = t.Type
					}
				}
			}
		}
	}
	return found, nil
}

func qualified(pkg, name string) string {
	if pkg == "" {
		return name
	}
	return pkg + "." + name
}

// typ is a type as it is used somewhere.
type typ struct {
	name string   // as the generated package calls it; "" for one without a name
	expr ast.Expr // what it is
	pkg  string   // in which package expr stands
}

// of is the type that an expression in a package stands for.
func (ts types) of(pkg string, e ast.Expr) typ {
	switch e := e.(type) {
	case *ast.Ident:
		if under, ok := ts[qualified(pkg, e.Name)]; ok {
			return typ{qualified(pkg, e.Name), ts.under(pkg, under).expr, ts.under(pkg, under).pkg}
		}
		return typ{e.Name, e, ""}
	case *ast.SelectorExpr:
		other := e.X.(*ast.Ident).Name
		if other == "time" && e.Sel.Name == "Duration" {
			return typ{"time.Duration", ast.NewIdent("int64"), ""}
		}
		return ts.of(other, e.Sel)
	}
	return typ{"", e, pkg}
}

// under is the type that one with a name is declared as.
func (ts types) under(pkg string, e ast.Expr) typ {
	t := ts.of(pkg, e)
	if t.name == "" {
		return typ{"", t.expr, pkg}
	}
	return t
}

// exported reports whether the generated package may use the type's name.
func (t typ) exported() bool {
	pkg, name, foreign := strings.Cut(t.name, ".")
	return t.name != "" && (!foreign || pkg != "" && ast.IsExported(name))
}

func (t typ) basic() string {
	if id, ok := t.expr.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// isBytes reports an array of bytes.
func (t typ) isBytes() bool {
	a, ok := t.expr.(*ast.ArrayType)
	if !ok {
		return false
	}
	id, ok := a.Elt.(*ast.Ident)
	return ok && id.Name == "byte"
}

// field is a field of a struct that is part of the record.
type field struct {
	name      string
	key       int
	omitEmpty bool
	typ       typ
}

// fields are those of a struct, in their order.
func (ts types) fields(t typ) (fields []field) {
	for _, f := range t.expr.(*ast.StructType).Fields.List {
		if f.Tag == nil {
			log.Fatalf("%s: a field of a record has no tag", t.name)
		}
		text, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			log.Fatal(err)
		}
		tag := strings.Split(reflect.StructTag(text).Get("cbor"), ",")
		if tag[0] == "-" {
			continue
		}
		key, err := strconv.Atoi(tag[0])
		if err != nil || key < 0 || key > 255 || len(tag) < 2 || tag[1] != "keyasint" || len(f.Names) != 1 {
			log.Fatalf("%s: %s is not a field with a number below 256", t.name, text)
		}
		fields = append(fields, field{f.Names[0].Name, key, len(tag) > 2 && tag[2] == "omitempty", ts.of(t.pkg, f.Type)})
	}
	if len(fields) > 255 {
		log.Fatalf("%s has %d fields; 255 is the most that can be written", t.name, len(fields))
	}
	return fields
}

// methodOf is the name of the method for a type.
func methodOf(verb string, t typ) string {
	_, name, foreign := strings.Cut(t.name, ".")
	if !foreign {
		name = t.name
	}
	return fmt.Sprint(verb, strings.ToUpper(name[:1]), name[1:])
}
