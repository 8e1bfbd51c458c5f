package graphsim

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// object is a decoded JSON object.
type object = map[string]any

// dialect is the family of APIs a path belongs to; they differ in how a number is named and errors are shaped.
type dialect uint8

const (
	dialectCloud      dialect = iota
	dialect360                // 360dialog: /messages, the key selects the number
	dialectOnPremises         // On-Premises API: /v1/messages, an errors array
)

// call is one Graph call: a whole HTTP request, or one element of a batch.
type call struct {
	method      string
	version     string // "v25.0", or the default if the path named none
	node, edge  string
	deeper      bool // the path has components after the edge
	dialect     dialect
	rawPath     string
	rawQuery    string
	contentType string
	credential  string // from headers; may also come as parameter
	base        string // scheme and host the caller used, for links in answers
	body        []byte
	params      object // query and body, merged
	file        *upload
}

// upload is the file part of a multipart body.
type upload struct {
	name, mimeType string
	data           []byte
}

// defaultVersion answers version-less calls.
const defaultVersion = "v25.0"

func newCall(r *http.Request, body []byte) *call {
	c := &call{
		method:      r.Method,
		rawQuery:    r.URL.RawQuery,
		contentType: r.Header.Get("Content-Type"),
		credential:  credential(r.Header),
		base:        "http://" + r.Host,
		body:        body,
	}
	if r.TLS != nil {
		c.base = "https://" + r.Host
	}
	c.setPath(r.URL.Path)
	return c
}

// credential accepts any non-empty token: the Sim has no secrets to keep.
func credential(h http.Header) string {
	if scheme, token, found := strings.Cut(h.Get("Authorization"), " "); found &&
		(strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "OAuth")) {
		return strings.TrimSpace(token)
	}
	return h.Get("D360-API-KEY")
}

// setPath splits p into version, node and edge. It is as generous as an unknown front may be: double slashes, dot
// segments, encoded slashes, a trailing slash and an edge in another case all reach the same edge.
func (c *call) setPath(p string) {
	c.rawPath = p
	c.version = defaultVersion
	rest := strings.TrimPrefix(path.Clean("/"+p), "/")
	if first, after, _ := strings.Cut(rest, "/"); isVersion(first) {
		c.version, rest = first, after
	}
	c.node, rest, _ = strings.Cut(rest, "/")
	c.edge, rest, _ = strings.Cut(rest, "/")
	c.edge = strings.ToLower(c.edge)
	c.deeper = rest != ""
	switch {
	case c.edge == "" && strings.EqualFold(c.node, "messages"):
		c.dialect, c.node, c.edge = dialect360, "", "messages"
	case c.node == "v1" && c.edge == "messages":
		c.dialect, c.node = dialectOnPremises, ""
	}
}

// isVersion matches v25.0 and the like. A bare "v1" is the On-Premises prefix, not a Graph version.
func isVersion(s string) bool {
	major, minor, found := strings.Cut(strings.TrimPrefix(s, "v"), ".")
	return found && len(s) > 1 && s[0] == 'v' && allDigits(major) && allDigits(minor)
}

func allDigits(s string) bool { return s != "" && onlyDigits(s) == s }

// readParams merges query and body into params. Which of the two wins is not documented; here it is the body.
func (c *call) readParams() *graphError {
	mediaType := c.contentType
	if mediaType != "application/json" && mediaType != "" {
		if parsed, _, err := mime.ParseMediaType(mediaType); err == nil {
			mediaType = parsed
		}
	}
	c.params = object{}
	if c.rawQuery != "" {
		query, err := url.ParseQuery(c.rawQuery)
		if err != nil {
			return fail(1, "The query string could not be read")
		}
		addForm(c.params, query)
	}
	switch {
	case len(bytes.TrimSpace(c.body)) == 0:
		return nil
	case mediaType == "multipart/form-data":
		return c.readMultipart()
	case mediaType == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return fail(1, "The form body could not be read")
		}
		addForm(c.params, form)
		return nil
	default:
		// json.Unmarshal merges into the map, so body keys replace query keys.
		if err := json.Unmarshal(c.body, &c.params); err != nil || c.params == nil {
			return fail(1, "The request body is not a JSON object")
		}
		return nil
	}
}

func (c *call) readMultipart() *graphError {
	_, attrs, err := mime.ParseMediaType(c.contentType)
	if err != nil || attrs["boundary"] == "" {
		return fail(1, "The multipart boundary is missing")
	}
	parts := multipart.NewReader(bytes.NewReader(c.body), attrs["boundary"])
	form := url.Values{}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			addForm(c.params, form)
			return nil
		}
		if err != nil {
			return fail(1, "The multipart body is broken")
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return fail(1, "The multipart body is broken")
		}
		if part.FileName() == "" && part.FormName() != "file" {
			form.Add(part.FormName(), string(data))
			continue
		}
		c.file = &upload{name: part.FileName(), mimeType: part.Header.Get("Content-Type"), data: data}
	}
}

// param is a scalar parameter as text, empty if absent or not scalar.
func (c *call) param(name string) string {
	text, _ := scalar(c.params[name])
	return text
}
