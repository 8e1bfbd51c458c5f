//go:build linux || darwin || freebsd

package main

import "syscall"

// private makes what the gateway writes its user's own.
func private() { syscall.Umask(syscall.Umask(0o077) | 0o077) }
