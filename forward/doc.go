// Package forward sends HTTP/1.1 requests whose body is in memory to one server,
// over connections it keeps, and tells of each what became of it: whether nothing
// was written, so that it may be sent again without harm; or some or all of it,
// without an answer; or that it was answered.
//
// A request leaves in one write, by the goroutine that asked, which then reads the
// answer itself: there is no goroutine for a connection. It is never sent a second
// time once a write of it was begun. A connection is used again only after a
// complete answer, and after a look whether the server has closed it meanwhile.
package forward
