package partition

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/waguard/waguard/internal/export"
)

const (
	// mostOpen is how many files are open at once. Rows of further partitions are set aside,
	// and written when it is their turn.
	mostOpen = 16
	// mostHeld is about how many rows of open files are in memory.
	mostHeld = 100_000
	// mostAside is how much of a partition that is set aside is in memory.
	mostAside = 32 << 10
)

// Run writes rows into partitions. What is whole is published by Publish, Replace or Add.
type Run[T any] struct {
	folder *Folder
	writer func(io.Writer) (export.Writer[T], error)
	open   map[string]*part[T]
	files  int
	// Seen are the partitions that had rows.
	Seen map[string]bool
}

// part is a file that is being written.
type part[T any] struct {
	day, place string // the folder
	rows       int
	name       string // among those being written
	file       *os.File
	writer     export.Writer[T]
	// aside are rows that are set aside, as JSON lines.
	aside bytes.Buffer
}

// Part is a file that is written.
type Part struct {
	// Day is that of its rows, Place its folder, and Rows how many there are.
	Day, Place string
	Rows       int
	name       string
}

// NewRun begins to write rows.
func NewRun[T any](f *Folder, writer func(io.Writer) (export.Writer[T], error)) *Run[T] {
	return &Run[T]{folder: f, writer: writer, open: make(map[string]*part[T]), Seen: make(map[string]bool)}
}

// noBusiness is the folder of what has none, as readers know it.
const noBusiness = "__HIVE_DEFAULT_PARTITION__"

// folderOf is the folder of a place.
func folderOf(p *export.Place) string {
	business := noBusiness
	if p.Business != "" {
		business = nameOf(p.Business)
	}
	return "day=" + p.Day + "/business=" + business
}

// longestName is how long the name of a folder may be, in bytes, where nearly all file systems
// stop at 255.
const longestName = 200

// nameOf is a value as the name of a folder. Of a long one it is the beginning, with a digest of
// the whole, so that no two are taken for one.
func nameOf(value string) string {
	name := escaped(value)
	if len(name) <= longestName {
		return name
	}
	digest := fmt.Sprintf("~%x", sha256.Sum256([]byte(value)))[:1+16]
	short := ""
	for _, r := range value {
		next := escaped(string(r))
		if len(short)+len(next)+len(digest) > longestName {
			break
		}
		short += next
	}
	return short + digest
}

// escaped is a value as the name of a folder, as readers undo it: what isn't a letter, a digit
// or one of a few signs in percent and two digits.
func escaped(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.PathEscape(s), "=", "%3D"), ":", "%3A")
}

// Write adds a row to its partition.
func (r *Run[T]) Write(place *export.Place, row *T) error {
	folder := folderOf(place)
	p := r.open[folder]
	if p == nil {
		p = &part[T]{day: place.Day, place: folder}
		r.folder.next++
		p.name = strconv.Itoa(r.folder.next)
		if r.files < mostOpen {
			if err := r.begin(p); err != nil {
				return err
			}
		}
		r.open[folder] = p
		r.Seen[folder] = true
	}
	p.rows++
	if p.writer == nil {
		return r.setAside(p, row)
	}
	if err := p.writer.Write(row); err != nil {
		return fmt.Errorf("writing rows: %w", err)
	}
	if p.rows%1024 == 0 {
		return r.flushLargest()
	}
	return nil
}

// begin makes the file of a part.
func (r *Run[T]) begin(p *part[T]) (err error) {
	if err = os.MkdirAll(r.folder.in(workName), 0o700); err != nil {
		return fmt.Errorf("making a folder for unfinished files: %w", err)
	}
	if p.file, err = os.OpenFile(r.folder.in(workName+"/"+p.name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
		return fmt.Errorf("writing rows: %w", err)
	}
	r.files++
	p.writer, err = r.writer(p.file)
	return err
}

// flushLargest bounds what is in memory.
func (r *Run[T]) flushLargest() error {
	held, most := 0, 0
	var largest export.Holder
	for _, p := range r.open {
		if h, ok := p.writer.(export.Holder); ok {
			n := h.Held()
			if held += n; n > most {
				largest, most = h, n
			}
		}
	}
	if held < mostHeld || largest == nil {
		return nil
	}
	return largest.Flush()
}

// setAside keeps a row until its partition can be written.
func (r *Run[T]) setAside(p *part[T], row *T) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	p.aside.Write(line)
	p.aside.WriteByte('\n')
	if p.aside.Len() < mostAside {
		return nil
	}
	if err := os.MkdirAll(r.folder.in(workName), 0o700); err != nil {
		return fmt.Errorf("making a folder for unfinished files: %w", err)
	}
	file, err := os.OpenFile(r.folder.in(workName+"/"+p.name+".aside"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("setting rows aside: %w", err)
	}
	_, err = p.aside.WriteTo(file)
	return errors.Join(err, file.Close())
}

// Finish finishes the partitions of days to which nothing comes any more, and is their files.
func (r *Run[T]) Finish(complete func(day string) bool) (parts []Part, err error) {
	var places []string
	for place, p := range r.open {
		if complete(p.day) {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	slices.SortStableFunc(places, func(a, b string) int { // files that are open make room first
		return boolOrder(r.open[a].writer == nil, r.open[b].writer == nil)
	})
	for _, place := range places {
		p := r.open[place]
		if err := r.finish(p); err != nil {
			return parts, err
		}
		delete(r.open, place)
		parts = append(parts, Part{Day: p.day, Place: p.place, Rows: p.rows, name: p.name})
	}
	return parts, nil
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// All is every day.
func All(string) bool { return true }

func (r *Run[T]) finish(p *part[T]) error {
	if p.writer == nil {
		if err := r.begin(p); err != nil {
			return err
		}
		if err := r.takeBack(p); err != nil {
			return err
		}
	}
	r.files--
	err := p.writer.Close()
	if err == nil {
		err = p.file.Sync()
	}
	if err = errors.Join(err, p.file.Close()); err != nil {
		return fmt.Errorf("writing rows: %w", err)
	}
	return nil
}

// takeBack writes the rows that were set aside.
func (r *Run[T]) takeBack(p *part[T]) error {
	name := r.folder.in(workName + "/" + p.name + ".aside")
	var from io.Reader = &p.aside
	file, err := os.Open(name)
	if err == nil {
		defer os.Remove(name)
		defer file.Close()
		from = io.MultiReader(bufio.NewReaderSize(file, mostAside), from)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	dec := json.NewDecoder(from)
	for {
		row := new(T)
		if err := dec.Decode(row); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading rows that were set aside: %w", err)
		}
		if err := p.writer.Write(row); err != nil {
			return fmt.Errorf("writing rows: %w", err)
		}
	}
}

// Drop forgets what isn't published. What was decided to be, and couldn't, is left for the next
// one who opens the folder.
func (r *Run[T]) Drop() {
	for _, p := range r.open {
		if p.file != nil {
			_ = p.file.Close()
		}
	}
	if r.folder.State.Publishing == nil {
		_ = os.RemoveAll(r.folder.in(workName))
	}
}

// Add publishes files beside those of their partitions, under a name that no other has.
func (f *Folder) Add(parts []Part, name string) error {
	c := &change{Rename: make(map[string]string)}
	for _, p := range parts {
		c.Rename[p.name] = p.Place + "/part-" + name + f.extension()
	}
	return f.commit(c)
}

func (f *Folder) extension() string { return "." + f.State.Format }

// whole is the only file of a partition.
const whole = "part-0"

// Replace publishes files in place of what their partitions have, where that is something else.
// keep says of which days those stay that there are. It is how many partitions are new, and how
// many were replaced.
func (f *Folder) Replace(parts []Part, keep func(day string) bool) (added, replaced int, err error) {
	c := &change{Rename: make(map[string]string)}
	for _, p := range parts {
		old, err := f.parts(p.Place)
		if err != nil {
			return 0, 0, err
		}
		name := p.Place + "/" + whole + f.extension()
		switch {
		case len(old) == 0:
			added++
		case keep(p.Day):
			_ = os.Remove(f.in(workName + "/" + p.name))
			continue
		default:
			if len(old) == 1 && old[0] == name {
				same, err := sameContent(f.in(name), f.in(workName+"/"+p.name))
				if err != nil {
					return 0, 0, err
				}
				if same {
					_ = os.Remove(f.in(workName + "/" + p.name))
					continue
				}
			}
			replaced++
		}
		for _, o := range old {
			if o != name {
				c.Remove = append(c.Remove, o)
			}
		}
		c.Rename[p.name] = name
	}
	if len(c.Rename) == 0 {
		return 0, 0, nil
	}
	return added, replaced, f.commit(c)
}

// Vanish removes the partitions of days whose rows are no more. It is how many.
func (f *Folder) Vanish(seen map[string]bool, of func(day string) bool) (gone int, err error) {
	days, err := f.Days()
	if err != nil {
		return 0, err
	}
	c := new(change)
	for _, day := range days {
		if !of(day) {
			continue
		}
		businesses, err := f.values(f.in("day="+day), "business=")
		if err != nil {
			return 0, err
		}
		for _, business := range businesses {
			place := "day=" + day + "/business=" + business
			if seen[place] {
				continue
			}
			parts, err := f.parts(place)
			if err != nil {
				return 0, err
			}
			c.Remove = append(c.Remove, parts...)
			gone++
		}
	}
	if gone == 0 {
		return 0, nil
	}
	return gone, f.commit(c)
}

// sameContent reports whether two files hold the same.
func sameContent(a, b string) (bool, error) {
	first, err := os.Open(filepath.Clean(a))
	if err != nil {
		return false, err
	}
	defer first.Close()
	second, err := os.Open(filepath.Clean(b))
	if err != nil {
		return false, err
	}
	defer second.Close()
	x, y := bufio.NewReaderSize(first, 64<<10), bufio.NewReaderSize(second, 64<<10)
	for {
		p, err := x.ReadByte()
		q, other := y.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && errors.Is(other, io.EOF):
			return true, nil
		case errors.Is(err, io.EOF), errors.Is(other, io.EOF):
			return false, nil
		case err != nil, other != nil:
			return false, errors.Join(err, other)
		case p != q:
			return false, nil
		}
	}
}
