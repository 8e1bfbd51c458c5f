package caddymodule

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"golang.org/x/net/http/httpproxy"

	"github.com/waguard/waguard/forward"
)

// Upstream is where the guard sends what it has judged, by itself.
type Upstream struct {
	// Scheme, host and, if need be, port, such as `https://graph.facebook.com`.
	URL string `json:"url,omitempty"`

	// How long making a connection may take.
	// Default: 3s.
	DialTimeout caddy.Duration `json:"dial_timeout,omitempty"`

	// The most connections there may be at a time. Requests for which there is none
	// wait for one, in order.
	// Default: 512.
	MaxConnections int `json:"max_connections,omitempty"`

	// A file of certificates, in PEM, of which the upstream's must come from one, in
	// place of those that the system trusts.
	Trust string `json:"trust,omitempty"`

	// Changes of the header of what goes on, as `header_up` of reverse_proxy makes
	// them; those of a reverse_proxy behind the guard don't touch sends.
	HeaderUp *headers.HeaderOps `json:"header_up,omitempty"`

	// without are fields that header_up takes out; changes is the whole of it where it
	// does more.
	without []string
	changes *headers.HeaderOps

	client *forward.Client
	// host is what the Host field has where TLS is spoken.
	host string
	key  string
}

// upstreamClients are the clients of the process by what they are set to. Those that
// a reload leaves as they are keep their connections.
var upstreamClients = caddy.NewUsagePool()

// forwarded counts what all of them do.
var forwarded forward.Counters

type pooledClient struct{ *forward.Client }

// Destruct closes the connections when the last configuration has released them.
func (p pooledClient) Destruct() error {
	p.Close()
	return nil
}

// provision finds the client.
func (u *Upstream) provision(ctx caddy.Context) error {
	server, err := u.server()
	if err != nil {
		return err
	}
	if u.DialTimeout < 0 {
		return fmt.Errorf("dial_timeout is %s; it must be a duration such as 3s", time.Duration(u.DialTimeout))
	}
	if u.MaxConnections < 0 || u.MaxConnections > mostConnections {
		return fmt.Errorf("max_connections is %d; it must be a number from 1 to %d", u.MaxConnections, mostConnections)
	}
	options := forward.Options{
		Server: server, DialTimeout: time.Duration(u.DialTimeout), MaxConnections: u.MaxConnections, Counters: &forwarded,
	}
	trusted, err := u.trusted(&options)
	if err != nil {
		return err
	}
	if options.Proxy, err = httpproxy.FromEnvironment().ProxyFunc()(server); err != nil {
		return errors.New("the environment's setting of a proxy (HTTP_PROXY, HTTPS_PROXY) is no URL")
	}
	if err := u.provisionHeaders(ctx); err != nil {
		return fmt.Errorf("header_up: %w", err)
	}
	client, err := forward.New(options)
	if err != nil {
		return fmt.Errorf("upstream: %w", err)
	}
	if server.Scheme == "https" {
		u.host = client.Host()
	}
	key := fmt.Sprint(server, " ", u.DialTimeout, " ", u.MaxConnections, " ", trusted, " ", options.Proxy)
	pooled, _, err := upstreamClients.LoadOrNew(key, func() (caddy.Destructor, error) { return pooledClient{client}, nil })
	if err != nil {
		return err
	}
	u.client, u.key = pooled.(pooledClient).Client, key
	return nil
}

// release gives the client up, if there is one.
func (u *Upstream) release() error {
	if u == nil || u.key == "" {
		return nil
	}
	key := u.key
	u.key = ""
	_, err := upstreamClients.Delete(key) // requests on their way use the client on
	return err
}

// mostConnections is more than a process may have files open.
const mostConnections = 1 << 16

// server is the upstream as it is configured, with the values of placeholders.
func (u *Upstream) server() (*url.URL, error) {
	text, err := atStart(u.URL, "it")
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	return parseUpstream(text)
}

// parseUpstream reads the URL of an upstream. Its errors don't repeat one that may
// have a password in it.
func parseUpstream(text string) (*url.URL, error) {
	const write = "write scheme and host alone, such as https://graph.facebook.com"
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("upstream is empty; " + write)
	case strings.Contains(text, "@"):
		return nil, errors.New("upstream has a user name or password in it, which would not be used; " + write)
	case !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://"):
		return nil, fmt.Errorf("upstream is %q; it must begin with https:// or http://: %s", text, write)
	case err != nil:
		return nil, fmt.Errorf("upstream is %q, whose host or port can't be read; %s", text, write)
	case u.Hostname() == "" || strings.ContainsAny(u.Host, " {}"):
		return nil, fmt.Errorf("upstream is %q, which names no host; %s", text, write)
	case u.Path != "":
		return nil, fmt.Errorf("upstream is %q; the path %s would not be used, since requests keep theirs: %s", text, u.Path, write)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return nil, errors.New("upstream has something behind the host that would not be used; " + write)
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("upstream is %q; its port must be a number from 1 to 65535", text)
		}
	}
	return u, nil
}

// trusted reads the certificates that are trusted, and names them.
func (u *Upstream) trusted(o *forward.Options) (string, error) {
	if u.Trust == "" {
		return "", nil
	}
	if o.Server.Scheme != "https" {
		return "", errors.New("trust is for an upstream with https://; this one has no certificate")
	}
	file, err := atStart(u.Trust, "it")
	if err != nil {
		return "", fmt.Errorf("trust: %w", err)
	}
	pem, err := os.ReadFile(file) // #nosec G304 -- whoever configures the gateway names it
	if err != nil {
		return "", fmt.Errorf("trust: reading the certificates: %w", err)
	}
	o.Roots = x509.NewCertPool()
	if !o.Roots.AppendCertsFromPEM(pem) {
		return "", fmt.Errorf("trust is %q; there is no certificate in PEM in it", file)
	}
	return fmt.Sprintf("%x", sha256.Sum256(pem)), nil
}

// parseUpstream reads the subdirective upstream.
func (g *Guard) parseUpstream(d *caddyfile.Dispenser) error {
	u := new(Upstream)
	g.Upstream = u
	if !d.Args(&u.URL) || u.URL == "" || d.CountRemainingArgs() > 0 {
		return d.ArgErr()
	}
	if !placeholder.MatchString(u.URL) {
		if _, err := parseUpstream(u.URL); err != nil {
			return d.Err(err.Error())
		}
	}
	var dial *caddy.Duration
	err := parseBlock(d, map[string]parser{
		"dial_timeout":    positiveInto(&dial),
		"max_connections": numberInto(&u.MaxConnections, 1, mostConnections, ""),
		"trust":           stringInto(&u.Trust),
		"header_up":       u.parseHeaderUp,
	}, "header_up")
	if dial != nil {
		u.DialTimeout = *dial
	}
	return err
}
