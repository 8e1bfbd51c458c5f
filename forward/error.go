package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
)

// Written is how much of a request was handed to the operating system.
type Written int

// How much it may be. While no write was begun, the server has seen nothing of the
// request for certain. After one that failed nobody knows what left.
const (
	Nothing Written = iota
	Part
	Whole
)

// String is how much it is, in a word.
func (w Written) String() string { return [...]string{"nothing", "part", "whole"}[w] }

// Kind is what a request came to.
type Kind int

// What a request may come to.
const (
	// Answered: the answer was read, to where its reader wanted.
	Answered Kind = iota
	// Invalid: the request can't be written.
	Invalid
	// Crowded: all connections were taken until its time was over.
	Crowded
	// Unconnected: there was no connection to be had.
	Unconnected
	// Unwritten: it could not be written to its end, and nothing answered it.
	Unwritten
	// Unanswered: the connection ended before the head of an answer.
	Unanswered
	// Unreadable: what came is no answer.
	Unreadable
	// Late: the answer did not come in time.
	Late
	// Cancelled: whoever wanted it wanted it no more.
	Cancelled
	// BrokeOff: the answer ended before its end.
	BrokeOff

	kinds = iota
)

var kindNames = [kinds]string{
	"answered", "invalid", "crowded", "unconnected", "unwritten", "unanswered", "unreadable", "late", "cancelled", "broke_off",
}

// String is the kind as a label.
func (k Kind) String() string { return kindNames[k] }

var kindTexts = [kinds]string{
	Invalid:     "the request can't be sent",
	Crowded:     "all connections to the server were in use for too long",
	Unconnected: "the server can't be reached",
	Unwritten:   "the connection broke while the request was written",
	Unanswered:  "the server closed the connection without an answer",
	Unreadable:  "the server's answer is not HTTP",
	Late:        "the server's answer did not come in time",
	Cancelled:   "the request was cancelled",
	BrokeOff:    "the server's answer broke off",
}

// Error is why a request has no answer. Neither it nor what it wraps has bytes of
// the request or of an answer.
type Error struct {
	Kind    Kind
	Written Written
	Err     error
}

func (e *Error) Error() string {
	text := kindTexts[e.Kind]
	if e.Err == nil {
		return text
	}
	return text + ": " + e.Err.Error()
}

// Unwrap is the error below.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time was over.
func (e *Error) Timeout() bool { return e.Kind == Late || e.Kind == Crowded || timeout(e.Err) }

func timeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// What is wrong with an answer. What net/http says of it may quote it.
var (
	errNotHTTP   = errors.New("it can't be read")
	errVersion   = errors.New("it is of another version of HTTP")
	errHeadSize  = errors.New("its head is too large")
	errBareLF    = errors.New("a line of its head ends without a carriage return")
	errInterims  = errors.New("there are too many informational answers before it")
	errSwitching = errors.New("it leaves HTTP, which nobody asked for")
	errBody      = errors.New("its body is not what its head says")
)

// Interface guard
var _ net.Error = (*Error)(nil)

// Temporary is false: what to do next is not said by an error.
func (*Error) Temporary() bool { return false }

// ofHead is what an error of reading an answer's head means.
func ofHead(err error) (Kind, error) {
	switch {
	case errors.Is(err, errHeadSize):
		return Unreadable, errHeadSize
	case errors.Is(err, errBareLF):
		return Unreadable, errBareLF
	case timeout(err):
		return Late, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Unanswered, nil
	case ofNetwork(err):
		return Unanswered, err
	}
	return Unreadable, errNotHTTP
}

// ofBody is an error of reading an answer's body, without what it may quote.
func ofBody(err error) *Error {
	switch {
	case timeout(err):
		return &Error{Kind: Late, Written: Whole}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: BrokeOff, Written: Whole}
	case ofNetwork(err):
		return &Error{Kind: BrokeOff, Written: Whole, Err: err}
	}
	return &Error{Kind: BrokeOff, Written: Whole, Err: errBody}
}

// ofNetwork reports an error that comes from the connection, not from what was read.
func ofNetwork(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	return ok || errors.Is(err, net.ErrClosed)
}
