package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// conn is a connection to the server.
type conn struct {
	net net.Conn
	// socket is what is below TLS.
	socket socket
	// head watches what is read.
	head head
	// born is when it was made, since when it has been idle.
	born, since time.Time
	// used: it has had a request before.
	used bool
}

// Read reads what the server sends.
func (cn *conn) Read(p []byte) (int, error) {
	if cn.head.wrong != nil {
		return 0, cn.head.wrong // net/http may read on after an error
	}
	n, err := cn.net.Read(p)
	if cn.head.on && cn.head.see(p[:n]) != nil {
		return 0, cn.head.wrong
	}
	return n, err
}

// abort ends whatever is going on.
func (cn *conn) abort() { _ = cn.net.SetDeadline(time.Unix(1, 0)) }

// tlsFor are the settings of TLS towards a server. It is always verified.
func tlsFor(server *url.URL, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		ServerName: server.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(64),
	}
}

// via prepares for reaching the server by a proxy.
func (c *Client) via(proxy *url.URL) error {
	switch proxy.Scheme {
	case "http":
	case "https":
		c.proxyTLS = tlsFor(proxy, nil)
	default:
		return fmt.Errorf("the proxy of the environment is reached by %q; it must be http or https", proxy.Scheme)
	}
	c.address = hostPort(proxy)
	authorization := ""
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		authorization = "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if c.serverTLS == nil {
		c.prefix, c.extra = "http://"+c.options.Server.Host, authorization
		return nil
	}
	c.connectHead = "CONNECT " + c.host + " HTTP/1.1\r\nHost: " + c.host + "\r\n" + authorization + "\r\n"
	return nil
}

// connect makes a connection, for which there is a place.
func (c *Client) connect(ctx context.Context, deadline time.Time) (*conn, *Error) {
	c.counters.dials.Add(1)
	cn, err := c.dial(ctx, deadline)
	if err == nil {
		return cn, nil
	}
	c.vacate()
	if ctx.Err() != nil && !timeout(ctx.Err()) {
		return nil, &Error{Kind: Cancelled, Err: ctx.Err()}
	}
	return nil, &Error{Kind: Unconnected, Err: err}
}

func (c *Client) dial(ctx context.Context, deadline time.Time) (*conn, error) {
	dialer := net.Dialer{Deadline: earlier(time.Now().Add(c.options.DialTimeout), deadline)}
	raw, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	cn := &conn{net: raw, born: c.options.Now()}
	cn.socket.watch(raw)
	if c.serverTLS == nil && c.proxyTLS == nil {
		return cn, nil
	}
	if err := c.secure(ctx, cn, earlier(time.Now().Add(c.options.HandshakeTimeout), deadline)); err != nil {
		_ = cn.net.Close()
		return nil, err
	}
	return cn, nil
}

// secure makes the tunnel through a proxy, and TLS.
func (c *Client) secure(ctx context.Context, cn *conn, deadline time.Time) error {
	if err := cn.net.SetDeadline(deadline); err != nil {
		return err
	}
	if ctx.Done() != nil {
		raw := conn{net: cn.net} // cn's own changes meanwhile
		defer context.AfterFunc(ctx, raw.abort)()
	}
	if c.proxyTLS != nil {
		if err := handshake(cn, c.proxyTLS); err != nil {
			return err
		}
	}
	if c.connectHead != "" {
		if err := c.tunnel(cn); err != nil {
			return err
		}
	}
	if c.serverTLS != nil {
		return handshake(cn, c.serverTLS)
	}
	return nil
}

func handshake(cn *conn, config *tls.Config) error {
	secured := tls.Client(cn.net, config)
	if err := secured.Handshake(); err != nil {
		return err
	}
	cn.net = secured
	return nil
}

var errTalks = errors.New("the proxy said more than it was asked")

// tunnel has the proxy open a tunnel to the server.
func (c *Client) tunnel(cn *conn) error {
	if _, err := cn.net.Write([]byte(c.connectHead)); err != nil {
		return err
	}
	cn.head.begin(c.options.MaxHead)
	from := bufio.NewReader(cn)
	resp, err := http.ReadResponse(from, &connectRequest)
	if err != nil {
		kind, cause := ofHead(err)
		if cause == nil {
			return errors.New("the proxy gave no answer")
		}
		return fmt.Errorf("the proxy's answer, %s: %w", kind, cause)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy refused with status %d", resp.StatusCode)
	}
	if from.Buffered() > 0 {
		return errTalks
	}
	return nil
}

// earlier is the earlier one of two times; zero is never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}
