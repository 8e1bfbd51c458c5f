// Package crash ends gateways in the middle of their work, in every way there
// is, and asks them for everything they acknowledged.
//
// A round starts the gateway's own binary, lets senders and Meta's webhooks loose
// on it, and ends it at a random moment: in the middle of the load, of its start
// or of a backup. Then it is started again, and every fact it had acknowledged
// in the round is asked for, with some of earlier rounds; at the end all of
// them. Every message that reached the upstream is looked up in the ledger.
//
//   - TestKill ends it by SIGKILL.
//   - TestPowerCut shuts down its file system without writing anything back, as a
//     power cut does: only what was synced survives. It needs root, for a loop
//     device with ext4.
//   - TestDiskFull fills its disk to the last byte, then ends it. It needs root, for
//     a tmpfs.
//
// By default there are a few rounds of each, for CI. For a night:
//
//	go test ./e2e/crash -timeout 0 -kills 1000 -cuts 200 -full 100
package crash
