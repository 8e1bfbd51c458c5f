package graphsim

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Endpoint names a group of calls for faults and recorded sends.
type Endpoint string

// The endpoints the Sim serves. EndpointBatch is a call on the root; EndpointNode one on a bare id: a number, a
// template, a media object, the WABA.
const (
	EndpointMessages  Endpoint = "messages"
	EndpointMarketing Endpoint = "marketing_messages"
	EndpointMedia     Endpoint = "media"
	EndpointTemplates Endpoint = "message_templates"
	EndpointBlock     Endpoint = "block_users"
	EndpointNumbers   Endpoint = "phone_numbers"
	EndpointApps      Endpoint = "subscribed_apps"
	EndpointBatch     Endpoint = "batch"
	EndpointNode      Endpoint = "node"
	EndpointAnalytics Endpoint = "pricing_analytics"
)

// maxBody is a document of Meta's 100 MB limit with room for its multipart frame.
const maxBody = 101 << 20

// bodies recycles request buffers while recording is off; recorded bodies are never recycled.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooledBody keeps one large upload from staying in the pool for good.
const maxPooledBody = 64 << 10

// ServeHTTP answers one Graph call.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	buf := new(bytes.Buffer)
	if !s.record.on {
		buf = bodies.Get().(*bytes.Buffer)
		buf.Reset()
		defer func() {
			if buf.Cap() <= maxPooledBody {
				bodies.Put(buf)
			}
		}()
	}
	_, readErr := buf.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	if s.record.on {
		s.record.request(Request{
			At: s.clock(), Method: r.Method, RequestURI: r.RequestURI, Proto: r.Proto, Host: r.Host,
			Remote: r.RemoteAddr, Header: r.Header.Clone(), Body: buf.Bytes(),
		})
	}
	c := newCall(r, buf.Bytes())
	if readErr != nil {
		s.refuse(c, unreadable(readErr)).write(w, c.version)
		return
	}
	if fault, hit := s.faults.take(c.endpoint()); hit {
		s.serveFaulty(w, r, c, fault)
		return
	}
	s.handle(c).write(w, c.version)
}

func unreadable(err error) *graphError {
	e := fail(1, "The request body could not be read")
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		e.status = http.StatusRequestEntityTooLarge
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		e.details = "The request body ended early"
	}
	return e
}

// endpoint is decided by the path alone, so that a fault can strike before parameters are read.
func (c *call) endpoint() Endpoint {
	switch {
	case c.edge != "":
		return Endpoint(c.edge)
	case c.node == "":
		return EndpointBatch
	default:
		return EndpointNode
	}
}

func (s *Sim) handle(c *call) reply {
	if e := c.readParams(); e != nil {
		return s.refuse(c, e)
	}
	return s.perform(c)
}

// perform runs a call whose parameters are read: method override, credential, batch, route.
func (s *Sim) perform(c *call) reply {
	// An old Graph feature: ?method=post turns a GET into a POST. Unconfirmed for /messages, so it works here.
	if override := c.param("method"); override != "" {
		c.method = strings.ToUpper(override)
	}
	if c.credential == "" {
		c.credential = c.param("access_token")
	}
	if c.credential == "" {
		return s.refuse(c, fail(190, "No access token in Authorization, access_token or D360-API-KEY"))
	}
	if len(s.opts.Tokens) > 0 && !slices.Contains(s.opts.Tokens, c.credential) {
		return s.refuse(c, fail(190, "Invalid OAuth access token"))
	}
	if c.method == http.MethodPost && c.params["batch"] != nil {
		return s.batch(c)
	}
	return s.route(c)
}

func (s *Sim) route(c *call) reply {
	if c.node == mediaDownloadNode && c.method == http.MethodGet {
		return s.downloadMedia(c)
	}
	if c.deeper {
		return s.refuse(c, fail(2500, "The path has too many components"))
	}
	if c.dialect != dialectCloud && c.method == http.MethodPost {
		return s.sendMessage(c, &s.opts.Numbers[0])
	}
	switch c.endpoint() {
	case EndpointMessages, EndpointMarketing, EndpointMedia, EndpointBlock:
		number, err := s.number(c.node)
		if err != nil {
			return s.refuse(c, noObject(c.node))
		}
		return s.routeNumber(c, number)
	case EndpointTemplates, EndpointNumbers, EndpointApps, EndpointAnalytics:
		if c.node != s.opts.WABA {
			return s.refuse(c, noObject(c.node))
		}
		return s.routeAccount(c)
	case EndpointNode:
		return s.routeNode(c)
	case EndpointBatch:
		return s.refuse(c, fail(100, "The root takes a POST with a batch parameter"))
	default:
		return s.refuse(c, fail(2500, "Unknown edge '"+c.edge+"'"))
	}
}

// routeNumber serves the edges of a business number.
func (s *Sim) routeNumber(c *call, number *Number) reply {
	switch c.method + " " + c.edge {
	case "POST messages", "POST marketing_messages":
		return s.sendMessage(c, number)
	case "POST media":
		return s.uploadMedia(c)
	case "GET block_users":
		return s.listBlocked(c, number)
	case "POST block_users", "DELETE block_users":
		return s.changeBlocked(c, number)
	default:
		return s.unsupported(c)
	}
}

// routeAccount serves the edges of the WhatsApp Business Account.
func (s *Sim) routeAccount(c *call) reply {
	switch c.method + " " + c.edge {
	case "GET message_templates":
		return s.listTemplates(c)
	case "POST message_templates":
		return s.createTemplate(c)
	case "DELETE message_templates":
		return s.deleteTemplate(c)
	case "POST subscribed_apps", "DELETE subscribed_apps":
		return success() // webhooks go on to [Options.WebhookURL]
	case "GET pricing_analytics":
		return s.listAnalytics(c)
	case "GET phone_numbers":
		data := make([]object, 0, len(s.opts.Numbers))
		for i := range s.opts.Numbers {
			data = append(data, pick(s.opts.Numbers[i].node(), c.param("fields")))
		}
		return ok(object{"data": data})
	default:
		return s.unsupported(c)
	}
}

// routeNode serves bare ids; what an id is can only be found by looking.
func (s *Sim) routeNode(c *call) reply {
	if number, err := s.number(c.node); err == nil && c.method == http.MethodGet {
		return ok(pick(number.node(), c.param("fields")))
	}
	if c.node == s.opts.WABA && c.method == http.MethodGet {
		return s.readAccount(c)
	}
	if t, found := s.templates.byID(c.node); found && c.method == http.MethodGet {
		return ok(pick(t.node(), c.param("fields")))
	}
	if t, found := s.templates.byID(c.node); found && c.method == http.MethodPost {
		return s.editTemplate(c, t)
	}
	if _, err := s.number(c.node); err == nil && c.method == http.MethodPost {
		return success() // settings of a number, such as webhook_configuration
	}
	if item, found := s.media.get(c.node); found {
		switch c.method {
		case http.MethodGet:
			return ok(item.node(c))
		case http.MethodDelete:
			s.media.remove(c.node)
			return success()
		}
	}
	return s.refuse(c, noObject(c.node))
}

func (s *Sim) unsupported(c *call) reply {
	return s.refuse(c, fail(100, "Unsupported "+strings.ToLower(c.method)+" request on '"+c.edge+"'"))
}

// node is a business number as GET /{phone_number_id} shows it.
func (n *Number) node() object {
	return object{
		"id":                       n.ID,
		"display_phone_number":     n.Display,
		"verified_name":            n.Name,
		"quality_rating":           "GREEN",
		"code_verification_status": "VERIFIED",
		"platform_type":            "CLOUD_API",
		"throughput":               object{"level": "STANDARD"},
	}
}
