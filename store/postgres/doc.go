// Package postgres keeps a [store.Book] in PostgreSQL, so that several gateways
// share one memory.
//
// Every gateway reads what is committed: what an operator, a person or Meta has
// told one of them holds for the next request on each other one. Nothing rests on
// notifications, on clocks that agree or on one process being the leader.
//
// # Reading
//
// A call of [store.Records] is one statement under READ COMMITTED, which sees
// everything that was committed when it began. Calls that come at the same time
// share a statement: see [batcher].
//
// # Writing
//
// A change runs against what is committed and notes the version of every record it
// has read. What it leaves then goes, with what others leave at the same time, into
// one statement (commit.sql): it locks the rows that are read or written in the order
// of their keys, compares the versions, and writes. Where a version is another one,
// the change runs again.
//
// That there was nothing under a key is checked too. A row that isn't there can't
// be locked, so a change that has read of nothing leaves a row that says so, for a
// day: of two changes that each read what the other one writes, one comes first.
//
// Versions never come twice. They grow with the clock of who writes, and always beyond the one
// that was there, and what was deleted stays for a day as a row without a value.
//
// # When an answer is lost
//
// A statement whose answer is lost may have been committed, or may still be. Each
// has an id of its own, which it enters into the table batch. Whoever doesn't know
// what became of it enters the same id: then either the statement was there before,
// or it can never be committed any more. See [Engine.resolve].
package postgres
