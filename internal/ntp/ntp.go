// Package ntp tells whether the system's clock is kept by something that knows the
// time. It asks the system alone, never the network.
package ntp

// Synchronized reports whether the clock is kept, and whether the system says so.
func Synchronized() (kept, known bool) { return synchronized() }
