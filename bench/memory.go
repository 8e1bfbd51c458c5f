package main

import "time"

// watchMemory looks at the anonymous memory of a process until the function it
// returns is called, which is told the most of it.
func watchMemory(p *proxy) (most func() int64) {
	pid, stop, peak := p.cmd.Process.Pid, make(chan struct{}), make(chan int64)
	go func() {
		var largest int64
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			_, own, _ := resident(pid)
			largest = max(largest, own)
			select {
			case <-tick.C:
			case <-stop:
				peak <- largest
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-peak
	}
}
