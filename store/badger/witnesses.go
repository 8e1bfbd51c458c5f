package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"

	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/wal"
)

// witnesses are what the witnesses of a directory say before it is opened.
type witnesses struct {
	inside, outside         *witness // nil where there is none
	insideHead, outsideHead head
	outsidePath             string
	notes                   []string
}

func findWitnesses(h *home, outside string, log *zap.Logger) (*witnesses, error) {
	w := &witnesses{outsidePath: outside}
	var err error
	if w.inside, w.insideHead, err = readWitness(filepath.Join(h.at, witnessName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if !errors.Is(err, errWitness) {
			return nil, fmt.Errorf("reading %s: %w", filepath.Join(h.dir, witnessName), err)
		}
		w.notes = append(w.notes, fmt.Sprintf("%s in the store's directory is damaged, and is made anew: whether its files are those that were there can't be told", witnessName))
	}
	if w.outside, w.outsideHead, err = readWitness(outside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.notes = append(w.notes, fmt.Sprintf("the witness %s can't be read (%v), and is made anew: whether the store is an older copy can't be told", outside, err))
	}
	return w, nil
}

// findings are what is known of a directory that may be opened.
type findings struct {
	*survey
	other    string // why it is another store
	accepted bool   // a loss was
	notices  []string
}

// look surveys the directory, and compares it with what the witnesses say.
func (w *witnesses) look(h *home) (f *findings, err error) {
	f = new(findings)
	at := w.insideHead
	switch {
	case w.outside == nil:
	case w.inside == nil:
		at = w.outsideHead
	case w.inside.Installation != w.outside.Installation:
		f.other = fmt.Sprintf("by %s another installation's store was here", w.outsidePath)
	case w.inside.Restored != "", w.inside.Copied != "":
	case w.inside.Lineage != w.outside.Lineage:
		f.other = fmt.Sprintf("by %s the store here went on from another backup than this one", w.outsidePath)
	default:
		at = at.join(w.outsideHead)
	}
	if f.survey, err = look(h, w.inside, at); err != nil {
		return nil, err
	}
	if w.inside != nil && f.other == "" && f.strange(stampOf(w.inside.Installation, w.inside.Lineage)) {
		f.other = strangeChanges
	}
	return f, nil
}

const strangeChanges = "its newest changes are those of another store"

// strange reports that the log of changes is not that of the store with a stamp.
func (s *survey) strange(stamp wal.Stamp) bool {
	return s.changes != nil && slices.ContainsFunc(s.changes.Stamps, func(found wal.Stamp) bool { return found != stamp })
}

// survey says whether the store is what it was. It changes nothing unless it is;
// then it makes way for Badger.
func (w *witnesses) survey(h *home, o Options) (*findings, error) {
	f, err := w.look(h)
	if err != nil {
		return nil, err
	}
	if loss := f.judge(h); loss != nil {
		if err := f.accept(loss, o); err != nil {
			return nil, err
		}
	}
	for _, note := range append(w.notes, f.notes...) {
		o.Logger.Warn("opening the store: "+note, zap.String("path", h.dir))
	}
	if w.inside != nil && w.inside.Restored != "" {
		f.notice(o.Logger, h.dir, w.inside.restoredFrom())
	}
	return f, w.makeWay(h, f, o.Logger)
}

// judge says why the store is not what it was, nil if it is.
func (f *findings) judge(h *home) *Loss {
	loss := &Loss{Dir: h.dir}
	switch {
	case len(f.damaged) > 0:
		loss.Kind, loss.Found = KindDamaged, append(f.damaged, f.lost...)
		return loss
	case f.other != "":
		loss.Kind, loss.Found = KindOther, append([]string{f.other}, f.lost...)
	case f.empty && len(f.lost) > 0:
		loss.Kind, loss.Found = KindEmpty, f.lost
	case len(f.lost) > 0:
		loss.Kind, loss.Found = KindOlder, f.lost
	default:
		return nil
	}
	return loss.acceptable()
}

// accept takes a loss for what the operator wants, or returns it.
func (f *findings) accept(loss *Loss, o Options) error {
	if loss.Code == "" || loss.Code != o.AcceptLoss {
		return loss
	}
	f.accepted = true
	for _, found := range loss.Found {
		f.notice(o.Logger, loss.Dir, "opened without what it lost, as accept_loss says: "+found)
	}
	return nil
}

// notice is something that stays true while the store is open.
func (f *findings) notice(log *zap.Logger, dir, text string) {
	f.notices = append(f.notices, text)
	log.Error("opening the store: "+text, zap.String("path", dir))
}

// makeWay removes what Badger would stumble over and holds nothing, and makes the
// witness know what is there: Badger begins to move it into tables at once.
func (w *witnesses) makeWay(h *home, f *findings, log *zap.Logger) error {
	for _, name := range f.remove {
		log.Warn("opening the store: "+name+" is damaged or was not finished; it holds nothing and is made anew", zap.String("path", h.dir))
		if err := os.Remove(filepath.Join(h.at, name)); err != nil {
			return err
		}
	}
	if w.inside == nil || f.empty {
		return nil
	}
	now := *w.inside
	now.Logs, now.Tables = make(map[string]string), make(map[string]string)
	for _, l := range f.logs {
		if l.size >= logHeader {
			now.Logs[l.name] = l.id
		}
	}
	for _, t := range f.tables {
		now.Tables[t.name] = t.id
	}
	return writeWitness(filepath.Join(h.at, witnessName), &now, f.reached)
}

// confirm compares what only the opened store tells.
func (w *witnesses) confirm(h *home, o Options, meta *metaRecord, at head, f *findings) error {
	if at.Seq != f.reached.Seq {
		return fmt.Errorf("it reads up to transaction %d, and %d were there: this is a bug in waguard, or the files changed while it was opened", at.Seq, f.reached.Seq)
	}
	if f.empty {
		return nil
	}
	if w.inside == nil && w.outside == nil {
		if f.numbered {
			f.notice(o.Logger, h.dir, "its witnesses are missing; whether it lost anything can't be told")
		} else {
			o.Logger.Info("the store was written by a waguard that kept no witness; from now on there is one", zap.String("path", h.dir))
		}
		return nil
	}
	if w.inside != nil || f.accepted {
		return nil // compared before
	}
	loss := &Loss{Dir: h.dir, Kind: KindOther}
	switch {
	case store.Installation(meta.Key) != w.outside.Installation:
		loss.Found = []string{fmt.Sprintf("by %s another installation's store was here", w.outsidePath)}
	case meta.Lineage != w.outside.Lineage:
		loss.Found = []string{fmt.Sprintf("by %s the store here went on from another backup than this one", w.outsidePath)}
	default:
		return nil
	}
	return f.accept(loss.acceptable(), o)
}

// restoredFrom says what a store that was restored doesn't know.
func (w *witness) restoredFrom() string {
	if w.Backup == "" { // a waguard restored it that didn't say
		return "it was restored from a backup at " + w.Restored + "; what came after that backup is not known"
	}
	return "it was restored from a backup of " + w.Backup + ", at " + w.Restored + "; who opted out, opted in or wrote after that backup is not known: " +
		"nobody's customer service window counts as open that was not open by it, until they write, and opt-outs must be recorded again"
}
