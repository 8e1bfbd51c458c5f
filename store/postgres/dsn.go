package postgres

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Address is where a database is, as far as everybody may know it.
type Address struct {
	// Hosts are the servers, tried in their order, each with its port; or the directory of
	// a socket.
	Hosts []string
	// Database and User are the names of what is asked for, and of the role that asks.
	Database, User string
	// Password reports that the address itself has one.
	Password bool
	// Plain reports that some connections would not be encrypted, or only where the server
	// wants it so.
	Plain bool
}

// String is the address without its password.
func (a Address) String() string {
	return a.User + "@" + strings.Join(a.Hosts, ",") + "/" + a.Database
}

// ParseAddress reads the address of a database, a URL or a list of keywords and values
// as libpq has them. Its errors are sentences without anything of the password.
func ParseAddress(dsn string) (Address, error) {
	if strings.TrimSpace(dsn) == "" {
		return Address{}, errors.New("it is empty: write postgres://<user>:<password>@<host>/<database>")
	}
	conn, err := pgx.ParseConfig(dsn)
	if err != nil {
		return Address{}, addressError(dsn, err)
	}
	for name := range conn.RuntimeParams {
		if strings.HasPrefix(name, "pool_") { // of pgxpool, and no server knows them
			return Address{}, fmt.Errorf("%s is nothing a server knows: leave it out, and write pool_size in the store's block", name)
		}
	}
	a := Address{Database: conn.Database, User: conn.User, Password: passwords.MatchString(dsn)}
	if a.Database == "" {
		a.Database = a.User // as the server has it
	}
	add := func(host string, port uint16, encrypted bool) {
		if !strings.HasPrefix(host, "/") && !strings.HasPrefix(host, "@") {
			host = net.JoinHostPort(host, strconv.Itoa(int(port)))
			a.Plain = a.Plain || !encrypted
		}
		if len(a.Hosts) == 0 || a.Hosts[len(a.Hosts)-1] != host { // once with and once without TLS
			a.Hosts = append(a.Hosts, host)
		}
	}
	add(conn.Host, conn.Port, conn.TLSConfig != nil)
	for _, f := range conn.Fallbacks {
		add(f.Host, f.Port, f.TLSConfig != nil)
	}
	if found := wrongServer.FindStringSubmatch(dsn); found != nil {
		return a, fmt.Errorf("target_session_attrs is %s, and a gateway writes: write read-write", found[1])
	}
	return a, nil
}

// wrongServer finds that servers are asked for that take no changes.
var wrongServer = regexp.MustCompile(`target_session_attrs\s*=\s*'?(read-only|standby|prefer-standby)\b`)

// passwords finds those in an address. Others come from a file or from the environment.
var passwords = regexp.MustCompile(`^[a-z]+://[^@/?#]*:[^@]+@|password\s*=`)

// addressError says what is wrong with an address. What pgx says quotes what it could
// not read, which may be of the password.
func addressError(dsn string, err error) error {
	said := err.Error()
	if _, after, ok := strings.Cut(said, "`: "); ok {
		said = after
	}
	switch {
	case strings.Contains(said, "failed to parse as URL"):
		return errors.New("it is no URL such as postgres://<user>:<password>@<host>:<port>/<database>: in a password, write %40 for @, %2F for /, %3A for :, %3F for ?, %23 for # and %25 for %")
	case strings.Contains(said, "keyword/value") && strings.Contains(dsn, "://"):
		return errors.New("it begins with neither postgres:// nor postgresql://")
	case strings.Contains(said, "keyword/value"):
		return errors.New("it is neither a URL such as postgres://<user>:<password>@<host>/<database> nor keywords and values such as host=db1 dbname=waguard user=waguard; a value with spaces stands in single quotes")
	case strings.Contains(said, "sslmode is invalid"):
		return errors.New("sslmode must be disable, allow, prefer, require, verify-ca or verify-full")
	case said == "invalid port":
		return errors.New("a port is a number from 1 to 65535; if none is wrong, write %2F for / and %40 for @ in the password")
	}
	return errors.New(said)
}

// writing has a connection lead to a server that takes changes, whether the address has
// target_session_attrs or not: of several hosts all others are standbys.
func writing(config *pgconn.Config) {
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}
