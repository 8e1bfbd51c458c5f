package rulelang

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/ext"
)

const (
	// LongestExpression is in bytes.
	LongestExpression = 4096
	// costLimit bounds what an expression may cost, by the library's count: some 100 µs.
	costLimit = 10_000
	// longestText is how long a text in an input is taken to be at most.
	longestText = 512
)

// Expression is a compiled one. It may be evaluated by several at once.
type Expression struct {
	program cel.Program
	// local: it looks at clocks where the recipient may be.
	local bool
}

// UsesLocal reports that the expression looks at [Input].Local.
func (e *Expression) UsesLocal() bool { return e.local }

// Holds evaluates the expression.
func (e *Expression) Holds(in *Input) (holds bool, err error) {
	value, _, err := e.program.Eval(in)
	if err != nil {
		return false, err
	}
	holds, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("it came to %v, not to true or false", value.Type())
	}
	return holds, nil
}

// Error says what is wrong with an expression, and where; Line and Column count from 1,
// and are 0 where it is the expression as a whole.
type Error struct {
	Line, Column int
	Text         string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d, column %d of the expression: %s", e.Line, e.Column, e.Text)
}

// environment is what expressions are compiled in.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	variables := []struct {
		name string
		of   reflect.Type
	}{
		{"send", reflect.TypeFor[Send]()},
		{"contact", reflect.TypeFor[Contact]()},
		{"window", reflect.TypeFor[Window]()},
		{"consent", reflect.TypeFor[Consent]()},
		{"template", reflect.TypeFor[Template]()},
		{"business", reflect.TypeFor[Business]()},
		{"sender", reflect.TypeFor[Sender]()},
		{varLocal, reflect.TypeFor[Clock]()},
	}
	types := []any{ext.ParseStructTags(true)}
	options := []cel.EnvOption{cel.Variable(varNow, cel.TimestampType)}
	for _, v := range variables {
		types = append(types, v.of)
		options = append(options, cel.Variable(v.name, cel.ObjectType(v.of.String())))
	}
	return cel.NewEnv(append(options, ext.NativeTypes(types...))...)
})

// Compile compiles an expression, or says with an [Error] what is wrong with it.
func Compile(text string) (*Expression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &Error{Text: "the expression is empty"}
	}
	if len(text) > LongestExpression {
		return nil, &Error{Text: fmt.Sprintf("the expression has %d bytes; it may have %d", len(text), LongestExpression)}
	}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("the language of rules: %w", err)
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, firstOf(issues)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, &Error{1, 1, fmt.Sprintf("the expression comes to %s; a rule's must come to true or false", named(checked.OutputType().String()))}
	}
	found, err := lint(checked.NativeRep())
	if err != nil {
		return nil, err
	}
	cost, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, &Error{Text: "what the expression costs can't be told: " + err.Error()}
	}
	if cost.Max > costLimit {
		return nil, &Error{Text: fmt.Sprintf("the expression may cost %d steps, and every send would wait for them; it may cost %d: take loops out of it", cost.Max, costLimit)}
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if found.loops { // what has none costs no more than was told
		options = append(options, cel.CostLimit(costLimit))
	}
	program, err := env.Program(checked, options...)
	if err != nil {
		return nil, &Error{Text: err.Error()}
	}
	return &Expression{program, found.local}, nil
}

// firstOf is the first of what the library finds wrong.
func firstOf(issues *cel.Issues) error {
	list := issues.Errors()
	if len(list) == 0 {
		return &Error{Text: issues.Err().Error()}
	}
	first := list[0]
	return &Error{first.Location.Line(), first.Location.Column() + 1, named(first.Message)}
}

// named leaves out what says nothing to whoever wrote the expression.
func named(text string) string { return leaveOut.Replace(text) }

var leaveOut = strings.NewReplacer("rulelang.", "", " (in container '')", "")

// sizes tells how large what comes in may be.
type sizes struct{}

func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: longestText}
}

func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// compiled are expressions that were compiled before: those of configurations, and of
// decisions that were made again. There are few, and when there are too many it begins anew.
var compiled = struct {
	sync.Mutex
	byText map[string]compilation
}{byText: make(map[string]compilation)}

type compilation struct {
	expression *Expression
	err        error
}

// mostCompiled is how many are kept.
const mostCompiled = 512

// Of is the expression of a text, compiled once.
func Of(text string) (*Expression, error) {
	compiled.Lock()
	known, ok := compiled.byText[text]
	compiled.Unlock()
	if ok {
		return known.expression, known.err
	}
	e, err := Compile(text)
	var problem *Error
	if err != nil && !errors.As(err, &problem) {
		return nil, err
	}
	compiled.Lock()
	defer compiled.Unlock()
	if len(compiled.byText) >= mostCompiled {
		clear(compiled.byText)
	}
	compiled.byText[text] = compilation{e, err}
	return e, err
}
