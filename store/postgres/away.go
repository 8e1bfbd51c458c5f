package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsAway reports that an error is one of a database that may answer later without
// anybody changing anything here: nobody listens there, it starts or fails over, it has
// no connection left. A wrong password isn't that, or a database that there is not.
func IsAway(err error) bool {
	return anyOf(err, func(err error) bool {
		if err == ErrAway || err == context.DeadlineExceeded || err == io.EOF || err == io.ErrUnexpectedEOF || err == pgconn.ErrReadOnlyConnection { //nolint:errorlint // every error of the tree is looked at
			return true
		}
		switch e := err.(type) { //nolint:errorlint // as above
		case *pgconn.PgError:
			return awayCode(e)
		case net.Error:
			return true // timeouts, refusals, names that can't be resolved yet
		}
		return false
	})
}

// awayCode reports that what a server answers with goes by.
func awayCode(e *pgconn.PgError) bool {
	switch {
	case e.Code == "08P01": // PgBouncer says by it that its server is away, and also what it doesn't understand
		return !strings.Contains(e.Message, "parameter")
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"), e.Code == codeReadOnly:
		return true
	}
	return false
}

// anyOf looks at every error of a tree.
func anyOf(err error, is func(error) bool) bool {
	if err == nil {
		return false
	}
	if is(err) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // it is taken apart
	case interface{ Unwrap() error }:
		return anyOf(e.Unwrap(), is)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if anyOf(err, is) {
				return true
			}
		}
	}
	return false
}

// unreached says in one line why a database could not be reached, or why it doesn't let
// this gateway in, and what to do about that.
func unreached(a Address, err error) error {
	said := err.Error()
	if _, after, ok := strings.Cut(said, "`:"); ok { // who and where stand before
		said = after
	}
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) { // it is tried with TLS and without
			lines = append(lines, line)
		}
	}
	if len(lines) > 1 { // without TLS it got further
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasSuffix(line, refusedTLS) })
	}
	said = strings.Join(lines, "; ")
	if errors.Is(err, pgconn.ErrReadOnlyConnection) || strings.Contains(said, "read only connection") {
		said += "; it is a standby, or default_transaction_read_only is on: name the primary in the address, or all servers, of which the one is used that takes changes"
	}
	if IsAway(err) && !trustless(err) {
		return &reachError{fmt.Sprintf("%s: %s", ErrAway, said), errors.Join(ErrAway, err)}
	}
	remedy := remedyOfTLS(err, said)
	switch codeOf(err) {
	case "28P01", "28000":
		remedy = "; see that the role and its password are right, and that pg_hba.conf lets it in from here"
	case "3D000":
		remedy = fmt.Sprintf("; make it with `create database %s`, or write another one into the address", a.Database)
	case codeDenied:
		remedy = fmt.Sprintf("; grant connect on the database %s to %s", a.Database, a.User)
	}
	return &reachError{"the database doesn't let this gateway in: " + said + remedy, err}
}

// refusedTLS is what pgx says of a server that has none.
const refusedTLS = "tls error: server refused TLS connection"

// trustless reports that the server's certificate isn't trusted, which doesn't pass by itself.
func trustless(err error) bool {
	return anyOf(err, func(err error) bool {
		switch err.(type) { //nolint:errorlint // every error of the tree is looked at
		case x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, *tls.CertificateVerificationError:
			return true
		}
		return false
	})
}

// remedyOfTLS is what to do where a connection fails for want of TLS, or for a certificate.
func remedyOfTLS(err error, said string) string {
	switch {
	case strings.HasSuffix(said, refusedTLS):
		return "; turn TLS on there (ssl = on, with ssl_cert_file and ssl_key_file), or write another sslmode into the address"
	case anyOf(err, func(err error) bool { _, is := err.(x509.HostnameError); return is }): //nolint:errorlint // as above
		return "; write the host into the address by a name that its certificate has, or give it one for the name it is called by here"
	case trustless(err):
		return "; write sslrootcert=<file> into the address, with the certificate of the authority that signed the server's"
	}
	return ""
}

// codeDenied: the role may not.
const codeDenied = "42501"

// messageOf is what a server said.
func messageOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Message
	}
	return err.Error()
}

// reachError is a sentence about an error that keeps what it was.
type reachError struct {
	said string
	err  error
}

func (e *reachError) Error() string { return e.said }
func (e *reachError) Unwrap() error { return e.err }
