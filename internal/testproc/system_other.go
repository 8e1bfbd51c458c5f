//go:build !linux

package testproc

import (
	"errors"
	"os"
	"syscall"
)

// Elsewhere servers run as whoever runs the tests, who can't be root, and may outlive a
// test binary that is killed.

// ServerUser is nobody else.
func ServerUser() (*struct{}, error) { return nil, nil }

func attributes(syscall.Signal) (*syscall.SysProcAttr, error) { return nil, nil }

func handOver(string) error { return nil }

// lockFile finds every file taken, but for one that it makes.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// KillTree ends the process alone: its children notice by themselves.
func KillTree(pid int) error { return signal(pid, syscall.SIGKILL) }

func signal(pid int, s syscall.Signal) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return nil // it has ended
	}
	if err := p.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// KillPostgres and SignalPostgres need Linux's /proc.
func KillPostgres(string) error { return errLinux }

func SignalPostgres(string, syscall.Signal) error { return errLinux }

var errLinux = errors.New("clusters are for Linux")

func RemoveSharedOf(string) {}

// Shout does not know how.
func Shout(string) bool { return false }
