package adminapi

import (
	"os/exec"
	"strings"
	"testing"
)

// A client needs no server: neither Caddy nor an engine of the store comes with it.
func TestImports(t *testing.T) {
	t.Parallel()
	list, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(list)) {
		for _, refused := range []string{"github.com/caddyserver/", "github.com/dgraph-io/", "github.com/spf13/"} {
			if strings.HasPrefix(path, refused) {
				t.Errorf("it comes with %s", path)
			}
		}
	}
}
