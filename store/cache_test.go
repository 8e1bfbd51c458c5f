package store

import (
	"testing"

	"github.com/waguard/waguard/policy"
)

// TestCacheFill checks that what was read before a change doesn't get into the
// cache after it.
func TestCacheFill(t *testing.T) {
	c := newContactCache(8)
	a, old, changed := policy.Alias{1}, []byte("old"), []byte("changed")
	before := c.generation(a)
	c.replace(a, changed)
	c.fill(a, old, before)
	if got, ok := c.lru.Get(a); !ok || string(got) != "changed" {
		t.Error("a contact read before a change was put into the cache after it")
	}
	now := c.generation(a)
	c.fill(a, old, now)
	if got, ok := c.lru.Get(a); !ok || string(got) != "old" {
		t.Error("a contact read after the change was not put into the cache")
	}
	c.replace(a, changed)
	if got, ok := c.lru.Get(a); !ok || string(got) != "changed" {
		t.Error("a changed contact is still in the cache as it was")
	}
}

// TestCacheIsBounded checks that names used last push out others.
func TestCacheIsBounded(t *testing.T) {
	c := newContactCache(8)
	for i := range byte(100) {
		c.replace(policy.Alias{i}, []byte("record"))
	}
	if n := c.lru.Len(); n != 8 {
		t.Errorf("%d names are in a cache of 8", n)
	}
}
