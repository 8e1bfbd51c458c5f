package notify

import (
	"fmt"
	"net/netip"
	"syscall"
)

// Network says where endpoints may be.
type Network int

const (
	// Public: on the internet, by https alone.
	Public Network = iota
	// Private: also in the own network and on this machine, and also by http.
	Private
)

// nowhere are networks that no endpoint is ever in: what is there speaks for the machine
// itself, such as the metadata of a cloud, or leads somewhere else than it says.
var nowhere = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::23/128", "fd00:ec2::254/128", "fd20:ce::254/128", // metadata of clouds
	"::/128", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2002::/16", "fe80::/10", "fec0::/10", "ff00::/8",
)

// own are those of one's own machine or network.
var own = prefixes(
	"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"::1/128", "2001:db8::/32", "fc00::/7",
)

func prefixes(list ...string) []netip.Prefix {
	p := make([]netip.Prefix, len(list))
	for i, s := range list {
		p[i] = netip.MustParsePrefix(s)
	}
	return p
}

// addressError is an address that nothing is sent to.
type addressError struct{ why string }

func (e *addressError) Error() string { return e.why }

// checkAddress says why nothing is sent to an address. It is asked for the address that a
// connection is really made to, behind every name.
func checkAddress(network Network, addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return &addressError{"the address of the endpoint can't be read"}
	}
	// Whatever leads to this machine itself counts as that: ::1 is in ::/96.
	if addr != netip.IPv6Loopback() {
		for _, p := range nowhere {
			if p.Contains(addr) {
				return &addressError{fmt.Sprintf("the endpoint leads to %s, where nothing is ever sent: it is in %s", addr, p)}
			}
		}
	}
	if network == Private {
		return nil
	}
	for _, p := range own {
		if p.Contains(addr) {
			return &addressError{fmt.Sprintf("the endpoint leads to %s in your own network (%s): write `network private` into its block if that is meant", addr, p)}
		}
	}
	return nil
}

// control has a dialer connect only where an endpoint may be.
func control(network Network) func(string, string, syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return &addressError{"the address of the endpoint can't be read"}
		}
		return checkAddress(network, to.Addr())
	}
}
