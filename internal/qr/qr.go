// Package qr draws QR codes: as the path of an SVG, which a page styles as it likes, as an
// SVG file and as a PNG.
package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// Code is a QR code.
type Code struct {
	// Size is that of its sides in modules, quiet zone included.
	Size int `json:"size"`
	// Path draws its dark modules, as the d attribute of an SVG path.
	Path string `json:"path"`
}

// quiet is the width of the margin that scanners need.
const quiet = 4

// Of is the code of a text, which can be read with a seventh of it missing.
func Of(text string) (*Code, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return &Code{Size: code.Size + 2*quiet, Path: path.String()}, nil
}

// SVG is a file of it, dark on white.
func (c *Code) SVG() []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`+"\n", c.Size, c.Size, c.Size, c.Size, c.Path)
}

// PNG is a picture of the code of a text.
func PNG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	return code.PNG(), nil
}
