package gateway

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/waguard/waguard/cloudapi"
	"github.com/waguard/waguard/policy"
)

// TestListingsAreBounded: however many listings are begun and never ended, and
// however long their cursors are, little is kept; one that is read on is
// complete.
func TestListingsAreBounded(t *testing.T) {
	var l listings
	long := strings.Repeat("x", 16<<10)
	for i := range 3 * mostListings {
		of := Listing{WABA: fmt.Sprint(long[:1000], i)}
		if _, complete := l.complete(of, &cloudapi.TemplatePage{Next: long}, policy.Moment(i)); complete {
			t.Fatal("a listing is complete that goes on")
		}
		if len(l.open) > mostListings {
			t.Fatalf("%d listings are open", len(l.open))
		}
	}
	if size := unsafe.Sizeof(digest{}) + unsafe.Sizeof(nextPage{}); size > 100 {
		t.Errorf("a listing takes %d bytes", size)
	}
	of := Listing{WABA: fmt.Sprint(long[:1000], 3*mostListings-1)}
	if since, complete := l.complete(of, &cloudapi.TemplatePage{After: long}, 1e6); !complete || since != 3*mostListings-1 {
		t.Errorf("a listing that was read on: %v since %d", complete, since)
	}
	if _, complete := l.complete(of, &cloudapi.TemplatePage{After: long}, 1e6); complete {
		t.Error("a listing is complete twice")
	}
}
