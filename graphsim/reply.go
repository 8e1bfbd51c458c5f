package graphsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// reply is an answer before it meets HTTP, so that a batch can embed it.
type reply struct {
	status      int
	contentType string
	body        []byte
}

const jsonType = "application/json; charset=UTF-8"

// ok answers 200 with v as JSON.
func ok(v any) reply { return jsonReply(http.StatusOK, v) }

func jsonReply(status int, v any) reply {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Only a caller's template components could fail to encode, and those were JSON when they came.
		return reply{http.StatusInternalServerError, "text/plain", []byte(err.Error())}
	}
	return reply{status, jsonType, bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// success is the answer of calls that have nothing else to say.
func success() reply { return reply{http.StatusOK, jsonType, []byte(`{"success":true}`)} }

type errorData struct {
	MessagingProduct string `json:"messaging_product,omitempty"`
	Details          string `json:"details"`
}

type errorBody struct {
	Message   string     `json:"message"`
	Type      string     `json:"type"`
	Code      int        `json:"code"`
	Subcode   int        `json:"error_subcode,omitempty"`
	Data      *errorData `json:"error_data,omitempty"`
	Transient bool       `json:"is_transient,omitempty"`
	Trace     string     `json:"fbtrace_id"`
}

// refuse renders e in the shape the caller's dialect expects.
func (s *Sim) refuse(c *call, e *graphError) reply {
	if c.dialect == dialectOnPremises {
		return jsonReply(e.status, object{
			"meta":   onPremisesMeta,
			"errors": []object{{"code": e.code, "title": e.title, "details": e.details}},
		})
	}
	return jsonReply(e.status, object{"error": s.errorBody(e)})
}

func (s *Sim) errorBody(e *graphError) errorBody {
	b := errorBody{
		Message:   "(#" + strconv.Itoa(e.code) + ") " + e.title,
		Type:      "OAuthException",
		Code:      e.code,
		Subcode:   e.subcode,
		Transient: transient(e.code),
		Trace:     s.ids.trace(),
	}
	if e.details != "" {
		b.Data = &errorData{MessagingProduct: "whatsapp", Details: e.details}
	}
	return b
}

// write sends rep.
func (rep reply) write(w http.ResponseWriter, version string) {
	rep.head(w, version)
	_, _ = w.Write(rep.body) // the client may be gone; there is nobody to tell
}

// head sends status and headers, among them those Graph adds to every answer.
func (rep reply) head(w http.ResponseWriter, version string) {
	h := w.Header()
	h.Set("Content-Type", rep.contentType)
	h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	h.Set("Facebook-Api-Version", version)
	h.Set("X-App-Usage", `{"call_count":0,"total_cputime":0,"total_time":0}`)
	w.WriteHeader(rep.status)
}

// pick keeps the requested fields of a node; id is always among them. Sub-selections such as
// "quality_score{score}" select the whole field.
func pick(node object, fields string) object {
	if fields == "" {
		return node
	}
	out := object{"id": node["id"]}
	depth, start := 0, 0
	for i := 0; i <= len(fields); i++ {
		if i < len(fields) {
			switch fields[i] {
			case '{', '(':
				depth++
			case '}', ')':
				depth--
			}
			if fields[i] != ',' || depth > 0 {
				continue
			}
		}
		name, _, _ := strings.Cut(strings.TrimSpace(fields[start:i]), "{")
		name, _, _ = strings.Cut(name, ".")
		if v, found := node[name]; found {
			out[name] = v
		}
		start = i + 1
	}
	return out
}
