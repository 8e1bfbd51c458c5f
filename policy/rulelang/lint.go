package rulelang

import (
	"fmt"
	"regexp"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// findings are what an expression does that matters.
type findings struct {
	local, loops bool
}

// clockFunctions read a clock off a moment, and take a time zone.
var clockFunctions = []string{
	"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
	"getHours", "getMinutes", "getSeconds", "getMilliseconds",
}

// offset is a time zone that needs no looking up.
var offset = regexp.MustCompile(`^(UTC|[+-]?(0[0-9]|1[0-4]):[0-5][0-9])$`)

const aKey = "a key that isn't there makes the rule fail: write what is looked for with `in [...]`"

// lint refuses what compiles and would fail, or tell nothing, with some inputs.
func lint(a *ast.AST) (found findings, err error) {
	at := func(e ast.Expr, format string, args ...any) {
		if err == nil {
			place := a.SourceInfo().GetStartLocation(e.ID())
			err = &Error{place.Line(), place.Column() + 1, fmt.Sprintf(format, args...)}
		}
	}
	isNull := func(e ast.Expr) bool { return e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue }
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			found.local = found.local || e.AsIdent() == varLocal
		case ast.ComprehensionKind:
			found.loops = true
		case ast.SelectKind:
			if e.AsSelect().IsTestOnly() {
				at(e, "has() tells nothing here, since every field is always there: compare the field, or use the flag that says whether it is known")
			} else if a.GetType(e.AsSelect().Operand().ID()).Kind() == types.MapKind {
				at(e, aKey)
			}
		case ast.CallKind:
			call := e.AsCall()
			args := call.Args()
			switch name := call.FunctionName(); {
			case (name == operators.Equals || name == operators.NotEquals) && slices.ContainsFunc(args, isNull):
				at(e, "nothing is ever null here: compare the field with \"\" or 0, or use the flag that says whether it is known")
			case name == operators.Index && a.GetType(args[0].ID()).Kind() == types.MapKind:
				at(e, aKey)
			case name == "matches" && !isText(args[len(args)-1]):
				at(e, "the pattern of matches() must be written as it is")
			case slices.Contains(clockFunctions, name) && len(args) > 0 && !isOffset(args[len(args)-1]):
				at(e, "%s() takes UTC or an offset such as \"+02:00\", since time zones change with the system; for the recipient's clock use now_local", name)
			}
		}
	}))
	return found, err
}

func isText(e ast.Expr) bool {
	if e.Kind() != ast.LiteralKind {
		return false
	}
	_, ok := e.AsLiteral().(types.String)
	return ok
}

func isOffset(e ast.Expr) bool {
	return isText(e) && offset.MatchString(string(e.AsLiteral().(types.String)))
}
