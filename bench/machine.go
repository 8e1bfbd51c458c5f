package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// machine is what the figures belong to.
type machine struct {
	CPU   string        `json:"cpu"`
	Cores int           `json:"cores"`
	OS    string        `json:"os"`
	Go    string        `json:"go"`
	Sync  time.Duration `json:"fdatasync"` // median, see syncTimes
}

func describe(dir string) (m machine, err error) {
	m = machine{CPU: cpuModel(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if release := osRelease(); release != "" {
		m.OS += " " + release
	}
	took, err := syncTimes(dir)
	m.Sync = took.quantile(0.5)
	return m, err
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, fdatasync %s", m.CPU, m.Cores, m.OS, m.Go, m.Sync.Round(time.Microsecond))
}

// syncTimes is how long the disk of a directory takes to hold 512 bytes for good:
// written over others, so that nothing but them must be written. No disk is faster
// than that.
func syncTimes(dir string) (took latencies, err error) {
	path := filepath.Join(dir, "sync")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	defer f.Close()
	const times, size = 50, 512
	if _, err := f.Write(make([]byte, times*size)); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	block := make([]byte, size)
	block[0] = 1
	for i := range times {
		before := time.Now()
		if _, err := f.WriteAt(block, int64(i*size)); err != nil {
			return nil, err
		}
		if err := syncData(f); err != nil {
			return nil, err
		}
		took = append(took, time.Since(before))
	}
	slices.Sort(took)
	return took, nil
}
