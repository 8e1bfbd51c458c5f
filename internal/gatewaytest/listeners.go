package gatewaytest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// A reload opens each port again before it closes it: for a moment two sockets
// listen, and what the kernel has handed to the old one as that closes is reset.

// settle waits until one socket listens at a port. Where the kernel doesn't list
// them it returns at once.
func settle(port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	suffix := fmt.Sprintf(":%04X", n)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		sockets, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			return nil
		}
		if listening(string(sockets), suffix) <= 1 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server before the reload still listens at port %s", port)
		}
	}
}

// listening counts the sockets that listen at addresses with an ending, in the
// kernel's table.
func listening(table, suffix string) (n int) {
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[1], suffix) && f[3] == "0A" {
			n++
		}
	}
	return n
}
