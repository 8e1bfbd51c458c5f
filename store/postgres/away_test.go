package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestUnreached: whoever can't reach a database reads why, and what to do.
func TestUnreached(t *testing.T) {
	a := Address{Hosts: []string{"db1:5432"}, Database: "waguard", User: "waguard"}
	for _, test := range []struct {
		name string
		err  error
		away bool // it passes by itself
		want string
	}{
		{"restarts", io.EOF, true, "the database doesn't answer"},
		{"slow", context.DeadlineExceeded, true, "the database doesn't answer"},
		{"starts", &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"}, true, "starting up"},
		{"password", &pgconn.PgError{Code: "28P01", Message: "password authentication failed"}, false, "see that the role and its password are right"},
		{"no database", &pgconn.PgError{Code: "3D000", Message: `database "waguard" does not exist`}, false, "create database waguard"},
		{"no TLS", errors.New("failed to connect to `user=waguard database=waguard`:\n\tdb1:5432: tls error: server refused TLS connection"), false, "turn TLS on there"},
		{"without TLS it got further", fmt.Errorf("failed to connect to `user=waguard database=waguard`:\n\tdb1:5432: tls error: server refused TLS connection\n\tdb1:5432: %w", &pgconn.PgError{Severity: "FATAL", Code: "28P01", Message: "password authentication failed"}), false, "lets it in from here"},
		{"authority", fmt.Errorf("db1:5432: tls: failed to verify certificate: %w", x509.UnknownAuthorityError{}), false, "sslrootcert="},
		{"another name", fmt.Errorf("db1:5432: tls: failed to verify certificate: %w", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "db1"}), false, "by a name that its certificate has"},
		{"standby", fmt.Errorf("db1:5432: ValidateConnect failed: %w", pgconn.ErrReadOnlyConnection), true, "it is a standby, or default_transaction_read_only is on: name the primary"},
	} {
		err := unreached(a, test.err)
		if !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrAway) != test.away || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v (away %v), want %q (%v)", test.name, err, errors.Is(err, ErrAway), test.want, test.away)
		}
		if strings.HasPrefix(test.name, "without TLS") && strings.Contains(err.Error(), "TLS") {
			t.Errorf("%s: it speaks of TLS: %v", test.name, err)
		}
	}
}
