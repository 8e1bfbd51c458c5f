package testproc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// Process is a server's process, a child of the test binary.
type Process struct {
	cmd  *exec.Cmd
	name string
	log  string
	// ended is closed when it has.
	ended chan struct{}
}

// Command is how a process is started.
type Command struct {
	// Program is its path.
	Program string
	Args    []string
	// Env is added to an environment that holds nothing of the user's but PATH.
	Env []string
	// Log is the file its output goes to, after what is there.
	Log string
	// Death is the signal that it gets when the test binary has ended.
	Death syscall.Signal
}

// Start starts a server. That it is up, the caller sees.
func Start(c Command) (*Process, error) {
	attr, err := attributes(c.Death)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &Process{name: filepath.Base(c.Program), log: c.Log, ended: make(chan struct{})}
	p.cmd = exec.Command(c.Program, c.Args...)
	p.cmd.Dir = filepath.Dir(c.Log)
	p.cmd.Env = environment(c.Env)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = attr
	if err := spawn(p.cmd); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log
		close(p.ended)
	}()
	return p, nil
}

// environment is that of a server: nothing that leads PostgreSQL's programs elsewhere.
func environment(more []string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}, more...)
}

// Ended is closed when it has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Running reports whether it hasn't ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Stop asks it to end, and waits.
func (p *Process) Stop(s syscall.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	return nil
}

// Kill ends it and its children at once, without their doing.
func (p *Process) Kill() error {
	if !p.Running() {
		return nil
	}
	if err := KillTree(p.PID()); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// Failed says that it ended, or could not be reached.
func (p *Process) Failed(err error) error {
	if !p.Running() {
		err = fmt.Errorf("%s has ended: %s", p.name, p.cmd.ProcessState)
	}
	return fmt.Errorf("%w; its log ends:\n%s", err, Tail(p.log))
}

// Output runs a program to its end, as the user whom servers run as.
func Output(dir, path string, args ...string) (string, error) {
	attr, err := attributes(syscall.SIGKILL)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, environment(nil), attr
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err = spawn(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", filepath.Base(path), err, out.String())
	}
	return out.String(), nil
}

// spawn starts a command on a thread that never ends: a child gets its signal of death
// when the thread ends that started it, not when the process does.
func spawn(cmd *exec.Cmd) error {
	started := make(chan error)
	spawner() <- func() { started <- cmd.Start() }
	return <-started
}

var spawner = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})
