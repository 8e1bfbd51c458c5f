//go:build !linux

package main

import (
	"errors"
	"os"
	"time"
)

// Other systems have no /proc. CPU and memory are reported as zero there.

func cpuTime(int) (time.Duration, error) { return 0, nil }

func resident(int) (all, own int64, err error) { return 0, 0, nil }

func cpuModel() string { return "" }

func osRelease() string { return "" }

func openHandles(int) (int64, error) { return 0, nil }

func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }

func allocated(info os.FileInfo) int64 { return info.Size() }

func syncData(f *os.File) error { return f.Sync() }

func slowSyncs(time.Duration) error { return errors.ErrUnsupported }
