package qr

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// TestPath: the path draws the very modules of the code.
func TestPath(t *testing.T) {
	const link = "https://wa.me/4930555123?text=Yes%2C%20I%20want%20messages.%20WA-7KQ93-XM2PD"
	c, err := Of(link)
	if err != nil {
		t.Fatal(err)
	}
	want, err := qr.Encode(link, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	drawn := make(map[[2]int]bool)
	for _, run := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(c.Path, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(run[i+1])
		}
		if n[2] != n[3] {
			t.Errorf("%s is no rectangle", run[0])
		}
		for x := range n[2] {
			drawn[[2]int{n[0] + x, n[1]}] = true
		}
	}
	for y := -quiet; y < want.Size+quiet; y++ {
		for x := -quiet; x < want.Size+quiet; x++ {
			if drawn[[2]int{x + quiet, y + quiet}] != want.Black(x, y) {
				t.Fatalf("the module at %d, %d is wrong", x, y)
			}
		}
	}
	if c.Size != want.Size+2*quiet {
		t.Errorf("size %d", c.Size)
	}
	for d := xml.NewDecoder(bytes.NewReader(c.SVG())); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	drawing, err := PNG(link)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(drawing)); err != nil {
		t.Error(err)
	}
	if _, err := Of(strings.Repeat("x", 3000)); err == nil {
		t.Error("more than a code can hold")
	}
}
