// Package wal keeps changes on disk until they are somewhere else: a write-ahead
// log. It knows nothing of what they mean.
//
// # Files
//
// A log is two files of the same kind, CHANGES-0 and CHANGES-1. One is written to;
// when it is full the other one is, from its beginning, if everything in it has been
// applied elsewhere (see [Log.Turn]). So they never grow beyond 16 MiB each, nothing is
// ever deleted, and what is written lies where zeros or older changes were: to sync it
// the disk has no file system to update. A file grows in steps, which are filled with
// zeros first and synced with their size.
//
// All integers are little-endian.
//
//	file   = header frame* rest
//	header = "waguard changes\n" stamp(16) crc32c(4, of both) zeros(28)
//	frame  = length(4) crc32c(4, of number and changes) number(8) changes(length) zeros(0-7)
//
// A frame begins at a multiple of 8 bytes. Frames of a file have numbers that follow
// one another. The rest is zeros or what was written before, whose numbers are smaller:
// the first place without the next number is the end. The stamp is whoever's the log is.
//
// # After a crash
//
// A frame is only begun when the one before is on disk. So what can be torn is the last
// one, which nobody was told of. [Look] reads all that can be read, and tells the two
// apart: where there is a later frame behind a place that can't be read, changes were
// lost; where there is none, it is for the caller to know whether he had come further.
//
// What was tried of other logs' ways, and why there is one of our own: none of those
// that are kept well checks what it reads, tells a torn end from a damaged middle, and
// reuses its files.
package wal
