package adminapi

import (
	"fmt"
	"net/http"
)

// Error is why a request has no other answer: on the gateway's side what it
// answers, on the client's what it was answered.
type Error struct {
	// Status is that of HTTP.
	Status int
	// Err is the sentence.
	Err error
}

// Errorf is an error with a status and a sentence.
func Errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Err: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// statusOf is a status of HTTP with its name.
func statusOf(status int) string { return fmt.Sprint(status, " ", http.StatusText(status)) }
