package graphsim

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

// maxBatch is Graph's limit of calls per batch.
const maxBatch = 50

type batchHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type batchAnswer struct {
	Code    int           `json:"code"`
	Headers []batchHeader `json:"headers,omitempty"`
	Body    string        `json:"body"`
}

// batch runs the elements in order and answers 200 even if all of them fail. References between elements (JSONPath in
// {result=...}) and attached files are not resolved.
func (s *Sim) batch(c *call) reply {
	elements, isList := c.params["batch"].([]any)
	if !isList {
		return s.refuse(c, fail(100, "batch must be an array of calls"))
	}
	if len(elements) == 0 || len(elements) > maxBatch {
		return s.refuse(c, fail(100, "batch must hold 1 to "+strconv.Itoa(maxBatch)+" calls"))
	}
	withHeaders := c.param("include_headers") != "false"
	answers := make([]batchAnswer, len(elements))
	for i, element := range elements {
		rep := s.batchElement(c, element)
		answers[i] = batchAnswer{Code: rep.status, Body: string(rep.body)}
		if withHeaders {
			answers[i].Headers = []batchHeader{{"Content-Type", rep.contentType}}
		}
	}
	return ok(answers)
}

func (s *Sim) batchElement(outer *call, element any) reply {
	spec, isObject := element.(object)
	if !isObject {
		return s.refuse(outer, fail(100, "A batch element must be an object"))
	}
	c := &call{credential: outer.credential, base: outer.base, method: "GET"}
	if method, _ := scalar(spec["method"]); method != "" {
		c.method = strings.ToUpper(method)
	}
	if token, _ := scalar(spec["access_token"]); token != "" {
		c.credential = token
	}
	relative, _ := scalar(spec["relative_url"])
	target, err := url.Parse(relative)
	if err != nil || relative == "" {
		return s.refuse(outer, fail(100, "relative_url is missing or not a URL"))
	}
	c.setPath(target.Path)
	c.rawQuery = target.RawQuery
	switch body := spec["body"].(type) {
	case nil:
	case string:
		c.body = []byte(body)
		// Documented as a form; JSON is seen in the wild.
		c.contentType = "application/x-www-form-urlencoded"
		if json.Valid(c.body) {
			c.contentType = "application/json"
		}
	default:
		if c.body, err = json.Marshal(body); err != nil {
			return s.refuse(outer, fail(100, "The body of a batch element could not be read"))
		}
		c.contentType = "application/json"
	}
	if e := c.readParams(); e != nil {
		return s.refuse(c, e)
	}
	if c.params["batch"] != nil { // it would make the limit of 50 meaningless
		return s.refuse(outer, fail(100, "A batch cannot hold a batch"))
	}
	return s.perform(c)
}
