// Package rulelang compiles and evaluates the rules that an operator writes: boolean
// expressions of the Common Expression Language over what a decision rests on.
//
// An expression has no clock and calls nothing: of the same [Input] it always makes the
// same. What it costs is bounded before it runs, by an estimate, and while it runs.
//
// There is no null in it, and nothing is missing: what isn't known has a flag that says
// so. Expressions that count on the contrary, or fail with some inputs only, are refused
// when they are compiled.
package rulelang
