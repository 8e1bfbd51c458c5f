package testproc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ServerUser is whom servers run as: nil for whoever runs the tests, and the user
// postgres for root, whom PostgreSQL refuses.
func ServerUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: root can't run it, and there is no user postgres", ErrMissing)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// attributes have a server run as its user, and end by death when the test binary ends,
// however that ends.
func attributes(death syscall.Signal) (*syscall.SysProcAttr, error) {
	as, err := ServerUser()
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: as, Pdeathsig: death}, nil
}

// handOver gives a file to the user whom servers run as.
func handOver(path string) error {
	as, err := ServerUser()
	if err != nil || as == nil {
		return err
	}
	return os.Chown(path, int(as.Uid), int(as.Gid))
}

// lockFile takes a file for as long as this process lives, or until it is closed.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// KillTree ends a process and those that it has started, so that none of them does
// anything more once another has gone. No process at all is fine.
func KillTree(pid int) error {
	if err := signal(pid, unix.SIGSTOP); err != nil { // it starts no more
		return err
	}
	children, err := childrenOf(pid)
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := signal(child, unix.SIGKILL); err != nil {
			return err
		}
	}
	if err := signal(pid, unix.SIGKILL); err != nil {
		return err
	}
	for _, gone := range append(children, pid) {
		if err := AwaitEnd(gone); err != nil {
			return err
		}
	}
	return nil
}

func signal(pid int, s syscall.Signal) error {
	if err := unix.Kill(pid, s); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal %v to process %d: %w", s, pid, err)
	}
	return nil
}

// AwaitEnd waits until a process that was killed runs no more. Whether it was reaped,
// which may be nobody's business here, doesn't matter.
func AwaitEnd(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(fd)
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("poll", err)
		}
	}
}

// childrenOf are the processes whose parent is pid.
func childrenOf(pid int) (children []int, err error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, file := range stats {
		stat, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return nil, err
		}
		// pid (name) state parent …, and a name may hold anything.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
	}
	return children, nil
}

// KillPostgres kills a PostgreSQL by its data directory, whoever has started it, as
// [KillTree] does. That none runs is fine.
func KillPostgres(data string) error {
	pid := postmaster(data)
	if pid == 0 {
		return nil
	}
	return KillTree(pid)
}

// SignalPostgres sends a signal to all processes of a PostgreSQL. The postmaster gets it
// first, and starts no more if it is to stop.
func SignalPostgres(data string, s syscall.Signal) error {
	pid := postmaster(data)
	if pid == 0 {
		return fmt.Errorf("no PostgreSQL runs in %s", data)
	}
	if err := signal(pid, s); err != nil {
		return err
	}
	children, err := childrenOf(pid)
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := signal(child, s); err != nil {
			return err
		}
	}
	return nil
}

// postmaster is the number of the process that serves a data directory, 0 if none does.
func postmaster(data string) int {
	lines := pidFile(data)
	if len(lines) == 0 {
		return 0
	}
	pid, err := strconv.Atoi(lines[0])
	if err != nil {
		return 0
	}
	// The file may have outlived the process, and the number have been given again.
	if at, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || at != data {
		return 0
	}
	return pid
}

// RemoveSharedOf removes the shared memory of a PostgreSQL that was killed: the system
// keeps it until somebody says so.
func RemoveSharedOf(data string) {
	lines := pidFile(data)
	if len(lines) < 7 {
		return // it has ended in order
	}
	// The seventh line holds key and id.
	if fields := strings.Fields(lines[6]); len(fields) == 2 {
		if id, err := strconv.Atoi(fields[1]); err == nil {
			_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
	}
}

// pidFile are the lines of the file that a PostgreSQL keeps while it runs.
func pidFile(data string) []string {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// Shout writes a line where whoever started the tests sees it: `go test` of several
// packages shows nothing of what those say that pass, and would leave out in silence
// what could not be run. So the line goes to the go command's own standard error. It
// reports whether it could.
func Shout(line string) bool {
	parent := os.Getppid()
	words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", parent))
	if command := strings.Split(string(words), "\x00"); err != nil || !strings.HasPrefix(filepath.Base(command[0]), "go") || !slices.Contains(command, "test") {
		return false // a debugger, or a shell
	}
	mine, err := os.Stdout.Stat()
	if err != nil {
		return false
	}
	// The go command hands on its own standard output where it shows everything.
	if shown, err := os.Stat(fmt.Sprintf("/proc/%d/fd/1", parent)); err != nil || os.SameFile(mine, shown) {
		return false
	}
	out, err := errorsOf(parent)
	if err != nil {
		return false
	}
	defer out.Close()
	_, err = fmt.Fprintln(out, line)
	return err == nil
}

// errorsOf is the standard error of a process.
func errorsOf(pid int) (*os.File, error) {
	if fd, err := unix.PidfdOpen(pid, 0); err == nil {
		defer unix.Close(fd)
		if theirs, err := unix.PidfdGetfd(fd, 2, 0); err == nil {
			return os.NewFile(uintptr(theirs), "stderr"), nil
		}
	}
	// Some systems let only a debugger do that. A file that is opened once more has a
	// position of its own, and what was written there would be written over.
	path := fmt.Sprintf("/proc/%d/fd/2", pid)
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
		return nil, fmt.Errorf("the standard error of process %d is none to write to: %v", pid, err)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
}
