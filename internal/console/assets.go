package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/waguard/waguard/internal/billpage"
)

// assets are served with what is in them as part of their path, and so for ever.
//
//go:embed assets
var assets embed.FS

// htmx, and its extension that streams, as they come in their package.
const (
	htmx       = "vendor/htmx-4.0.1/htmx.min.js"
	htmxStream = "vendor/htmx-4.0.1/hx-sse.min.js"
)

// billStyle is the style sheet of reports, whose parts the pages are made of, too.
const billStyle = "bill.css"

// assetFiles are the assets that pages load, by their names, and servedAssets by the paths
// they have.
var (
	assetFiles = sync.OnceValue(func() map[string][]byte {
		all := map[string][]byte{billStyle: []byte(billpage.PartsStyle)}
		for _, name := range []string{"console.css", "icon.svg", htmx, htmxStream} {
			content, err := assets.ReadFile("assets/" + name)
			if err != nil {
				panic(err) // they are part of the program
			}
			all[name] = content
		}
		return all
	})
	servedAssets = sync.OnceValue(func() map[string][]byte {
		all := make(map[string][]byte)
		for name, content := range assetFiles() {
			all[hashed(name, content)] = content
		}
		return all
	})
)

func hashed(name string, content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6]) + "/" + path.Base(name)
}

// assetPath is where a page finds an asset.
func assetPath(name string) string { return "assets/" + hashed(name, assetFiles()[name]) }

func serveAsset(w http.ResponseWriter, r *http.Request, file string) error {
	content, ok := servedAssets()[file]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return nil
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", mime.TypeByExtension(file[strings.LastIndexByte(file, '.'):]))
	http.ServeContent(w, r, file, time.Time{}, bytes.NewReader(content))
	return nil
}
