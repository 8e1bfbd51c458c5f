package command

import (
	"encoding/csv"
	"os"
	"strconv"
)

// rejects are the rows that were not taken, in the file they go to, if any. Its columns
// are those of the list, behind the line and the reason: mended, it can be imported as
// the list was.
type rejects struct {
	name string
	file *os.File
	out  *csv.Writer
}

// rejectColumns stand before those of the list. An import leaves them out.
var rejectColumns = []string{"line", "error"}

func newRejects(name string) (*rejects, error) {
	if name == "" {
		return new(rejects), nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it names people
	if err != nil {
		return nil, misused("the file for rejected rows can't be made: %v", err)
	}
	return &rejects{name: name, file: file, out: csv.NewWriter(file)}, nil
}

// kept reports that rows are wanted whole.
func (r *rejects) kept() bool { return r.file != nil }

// columns begins the file, with the columns of the list.
func (r *rejects) columns(names []string) error {
	if r.file == nil {
		return nil
	}
	header := append([]string(nil), rejectColumns...)
	for _, name := range names {
		if name != rejectColumns[0] && name != rejectColumns[1] {
			header = append(header, name)
		}
	}
	return r.out.Write(header)
}

func (r *rejects) add(line int, why string, cells []string) error {
	if r.file == nil {
		return nil
	}
	return r.out.Write(append([]string{strconv.Itoa(line), why}, cells...))
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	r.out.Flush()
	if err := r.out.Error(); err != nil {
		return err
	}
	return r.file.Close()
}

func (r *rejects) where() string {
	if r.file == nil {
		return "; --rejects <file> says which, and why"
	}
	return "; they are in " + r.name
}
