//go:build race

package badger

// What opens a store for each of many files that differ in a bit takes minutes under the race
// detector, which has nothing to find in it: some of them do.
func init() { flipped, torn = 5, 16 }
