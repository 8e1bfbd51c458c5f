package graphsim

import "net/http"

// graphError is a synchronous refusal in the shape of the Graph API.
type graphError struct {
	code, subcode int
	status        int // HTTP status
	title         string
	details       string
}

// kind is what is fixed about an error code: its usual HTTP status and a short title.
type errorKind struct {
	status int
	title  string
}

// errorKinds are the codes the Sim uses itself or can be told to answer with. Other codes are answered with 400.
var errorKinds = map[int]errorKind{
	0:      {http.StatusUnauthorized, "AuthException"},
	1:      {http.StatusBadRequest, "API unknown"},
	2:      {http.StatusServiceUnavailable, "API service"},
	3:      {http.StatusInternalServerError, "API method"},
	4:      {http.StatusBadRequest, "API too many calls"},
	10:     {http.StatusForbidden, "Permission denied"},
	33:     {http.StatusBadRequest, "Parameter value is not valid"},
	100:    {http.StatusBadRequest, "Invalid parameter"},
	190:    {http.StatusUnauthorized, "Access token missing or expired"},
	368:    {http.StatusForbidden, "Temporarily blocked for policy violations"},
	470:    {http.StatusBadRequest, "Message outside the allowed window"},
	2500:   {http.StatusBadRequest, "Unknown path components"},
	80007:  {http.StatusBadRequest, "Rate limit issues"},
	130429: {http.StatusBadRequest, "Rate limit hit"},
	130472: {http.StatusBadRequest, "User is part of an experiment"},
	130497: {http.StatusForbidden, "Business may not message users in this country"},
	131000: {http.StatusInternalServerError, "Something went wrong"},
	131005: {http.StatusForbidden, "Access denied"},
	131008: {http.StatusBadRequest, "Required parameter is missing"},
	131009: {http.StatusBadRequest, "Parameter value is not valid"},
	131016: {http.StatusInternalServerError, "Service unavailable"},
	131021: {http.StatusBadRequest, "Recipient is the sender"},
	131026: {http.StatusBadRequest, "Message undeliverable"},
	131030: {http.StatusBadRequest, "Recipient not in allowed list"},
	131031: {http.StatusForbidden, "Account locked"},
	131041: {http.StatusBadRequest, "Unknown group"},
	131042: {http.StatusBadRequest, "Business payment issue"},
	131045: {http.StatusInternalServerError, "Registration error"},
	131047: {http.StatusBadRequest, "Re-engagement message"},
	131048: {http.StatusBadRequest, "Spam rate limit hit"},
	131049: {http.StatusBadRequest, "Held back for a healthy ecosystem"},
	131050: {http.StatusBadRequest, "User stopped marketing messages"},
	131051: {http.StatusBadRequest, "Unsupported message type"},
	131053: {http.StatusBadRequest, "Media upload error"},
	131055: {http.StatusBadRequest, "Method not allowed"},
	131056: {http.StatusBadRequest, "Pair rate limit hit"},
	131057: {http.StatusInternalServerError, "Account in maintenance"},
	131061: {http.StatusBadRequest, "Template needs the marketing endpoint"},
	131062: {http.StatusBadRequest, "Business-scoped user id not supported here"},
	131063: {http.StatusBadRequest, "Marketing templates disabled on this endpoint"},
	132000: {http.StatusBadRequest, "Template parameter count mismatch"},
	132001: {http.StatusNotFound, "Template does not exist"},
	132012: {http.StatusBadRequest, "Template parameter format mismatch"},
	132015: {http.StatusBadRequest, "Template is paused"},
	132016: {http.StatusBadRequest, "Template is disabled"},
	132018: {http.StatusBadRequest, "Template parameters are not valid"},
	134100: {http.StatusBadRequest, "Only marketing messages supported"},
	134101: {http.StatusBadRequest, "Template still syncing"},
	134102: {http.StatusInternalServerError, "Template unavailable for the marketing endpoint"},
	137000: {http.StatusBadRequest, "Identity hash mismatch"},
	139100: {http.StatusBadRequest, "Block list change failed for some users"},
	139101: {http.StatusBadRequest, "Block list is full"},
}

func kindOf(code int) errorKind {
	if k, ok := errorKinds[code]; ok {
		return k
	}
	return errorKind{http.StatusBadRequest, "Error"}
}

// transient are the codes after which the same call may succeed later.
func transient(code int) bool {
	switch code {
	case 1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057:
		return true
	default:
		return false
	}
}

func fail(code int, details string) *graphError {
	k := kindOf(code)
	return &graphError{code: code, status: k.status, title: k.title, details: details}
}

// noObject is Graph's answer for a node id that does not exist or is not visible to the caller.
func noObject(id string) *graphError {
	e := fail(100, "Object with id '"+id+"' does not exist or does not support this operation")
	e.subcode = 33
	return e
}
