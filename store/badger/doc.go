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
//   - *.mem holds the newest writes (up to 8 MiB each, apparent size 16 MiB).
//     Every acknowledged write was synced to it.
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
// for its end. Every transaction has a number, and the witnesses know the newest
// (keeper.go).
//
// Whoever restores a backup takes back the opt-outs since; webhooks Meta still
// delivers again bring back a few of them. Whoever can read the directory has the
// key of the pseudonyms and can test whether a number is in it; whoever can write
// to it can forge consent. It belongs to the gateway's user alone.
//
// # How it writes
//
// All changes go through one goroutine, which puts everything that waits into
// one transaction, syncs it once, and then answers all of it (writer.go). The
// ledger entries of a transaction are one record (page.go).
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
