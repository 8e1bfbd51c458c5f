package main

import (
	"fmt"
	"regexp/syntax"
)

// pattern is a regular expression that a whole number may match, as an automaton
// whose states are made as they are needed.
type pattern struct {
	expression string
	place      int // among those of its country
	prog       *syntax.Prog
	places     map[string]int
	states     []patternState
}

type patternState struct {
	at     []uint32 // instructions that wait for a digit
	accept bool
	next   [10]int // -1: not yet made
}

func newPattern(expression string, place int) (*pattern, error) {
	prog, err := compile(expression)
	if err != nil {
		return nil, err
	}
	p := &pattern{expression: expression, place: place, prog: prog, places: make(map[string]int)}
	p.add(nil, false) // state 0: nothing matches any more
	p.add(p.close([]uint32{uint32(prog.Start)}))
	return p, nil
}

// begin is the state before the first digit.
const begin = 1

func compile(expression string) (*syntax.Prog, error) {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", expression, err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("%q: %w", expression, err)
	}
	return prog, nil
}

func (p *pattern) add(at []uint32, accept bool) int {
	key := fmt.Sprint(at, accept)
	if i, ok := p.places[key]; ok {
		return i
	}
	s := patternState{at: at, accept: accept}
	for d := range s.next {
		s.next[d] = -1
	}
	p.states = append(p.states, s)
	p.places[key] = len(p.states) - 1
	return len(p.states) - 1
}

// close follows what needs no digit.
func (p *pattern) close(from []uint32) (at []uint32, accept bool) {
	seen := make([]bool, len(p.prog.Inst))
	var follow func(pc uint32)
	follow = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		switch in := &p.prog.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			follow(in.Out)
			follow(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			follow(in.Out)
		case syntax.InstMatch:
			accept = true
		case syntax.InstEmptyWidth:
			panic("an assertion in " + p.expression)
		}
	}
	for _, pc := range from {
		follow(pc)
	}
	for pc, was := range seen {
		switch p.prog.Inst[pc].Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if was {
				at = append(at, uint32(pc))
			}
		}
	}
	return at, accept
}

// step is the state after one more digit.
func (p *pattern) step(state, digit int) int {
	if next := p.states[state].next[digit]; next >= 0 {
		return next
	}
	var moved []uint32
	for _, pc := range p.states[state].at {
		if in := &p.prog.Inst[pc]; in.MatchRune(rune('0' + digit)) {
			moved = append(moved, in.Out)
		}
	}
	next := p.add(p.close(moved))
	p.states[state].next[digit] = next
	return next
}
