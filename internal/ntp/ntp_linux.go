package ntp

import "golang.org/x/sys/unix"

func synchronized() (kept, known bool) {
	state, err := unix.Adjtimex(new(unix.Timex)) // which changes nothing
	return state != unix.TIME_ERROR, err == nil
}
