package pgtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"github.com/waguard/waguard/internal/testproc"
)

func TestMain(m *testing.M) {
	Main(m, Options{
		Statements: true,
		Migrate: func(ctx context.Context, dsn string) error {
			return execute(ctx, dsn, "create table migrated (n int primary key)")
		},
	})
}

// connect is a connection that ends with the test.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec1(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func query1[T any](t *testing.T, conn *pgx.Conn, query string) (v T) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// Every test has a database of its own, with what was migrated and what no other test
// has written, whether they run at once or not.
func TestDatabase(t *testing.T) {
	for _, name := range []string{"one", "another", "a third"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, Database(t))
			if n := query1[int](t, conn, "select count(*) from migrated"); n != 0 {
				t.Errorf("%d rows that this test hasn't written", n)
			}
			exec1(t, conn, "insert into migrated values (1)")
			if n := query1[int](t, conn, "select count(*) from pg_stat_statements where query like 'insert into migrated %' and dbid = (select oid from pg_database where datname = current_database())"); n != 1 {
				t.Errorf("pg_stat_statements has seen %d of 1 inserts", n)
			}
		})
	}
	t.Run("with nothing in it", func(t *testing.T) {
		conn := connect(t, Empty(t))
		if n := query1[int](t, conn, "select count(*) from pg_class where relname = 'migrated'"); n != 0 {
			t.Error("an empty database has a table")
		}
	})
}

// A database is gone after its test, even where the test is still connected.
func TestDatabaseIsDropped(t *testing.T) {
	var dsn string
	t.Run("it", func(t *testing.T) {
		dsn = Database(t)
		if _, err := pgx.Connect(context.Background(), dsn); err != nil { // and left open
			t.Fatal(err)
		}
	})
	_, err := pgx.Connect(t.Context(), dsn)
	if err == nil || !strings.Contains(err.Error(), "3D000") {
		t.Errorf("connecting to the database of a test that is over: %v", err)
	}
}

// What was committed is there after a kill, and neither the postmaster nor a backend
// outlives it; the address stays.
func TestKill(t *testing.T) {
	for name, options := range map[string]Options{
		"by a socket": {Durable: true},
		"by TCP":      {TCP: true, Durable: true, Settings: map[string]string{"synchronous_commit": "on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Run(t, options)
			dsn := s.Database(t)
			conn := connect(t, dsn)
			if fsync := query1[string](t, conn, "show fsync"); fsync != "on" {
				t.Errorf("fsync is %s", fsync)
			}
			exec1(t, conn, "create table kept (n int)")
			exec1(t, conn, "insert into kept values (1)")
			backend := int(conn.PgConn().PID())
			if err := s.Kill(); err != nil {
				t.Fatal(err)
			}
			for _, pid := range []int{s.PID(), backend} {
				if alive(t, pid) {
					t.Errorf("process %d outlives the kill", pid)
				}
			}
			if err := conn.Ping(t.Context()); err == nil {
				t.Error("a connection outlives the kill")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			if n := query1[int](t, connect(t, dsn), "select count(*) from kept"); n != 1 {
				t.Errorf("%d of 1 rows are there after the kill", n)
			}
			if err := s.Restart(); err != nil {
				t.Fatal(err)
			}
			if n := query1[int](t, connect(t, dsn), "select count(*) from kept"); n != 1 {
				t.Errorf("%d of 1 rows are there after the restart", n)
			}
		})
	}
}

// alive reports whether a process runs. One that nobody has reaped doesn't.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "stat"))
	if err != nil {
		return false
	}
	return !strings.Contains(string(stat), ") Z ")
}

// A server that is frozen says nothing, and goes on where it was.
func TestFreeze(t *testing.T) {
	s := Run(t, Options{})
	conn := connect(t, s.Database(t))
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- conn.Ping(context.WithoutCancel(t.Context())) }()
	select {
	case err := <-answered:
		t.Errorf("a frozen server answers: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := s.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}

// Nothing stays behind of a server that was closed, killed before or not: no file, no
// shared memory.
func TestClose(t *testing.T) {
	for _, killed := range []bool{false, true} {
		s, err := Open(Options{Dir: testproc.Temporary()})
		if err != nil {
			t.Fatal(err)
		}
		pidfile, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
		if err != nil {
			t.Fatal(err)
		}
		memory := strings.Fields(strings.Split(string(pidfile), "\n")[6])
		if killed {
			if err := s.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(s.dir.Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("killed %v: its directory stays: %v", killed, err)
		}
		segments, err := os.ReadFile("/proc/sysvipc/shm")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(segments)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[1] == memory[1] {
				t.Errorf("killed %v: its shared memory stays: %s", killed, line)
			}
		}
	}
}

// A server that can't be started says why.
func TestServerDoesNotStart(t *testing.T) {
	s, err := Open(Options{Settings: map[string]string{"no_such_setting": "on"}})
	if err == nil {
		t.Fatal(s.Close())
	}
	if !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("the error doesn't have the server's reason: %v", err)
	}
}

// The go command shows that line, once, however it is called, and doesn't remember that
// nothing was run.
func TestNotRunIsSeen(t *testing.T) {
	for _, args := range [][]string{{"./pgtest"}, {"./pgtest", "./freeport"}, {"-v", "./pgtest"}, {"-C", "pgtest"}} {
		cmd := exec.Command("go", append([]string{"test", "-run", "TestHold$"}, args...)...)
		if args[0] == "-C" {
			cmd.Args = []string{"go", "-C", args[1], "test"}
		}
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), testproc.Variable+"=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go test %v: %v\n%s", args, err, out)
		}
		if n := strings.Count(string(out), "github.com/waguard/waguard/internal/pgtest: its tests were not run: "+testproc.Variable+"=off\n"); n != 1 {
			t.Errorf("go test %v: the line is there %d times:\n%s", args, n, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "internal/pgtest") && strings.Contains(line, "(cached)") {
				t.Errorf("go test %v: that nothing was run is remembered:\n%s", args, out)
			}
		}
	}
}

// The signal of death reaches a server: none outlives a test binary that was killed.
func TestNoneOutlivesItsBinary(t *testing.T) {
	if dir := os.Getenv("WAGUARD_TEST_OUTLIVE"); dir != "" {
		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("pid " + itoa(s.PID()) + "\n")
		unix.Kill(os.Getpid(), unix.SIGKILL)
	}
	dir := testproc.Temporary()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestNoneOutlivesItsBinary$")
	cmd.Env = append(os.Environ(), "WAGUARD_TEST_OUTLIVE="+dir)
	out, err := cmd.Output()
	if err == nil {
		t.Fatalf("it was not killed: %s", out)
	}
	_, rest, found := strings.Cut(string(out), "pid ")
	if !found {
		t.Fatalf("it has not said its server's number: %s", out)
	}
	pid := atoi(t, strings.TrimSpace(rest))
	if err := testproc.AwaitEnd(pid); err != nil {
		t.Error(err)
	}
}
