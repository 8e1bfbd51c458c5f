package main

import (
	"bytes"
	"fmt"
	"strings"
)

// graph holds the numbers of all countries, in as few nodes as they can be told
// apart by. Node 0 is the end of everything: no number comes there.
type graph struct {
	nodes   []node
	places  map[node]int
	strips  []strip
	stripAt map[strip]int
}

// node is where some digits lead to.
type node struct {
	answer answer
	next   [10]uint16
}

// answer is what is known of a number that ends at a node.
type answer struct {
	valid  bool // the plan has it
	viable bool // it looks like a number of the main region
	strip  int  // the place among the strips, from 1
}

func newGraph() *graph {
	g := &graph{places: make(map[node]int), stripAt: make(map[strip]int)}
	g.add(node{})
	return g
}

func (g *graph) add(n node) uint16 {
	i, ok := g.places[n]
	if !ok {
		i = len(g.nodes)
		g.nodes, g.places[n] = append(g.nodes, n), i
	}
	if i > 0xFFFF {
		panic("more nodes than the table has room for")
	}
	return uint16(i)
}

func (g *graph) strip(s *strip) int {
	if s == nil {
		return 0
	}
	i, ok := g.stripAt[*s]
	if !ok {
		g.strips = append(g.strips, *s)
		i = len(g.strips)
		g.stripAt[*s] = i
	}
	return i
}

// fold puts the numbers of a country into the graph, and gives the node before
// their first digit.
func (c *country) fold(g *graph) (uint16, error) {
	f := folding{c: c, g: g, done: make([]map[string]uint16, maxDigits-len(c.code)+1)}
	for i := range f.done {
		f.done[i] = make(map[string]uint16)
	}
	states := make([]int, len(c.patterns))
	for i := range states {
		states[i] = begin
	}
	return f.node(states, c.prefix.begin(), 0), nil
}

type folding struct {
	c    *country
	g    *graph
	done []map[string]uint16 // by length: the node of a state
}

func (f *folding) node(states []int, prefix prefixState, length int) uint16 {
	var b strings.Builder
	fmt.Fprint(&b, states)
	prefix.key(&b)
	if at, ok := f.done[length][b.String()]; ok {
		return at
	}
	n := node{answer: answer{
		valid:  f.c.valid(states, length),
		viable: f.c.viable.states[states[f.c.viable.place]].accept,
		strip:  f.g.strip(f.c.prefix.at(&prefix, length)),
	}}
	if length < maxDigits-len(f.c.code) {
		for d := range n.next {
			after := make([]int, len(states))
			for i, p := range f.c.patterns {
				after[i] = p.step(states[i], d)
			}
			n.next[d] = f.node(after, f.c.prefix.step(&prefix, d, length), length+1)
		}
	}
	at := f.g.add(n)
	f.done[length][b.String()] = at
	return at
}

// valid says whether a number is one of the first region it belongs to.
func (c *country) valid(states []int, length int) bool {
	for i := range c.regions {
		r := &c.regions[i]
		switch {
		case r.leading == nil:
			if r.has(states, length) {
				return true
			}
		case r.leading.states[states[r.leading.place]].accept:
			return r.has(states, length)
		}
	}
	return false
}

func (r *region) has(states []int, length int) bool {
	if !r.general.has(states, length) {
		return false
	}
	for i := range r.kinds {
		if r.kinds[i].has(states, length) {
			return true
		}
	}
	return false
}

func (k *kind) has(states []int, length int) bool {
	return (k.lengths == 0 || k.lengths&(1<<length) != 0) && k.pattern.states[states[k.pattern.place]].accept
}

// write writes the graph. Of the ten nodes behind a node those that are the one
// before them are left out, and rows that are alike are written once.
func (g *graph) write(out *bytes.Buffer) {
	fmt.Fprintf(out, "// strips are what becomes of numbers with a prefix, from 1.\nvar strips = [...]strip{\n{},\n")
	for _, s := range g.strips {
		fmt.Fprintf(out, "{%q, %d, %d, %d},\n", s.literal, s.from, s.to, s.end)
	}
	out.WriteString("}\n\n")
	var nodes, targets bytes.Buffer
	rows := make(map[string]int)
	written := 0
	for _, n := range g.nodes {
		changes, row := 0, []uint16{n.next[0]}
		for d := 1; d < 10; d++ {
			if n.next[d] != n.next[d-1] {
				changes |= 1 << d
				row = append(row, n.next[d])
			}
		}
		key := fmt.Sprint(row)
		at, ok := rows[key]
		if !ok {
			at = written
			rows[key] = at
			for _, t := range row {
				if written%16 == 0 {
					targets.WriteByte('\n')
				}
				fmt.Fprintf(&targets, "%d, ", t)
				written++
			}
		}
		if written > 0xFFFF || n.answer.strip >= 1<<5 {
			panic("more than the table has room for")
		}
		answers := n.answer.strip << 2
		if n.answer.valid {
			answers |= 1
		}
		if n.answer.viable {
			answers |= 2
		}
		fmt.Fprintf(&nodes, "{%d, %d, %d},\n", at, changes, answers)
	}
	fmt.Fprintf(out, "// nodes is the graph of all numbers.\nvar nodes = [...]node{\n%s}\n\n", nodes.Bytes())
	fmt.Fprintf(out, "// targets are the nodes behind nodes.\nvar targets = [...]uint16{%s\n}\n", targets.Bytes())
}
