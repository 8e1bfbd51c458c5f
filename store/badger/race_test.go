//go:build race

package badger

func init() { flipped = 20 } // the race detector has nothing to find in it
