package waguard_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// page is what a Markdown file links to, and what in it can be linked to.
type page struct {
	links   []string
	tags    []string // HTML, but for comments
	anchors map[string]bool
}

// pages are all Markdown files of the repository, by path.
func pages(t *testing.T) map[string]*page {
	t.Helper()
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	found := make(map[string]*page)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".md" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		p := &page{anchors: make(map[string]bool)}
		found[filepath.ToSlash(path)] = p
		return ast.Walk(markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			switch n := n.(type) {
			case *ast.Link:
				p.links = append(p.links, string(n.Destination))
			case *ast.Image:
				p.links = append(p.links, string(n.Destination))
			case *ast.RawHTML:
				p.tags = append(p.tags, string(n.Segments.Value(source)))
			case *ast.HTMLBlock:
				if n.HTMLBlockType != ast.HTMLBlockType2 {
					p.tags = append(p.tags, string(n.Lines().Value(source)))
				}
			case *ast.Heading:
				if id, ok := n.AttributeString("id"); ok {
					p.anchors[string(id.([]byte))] = true
				}
			}
			return ast.WalkContinue, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every link between files of the repository leads somewhere, also to the heading
// it names.
func TestLinks(t *testing.T) {
	all := pages(t)
	if len(all) < 20 {
		t.Fatalf("found %d pages", len(all))
	}
	links := 0
	for path, p := range all {
		for _, link := range p.links {
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %s: %v", path, link, err)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			links++
			target := path
			if u.Path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(path), filepath.FromSlash(u.Path)))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", path, link)
				continue
			}
			if to := all[target]; u.Fragment != "" && (to == nil || !to.anchors[u.Fragment]) {
				t.Errorf("%s links to %s, which has no such heading", path, link)
			}
		}
	}
	if links < 50 {
		t.Errorf("found %d links", links)
	}
}

// Every page of the documentation can be found from its index.
func TestDocumentationIndex(t *testing.T) {
	all := pages(t)
	listed := make(map[string]bool)
	for _, link := range all["docs/README.md"].links {
		listed["docs/"+link] = true
	}
	for path := range all {
		if strings.HasPrefix(path, "docs/") && path != "docs/README.md" && !listed[path] {
			t.Errorf("docs/README.md does not list %s", path)
		}
	}
}

// What reads as HTML in a page is lost on whoever reads it, and ends the building of the
// site where its tag has no end.
func TestPagesHaveNoHTML(t *testing.T) {
	for path, p := range pages(t) {
		for _, tag := range p.tags {
			t.Errorf("%s has %q as HTML: put it between backticks", path, tag)
		}
	}
}

// The README is the front door: short, and readable where lines don't wrap.
func TestReadmeIsShort(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(readme), "\n"), "\n")
	if len(lines) >= 150 {
		t.Errorf("README.md has %d lines", len(lines))
	}
	for i, line := range lines {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("README.md:%d has %d characters", i+1, n)
		}
	}
}
