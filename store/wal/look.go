package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Names are those of a log's files.
var Names = [2]string{"CHANGES-0", "CHANGES-1"}

// Found is what is found of a log.
type Found struct {
	// Last is the number of the newest frame that can be read, with all before it; the
	// one the caller named where none is newer.
	Last uint64
	// Lost says which changes are there and can't be read, or are missing between
	// others.
	Lost []string
	// Stamps are those of the files that hold something newer than the caller named.
	Stamps []Stamp

	runs []*run
}

// run is what can be read of a file: frames whose numbers follow one another.
type run struct {
	name    string
	stamp   Stamp
	content []byte
	// frames are the places of those that are newer than the caller named, and first
	// and last their numbers.
	frames      []int64
	first, last uint64
	// end is behind the last frame, also an older one.
	end int64
	// later is the number of a frame behind end that can't be reached, zero where there
	// is none.
	later uint64
}

// Look reads what a log in dir holds after a frame, and changes nothing.
func Look(dir string, after uint64) (*Found, error) {
	var contents [2][]byte
	for i, name := range Names {
		var err error
		if contents[i], err = os.ReadFile(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return read(contents, after), nil
}

func read(contents [2][]byte, after uint64) *Found {
	f := &Found{Last: after}
	for i, name := range Names {
		if r := readRun(name, contents[i], after); len(r.frames) > 0 || r.later > 0 {
			f.runs = append(f.runs, r)
		}
	}
	slices.SortFunc(f.runs, func(a, b *run) int { return cmp.Compare(a.first, b.first) })
	for _, r := range f.runs {
		if r.last <= f.Last {
			continue
		}
		if r.first > f.Last+1 {
			f.Lost = append(f.Lost, fmt.Sprintf("changes are missing between %d and %s, which begins with %d", f.Last, r.name, r.first))
		}
		f.Last = r.last
		f.Stamps = append(f.Stamps, r.stamp)
	}
	for _, r := range f.runs {
		if r.later > f.Last {
			f.Lost = append(f.Lost, fmt.Sprintf("%s is damaged at byte %d, and change %d behind it can't be reached", r.name, r.end, r.later))
		}
	}
	return f
}

// farthest is how much larger than another one the number of a frame can be.
const farthest = 1 << 32

// readRun reads a file. Of frames up to after nobody needs any: where one can't be
// read, the next one is looked for.
func readRun(name string, content []byte, after uint64) *run {
	r := &run{name: name, content: content, end: headerSize}
	r.stamp, _ = readHeader(content)
	newest := uint64(0) // the number of the frame before end
	sums := &sums{content: content}
	for at := r.end; at < int64(len(content)); {
		number, size := frameAt(sums, at, newest)
		switch {
		case number == 0:
			at += alignment
			continue
		case newest > after && number != newest+1, newest > after && at > r.end:
			r.later = max(r.later, number)
			at += size
			continue
		case number > after:
			if len(r.frames) == 0 {
				r.first = number
			}
			r.frames, r.last = append(r.frames, at), number
		}
		newest = number
		at += size
		r.end = at
	}
	return r
}

// frameAt is the number and size of a frame, zero where there is none whose number is
// larger than another one's.
func frameAt(s *sums, at int64, than uint64) (number uint64, size int64) {
	b := s.content[at:]
	number, length, ok := frameHead(b)
	if !ok || number <= than || number-than > farthest || frameSum(b) != s.of(at+frameSummed, at+frameHeader+length) {
		return 0, 0
	}
	return number, frameSize(int(length))
}

// Changes calls visit with the changes of each frame that is newer than the caller of
// Look named, up to the last one. They may be kept, and must not be changed.
func (f *Found) Changes(visit func(number uint64, changes []byte) error) error {
	var newest uint64
	for _, r := range f.runs {
		for _, at := range r.frames {
			number, changes, _ := readFrame(r.content[at:])
			if number <= newest { // none of ours is there twice
				continue
			}
			newest = number
			if err := visit(number, changes); err != nil {
				return err
			}
		}
	}
	return nil
}
