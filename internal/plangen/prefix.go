package main

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// prefix finds what is dialled inside a country only, at the beginning of a number: a
// trunk prefix, the code of a long-distance carrier. What it finds depends on
// the order of alternatives, as with every regular expression, so that its states
// are threads in the order in which they count.
type prefix struct {
	prog *syntax.Prog
	// group is the last one of the expression. Where it matched and there is a rule
	// (literal, then the group use), the beginning is replaced by what the rule says.
	group   int
	rule    bool
	literal string
	use     int
}

var ruleForm = regexp.MustCompile(`^([0-9]*)\$([0-9])$`)

func newPrefix(expression, rule string) (*prefix, error) {
	if expression == "" {
		return nil, nil
	}
	prog, err := compile(expression)
	if err != nil {
		return nil, err
	}
	p := &prefix{prog: prog, group: prog.NumCap/2 - 1}
	if rule == "" {
		return p, nil
	}
	parts := ruleForm.FindStringSubmatch(rule)
	if parts == nil {
		return nil, fmt.Errorf("the rule %q has another form than those known", rule)
	}
	p.rule, p.literal = true, parts[1]
	p.use, err = strconv.Atoi(parts[2])
	return p, err
}

const noPlace = -1

// thread is one way of matching.
type thread struct {
	pc     uint32
	groups [6]int // where groups begin and end
}

// prefixState are the ways in which the digits so far can match, and the match
// that counts if none of them leads to one.
type prefixState struct {
	threads []thread
	found   bool
	end     int
	groups  [6]int
}

func (p *prefix) begin() prefixState {
	if p == nil {
		return prefixState{}
	}
	if p.prog.NumCap > 6 {
		panic("more groups than expected")
	}
	t := thread{pc: uint32(p.prog.Start)}
	for i := range t.groups {
		t.groups[i] = noPlace
	}
	var s prefixState
	s.follow(p.prog, []thread{t}, 0, false)
	return s
}

// follow replaces the threads by those that wait for a digit, in their order. One
// that matches ends all that count less.
func (s *prefixState) follow(prog *syntax.Prog, from []thread, at int, last bool) {
	s.threads = nil
	seen := make([]bool, len(prog.Inst))
	var visit func(t thread) (matched bool)
	visit = func(t thread) bool {
		if seen[t.pc] {
			return false
		}
		in := &prog.Inst[t.pc]
		if in.Op != syntax.InstEmptyWidth {
			seen[t.pc] = true
		}
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			first, second := t, t
			first.pc, second.pc = in.Out, in.Arg
			return visit(first) || visit(second)
		case syntax.InstNop:
			t.pc = in.Out
			return visit(t)
		case syntax.InstCapture:
			t.pc = in.Out
			t.groups[in.Arg] = at
			return visit(t)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg) != syntax.EmptyEndText {
				panic("an assertion other than that of the end")
			}
			if last {
				t.pc = in.Out
				return visit(t)
			}
			s.threads = append(s.threads, t) // it may be the end
			return false
		case syntax.InstMatch:
			s.found, s.end, s.groups = true, at, t.groups
			return true
		case syntax.InstFail:
			return false
		}
		s.threads = append(s.threads, t)
		return false
	}
	for _, t := range from {
		if visit(t) {
			return
		}
	}
}

// step is the state after a digit, the one at a place.
func (p *prefix) step(s *prefixState, digit, place int) prefixState {
	if p == nil {
		return prefixState{}
	}
	next := prefixState{found: s.found, end: s.end, groups: s.groups}
	var moved []thread
	for _, t := range s.threads {
		if in := &p.prog.Inst[t.pc]; in.Op != syntax.InstEmptyWidth && in.MatchRune(rune('0'+digit)) {
			moved = append(moved, thread{in.Out, t.groups})
		}
	}
	next.follow(p.prog, moved, place+1, false)
	return next
}

// strip is what becomes of a number: its digits from and to a place, behind
// literal digits, and those from end on.
type strip struct {
	literal       string
	from, to, end int
}

// at is what becomes of a number that ends here; nil where nothing does.
func (p *prefix) at(s *prefixState, length int) *strip {
	if p == nil {
		return nil
	}
	last := *s
	last.follow(p.prog, s.threads, length, true)
	switch g := last.groups; {
	case !last.found:
		return nil
	case !p.rule || p.group > 0 && g[2*p.group] == noPlace:
		if last.end == 0 {
			return nil
		}
		return &strip{end: last.end}
	default:
		st := &strip{literal: p.literal, end: last.end}
		if p.use > 0 && p.use <= p.group && g[2*p.use] != noPlace {
			st.from, st.to = g[2*p.use], g[2*p.use+1]
		}
		return st
	}
}

func (s *prefixState) key(b *strings.Builder) {
	fmt.Fprint(b, s.found, s.end, s.groups, s.threads)
}
