package pgtest

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/internal/testproc"
)

// patience is how long the server may take to answer, on a machine that does much else.
const patience = time.Minute

// superuser is the role that may do everything. It needs no password.
const superuser = "postgres"

// Server is a PostgreSQL of this process alone. Its methods may be called concurrently.
type Server struct {
	options Options
	dir     *testproc.Dir
	data    string
	port    int

	mu      sync.Mutex
	process *testproc.Process

	// What databases are copied from.
	template    sync.Once
	templateErr error
	copies      struct {
		sync.Mutex
		n int
	}
}

// Open starts a server. Close removes it.
func Open(options Options) (_ *Server, err error) {
	if err := testproc.Installed("postgresql"); err != nil {
		return nil, err
	}
	options.TCP = options.TCP || options.Address != ""
	options.Address = cmp.Or(options.Address, "127.0.0.1")
	dir, err := testproc.MakeDir(options.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{options: options, dir: dir, port: 5432} // of a socket: no other server is in the directory
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.data, err = dir.Sub("data"); err != nil {
		return nil, err
	}
	if _, err := dir.Sub("socket"); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.sockets(), 0o711); err != nil { // #nosec G302 -- whoever runs the tests connects
		return nil, err
	}
	initdb, err := testproc.Program("initdb")
	if err != nil {
		return nil, err
	}
	if _, err := testproc.Output(dir.Path, initdb, "--pgdata="+s.data, "--username="+superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"); err != nil {
		return nil, err
	}
	if options.TCP {
		if s.port, err = testproc.FreePort(options.Address); err != nil {
			return nil, err
		}
		hba := "local all all trust\nhost all all samenet trust\n"
		if err := os.WriteFile(filepath.Join(s.data, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
			return nil, err
		}
	}
	return s, s.Start()
}

// Run is Open for a test or benchmark, which it ends where the server can't be started.
// The server ends with the test.
func Run(t testing.TB, options Options) *Server {
	t.Helper()
	s, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("PostgreSQL's log ends:\n%s", testproc.Tail(s.log()))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Start starts the server again, after Stop or Kill, at the same address, and waits
// until it answers.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil && s.process.Running() {
		return nil
	}
	postgres, err := testproc.Program("postgres")
	if err != nil {
		return err
	}
	args := append([]string{"-D", s.data, "-k", s.sockets(), "-p", strconv.Itoa(s.port)}, s.options.settings()...)
	s.process, err = testproc.Start(testproc.Command{Program: postgres, Args: args, Log: s.log(), Death: syscall.SIGQUIT})
	if err != nil {
		return err
	}
	err = testproc.Eventually(context.Background(), patience, s.process.Ended(), func(ctx context.Context) error {
		return s.exec(ctx, superuser, "select 1")
	})
	if err != nil {
		return s.process.Failed(err)
	}
	return nil
}

// Stop ends the server in order: what was committed is written, connections are
// closed.
func (s *Server) Stop() error {
	return s.end(func(p *testproc.Process) error { return p.Stop(syscall.SIGINT) }) // what PostgreSQL calls a fast shutdown
}

// Kill ends the server at once, as a crash would: the postmaster and all that it has
// started are killed with signal 9. What the server wrote, the system still writes.
func (s *Server) Kill() error { return s.end((*testproc.Process).Kill) }

// Freeze has the server answer nothing, and refuse nothing, until Thaw.
func (s *Server) Freeze() error { return testproc.SignalPostgres(s.data, syscall.SIGSTOP) }

// Thaw ends what Freeze has begun.
func (s *Server) Thaw() error { return testproc.SignalPostgres(s.data, syscall.SIGCONT) }

// Restart is Stop, if it runs, and Start.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Close ends the server, and removes all that it kept.
func (s *Server) Close() error {
	err := s.end((*testproc.Process).Kill) // it may be frozen
	testproc.RemoveSharedOf(s.data)
	return errors.Join(err, s.dir.Remove())
}

func (s *Server) end(how func(*testproc.Process) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	return how(s.process)
}

// DSN is the address of a database of the server, for its superuser.
func (s *Server) DSN(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database}
	if s.options.TCP {
		u.Host = s.Addr()
		u.RawQuery = "sslmode=disable"
	} else {
		u.RawQuery = url.Values{"host": {s.sockets()}}.Encode()
	}
	return u.String()
}

// Addr is where a server with TCP listens.
func (s *Server) Addr() string { return net.JoinHostPort(s.options.Address, strconv.Itoa(s.port)) }

// Log is the path of what the server says.
func (s *Server) Log() string { return s.log() }

// PID is the number of the postmaster's process.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.PID()
}

func (s *Server) log() string { return filepath.Join(s.dir.Path, "postgres.log") }

func (s *Server) sockets() string { return filepath.Join(s.dir.Path, "socket") }

// exec runs a statement on a connection of its own.
func (s *Server) exec(ctx context.Context, database, statement string) error {
	return execute(ctx, s.DSN(database), statement)
}

func execute(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	return err
}
