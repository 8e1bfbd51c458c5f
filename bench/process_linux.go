package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// clockTick is the unit of times in /proc: USER_HZ, 100 on every Linux.
const clockTick = 10 * time.Millisecond

// cpuTime is the CPU time a process has used, in user and kernel mode.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is a name in parentheses and may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has an unknown form", pid)
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// resident is the memory of a process that is in RAM, in bytes: all of it, and
// without the files it has mapped, of which the kernel can take it back any time.
func resident(pid int) (all, own int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(string(fields[1]), 10, 64)
		switch string(fields[0]) {
		case "VmRSS:":
			all = kib << 10
		case "RssAnon:":
			own = kib << 10
		}
	}
	return all, own, nil
}

// openHandles is how many files and sockets a process has open, but for the
// tables of its store: there are as many as the ledger is long.
func openHandles(pid int) (n int64, err error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if name, _ := os.Readlink(filepath.Join(dir, e.Name())); filepath.Ext(name) != ".sst" {
			n++
		}
	}
	return n, err
}

// freeSpace is how much can still be written to the file system of a directory.
func freeSpace(dir string) (uint64, error) {
	var fs syscall.Statfs_t
	err := syscall.Statfs(dir, &fs)
	return fs.Bavail * uint64(fs.Bsize), err
}

// cpuModel is the processor's name.
func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := bytes.Cut(info, []byte("model name"))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	return string(bytes.TrimSpace(bytes.TrimLeft(line, "\t :")))
}

// osRelease is the kernel's version.
func osRelease() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return string(bytes.TrimSpace(release))
}

// allocated is how much of the disk a file takes. Files of a store can be longer
// than what is in them.
func allocated(info os.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Blocks * 512
	}
	return info.Size()
}

// syncData has what was written to a file reach the disk.
func syncData(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
