package store

// EnterAtOpen has at most n older records entered before a store is open, until undo.
func EnterAtOpen(n int) (undo func()) {
	before := mostAtOpen
	mostAtOpen = n
	return func() { mostAtOpen = before }
}
