package backups

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/waguard/waguard/internal/durable"
)

// latestName is the name of the file beside backups that says what the next increment
// continues. It is not encrypted, so it holds nothing about anybody.
const latestName = "waguard-latest.json"

// Link is one backup of a chain.
type Link struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Latest is what the next increment in a directory continues.
type Latest struct {
	// Chain are the files, from the one that holds everything to the newest.
	Chain []Link `json:"chain"`
	// Base is what the gateway must know of the newest.
	Base json.RawMessage `json:"base"`
}

// Names are those of the files.
func (l *Latest) Names() (names []string) {
	for _, link := range l.Chain {
		names = append(names, link.File)
	}
	return names
}

// WriteLatest says what the next increment in a directory continues.
func WriteLatest(dir string, l *Latest) (err error) {
	content, err := json.Marshal(l)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, latestName+".*"+part)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), filepath.Join(dir, latestName)); err != nil {
		return err
	}
	return durable.Names(dir)
}

// ReadLatest is what the next increment in a directory continues, with why nothing can
// be: it is the newest there is, and each file of its chain is what it was.
func ReadLatest(dir string) (l *Latest, why string) {
	content, err := os.ReadFile(filepath.Join(dir, latestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "there is no backup before it that says how to go on"
	}
	l = new(Latest)
	if err != nil || json.Unmarshal(content, l) != nil || len(l.Chain) == 0 {
		return nil, latestName + " can't be read"
	}
	for _, link := range l.Chain {
		sum, _, err := Digest(filepath.Join(dir, filepath.Base(link.File)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Sprintf("the chain is broken: %s is gone", link.File)
		case err != nil:
			return nil, fmt.Sprintf("the chain is broken: %v", err)
		case sum != link.SHA256:
			return nil, fmt.Sprintf("the chain is broken: %s is not what it was", link.File)
		}
	}
	return l, ""
}

// Find is the file in a directory with a digest; the one with a name is tried first.
func Find(dir, name, sum string) (string, error) {
	first := filepath.Join(dir, filepath.Base(name))
	if got, _, err := Digest(first); err == nil && got == sum {
		return first, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if ext := filepath.Ext(path); !e.Type().IsRegular() || path == first || ext != ".backup" && ext != ".increment" && ext != ".age" {
			continue
		}
		if got, _, err := Digest(path); err == nil && got == sum {
			return path, nil
		}
	}
	if _, err := os.Stat(first); err == nil {
		return "", fmt.Errorf("%s is not the file that was continued: its SHA-256 should be %s", first, sum)
	}
	return "", fmt.Errorf("%s is missing (SHA-256 %s): it must lie in the same directory", first, sum)
}

// Unchanged says whether a backup is what was written, if it is the newest in its
// directory.
func Unchanged(path string) error {
	content, err := os.ReadFile(filepath.Join(filepath.Dir(path), latestName))
	if err != nil {
		return fmt.Errorf("what it was is not known: %w", err)
	}
	var l Latest
	if json.Unmarshal(content, &l) != nil || len(l.Chain) == 0 || last(l.Chain).File != filepath.Base(path) {
		return fmt.Errorf("what it was is not known: %s says nothing of it", latestName)
	}
	sum, _, err := Digest(path)
	if err == nil && sum != last(l.Chain).SHA256 {
		err = errors.New("it is not what was written: its checksum does not match")
	}
	return err
}
