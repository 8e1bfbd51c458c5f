package caddymodule

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"

	"github.com/waguard/waguard/forward"
)

// provisionHeaders finds out what of header_up can be done without making a header
// of its own for every request: names that are taken out.
func (u *Upstream) provisionHeaders(ctx caddy.Context) error {
	ops := u.HeaderUp
	if ops == nil {
		return nil
	}
	if err := ops.Provision(ctx); err != nil {
		return err
	}
	literal := func(name string) bool { return !strings.ContainsAny(name, "*{") && !strings.EqualFold(name, "Host") }
	if len(ops.Add)+len(ops.Set)+len(ops.Replace) > 0 || !slices.ContainsFunc(ops.Delete, literal) || slices.ContainsFunc(ops.Delete, func(name string) bool { return !literal(name) }) {
		u.changes = ops
		return nil
	}
	for _, name := range ops.Delete {
		u.without = append(u.without, http.CanonicalHeaderKey(name))
	}
	return nil
}

// header fills in the fields that go on, and the host they are for.
func (u *Upstream) header(request *forward.Request, fields []forward.Field, r *http.Request) []forward.Field {
	fields = appendFields(fields, r)
	request.Host = r.Host
	if u.host != "" {
		request.Host = u.host
	}
	if u.without != nil {
		fields = slices.DeleteFunc(fields, func(f forward.Field) bool { return slices.Contains(u.without, f.Name) })
	}
	if u.changes != nil {
		changed := *r
		changed.Host, changed.Header = request.Host, make(http.Header, len(fields))
		for _, f := range fields {
			changed.Header[f.Name] = slices.Clone(f.Values)
		}
		u.changes.ApplyToRequest(&changed)
		request.Host, fields = changed.Host, fields[:0]
		for name, values := range changed.Header {
			if len(values) > 0 && (name != "User-Agent" || values[0] != "") {
				fields = append(fields, forward.Field{Name: name, Values: values})
			}
		}
		sortFields(fields)
	}
	return fields
}

// sortFields sorts fields as Go's own client does, with User-Agent first.
func sortFields(fields []forward.Field) {
	slices.SortFunc(fields, func(a, b forward.Field) int {
		switch {
		case a.Name == b.Name:
			return 0
		case a.Name == "User-Agent":
			return -1
		case b.Name == "User-Agent":
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// parseHeaderUp reads a change of a header, as reverse_proxy's header_up has it.
func (u *Upstream) parseHeaderUp(d *caddyfile.Dispenser) error {
	if u.HeaderUp == nil {
		u.HeaderUp = new(headers.HeaderOps)
	}
	var err error
	switch args := d.RemainingArgs(); len(args) {
	case 1:
		err = headers.CaddyfileHeaderOp(u.HeaderUp, args[0], "", nil)
	case 2:
		err = headers.CaddyfileHeaderOp(u.HeaderUp, args[0], args[1], nil)
	case 3:
		err = headers.CaddyfileHeaderOp(u.HeaderUp, args[0], args[1], &args[2])
	default:
		return d.ArgErr()
	}
	if err != nil {
		return d.Err(err.Error())
	}
	return nil
}
