package crash

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// disk is a file system of its own for a store.
type disk struct {
	image, at string
	mounted   bool
}

// run runs a command.
func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// newDisk makes an ext4 file system in a file. The error says what is missing for
// that, such as root.
func newDisk(t testing.TB) (*disk, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil, errors.New("it needs root")
	}
	base := t.TempDir()
	d := &disk{image: filepath.Join(base, "image"), at: filepath.Join(base, "disk")}
	if err := errors.Join(os.WriteFile(d.image, nil, 0o600), os.Truncate(d.image, 512<<20), os.Mkdir(d.at, 0o700)); err != nil {
		return nil, err
	}
	if err := run("mkfs.ext4", "-q", "-F", d.image); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if d.mounted {
			run("umount", d.at)
		}
	})
	return d, d.mount()
}

// mount mounts the disk. It writes nothing back by itself for five minutes, so
// that a power cut takes all that wasn't synced.
func (d *disk) mount() error {
	err := run("mount", "-o", "loop,commit=300", d.image, d.at)
	d.mounted = err == nil
	return err
}

// cutPower shuts the file system down as it is on the disk: what the kernel holds
// in memory is not written.
func (d *disk) cutPower() error {
	const shutdown, withoutLog = 0x8004587d, 2 // FS_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	dir, err := os.Open(d.at)
	if err != nil {
		return err
	}
	defer dir.Close()
	flags := uint32(withoutLog)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), shutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return errno
	}
	return nil
}

// comeBack mounts the disk again, after its power was cut.
func (d *disk) comeBack(t testing.TB) {
	t.Helper()
	var err error
	for range 100 { // the process lets go a moment after its end
		if err = run("umount", d.at); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err == nil {
		d.mounted = false
		err = d.mount()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPowerCut cuts the power of the disk at random moments.
func TestPowerCut(t *testing.T) {
	disk, err := newDisk(t)
	if err != nil {
		t.Logf("no power was cut: %v", err)
		return
	}
	d := dice(t)
	g := newGateway(t, filepath.Join(disk.at, "store"))
	g.start(t)
	for range *cuts {
		l := g.load(t, d)
		if d.IntN(3) == 0 {
			g.backup()
		}
		time.Sleep(moment(d))
		if err := disk.cutPower(); err != nil {
			t.Fatal(err)
		}
		g.kill(t)
		l.end()
		disk.comeBack(t)
		for d.IntN(3) == 0 { // again, while it starts
			g.Launch(t)
			time.Sleep(time.Duration(d.Int64N(int64(300 * time.Millisecond))))
			if err := disk.cutPower(); err != nil {
				t.Fatal(err)
			}
			g.kill(t)
			disk.comeBack(t)
		}
		g.start(t)
		g.verify(t, d)
	}
	g.finish(t)
	g.kill(t)
}

// TestDiskFull fills the disk to the last byte under load, and ends the gateway,
// or not.
func TestDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("no disk was filled: it needs root")
		return
	}
	at := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.Mkdir(at, 0o700), run("mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", at)); err != nil {
		t.Logf("no disk was filled: %v", err)
		return
	}
	t.Cleanup(func() { run("umount", at) })
	d := dice(t)
	g := newGateway(t, filepath.Join(at, "store"))
	filler := filepath.Join(at, "filler")
	g.start(t)
	for range *full {
		l := g.load(t, d)
		time.Sleep(moment(d))
		if err := fill(filler, d.IntN(2) == 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(moment(d) / 2)
		if d.IntN(2) == 0 || g.Gone() { // at the last page of a full disk the kernel ends the process
			g.kill(t)
		}
		l.end()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if g.Gone() {
			g.start(t)
		}
		g.verify(t, d)
	}
	g.finish(t)
	g.kill(t)
}

// fill fills the disk, to the last byte or so that only little is left.
func fill(path string, all bool) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	left := uint64(32 << 20)
	if all {
		left = 0
	}
	block := make([]byte, 1<<20)
	for {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
			return err
		}
		free := fs.Bavail * uint64(fs.Bsize)
		if free <= left {
			return nil
		}
		if _, err := file.Write(block[:min(uint64(len(block)), free-left)]); err != nil && !errors.Is(err, syscall.ENOSPC) {
			return err
		}
	}
}
