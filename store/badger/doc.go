// Package badger is the embedded engine: it keeps everything in one directory, in
// an embedded Badger database. It knows nothing of what it keeps ([store.Book]
// does), and it is no cluster: one process has the directory, on a local disk,
// alone.
//
// # What is on disk
//
// Records are CBOR with integer keys; keys.go here and in package store lists all
// of them. Persons, messages and opaque values stand under keyed pseudonyms, whose
// key is made with the store and lies in its meta record. In clear are what is the
// business's own: phone number ids, its display numbers, template names, the
// evidence an operator named.
//
//   - CHANGES-0 and CHANGES-1 are the log of changes (package wal): what was
//     acknowledged within the last second and isn't in Badger yet.
//   - *.mem holds Badger's newest writes (up to 8 MiB each, apparent size 16 MiB),
//     synced.
//   - *.sst holds all older records.
//   - MANIFEST lists the *.sst files.
//   - WITNESS says how far the store has got and which files there are; so does,
//     without the files, the witness outside of the directory.
//   - *.vlog is empty: no record is large enough for it.
//   - KEYREGISTRY and DISCARD hold nothing of ours.
//
// What happens when any of them is lost or damaged stands in docs/reference/damage.md, which
// a test writes: a store that knows less than it did is not opened ([Loss]). The
// files are surveyed before Badger sees them (survey.go), because Badger deletes
// tables that MANIFEST doesn't name, and takes the first unreadable byte of a log
// for its end. The witnesses know how far the store had got (keeper.go).
//
// Whoever restores a backup takes back the opt-outs since; webhooks Meta still
// delivers again bring back a few of them. Whoever can read the directory has the
// key of the pseudonyms and can test whether a number is in it; whoever can write
// to it can forge consent. It belongs to the gateway's user alone.
//
// # How it writes
//
// All changes go through one goroutine, which appends everything that waits to the log
// of changes, syncs it once, and then answers all of it (writer.go, pace.go). What was
// appended is kept in memory, where every reader looks first (recent.go), until another
// goroutine has moved it into Badger: some hundred kilobytes or a second's worth in one
// transaction (apply.go), in which the ledger entries of a moment are one record, with
// what became of them (page.go). Badger's numbers of transactions and the log's numbers
// of changes are both known to the witnesses, and each transaction of Badger's says up
// to which change it goes; so a store that was killed takes from the log what is newer.
//
// # When the disk fails
//
// Below 96 MiB of free space sends are refused with an error that says so, below
// 64 MiB all writes; reads go on, and writes as soon as there is space. Badger
// maps its files into memory, and the kernel kills a process that touches such a
// page on a full disk, so it must not come to that. After a write that failed inside Badger
// every call answers [store.ErrFailed] until the process is restarted. A read that
// fails is the error of whoever asked.
//
// # How records leave
//
// Entries and what hangs on them are deleted when they are no longer kept, by a
// present that a wrong clock can't make (sweep.go).
package badger
