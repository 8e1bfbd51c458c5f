package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/policy"
	"github.com/waguard/waguard/store"
	"github.com/waguard/waguard/store/transfer"
)

// The server sums rows up as whoever has them does.
func TestSums(t *testing.T) {
	key := make([]byte, keySize)
	c, err := OpenCopy(t.Context(), pgtest.Database(t), key, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Begin(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	id := store.FirstID(policy.Moment(1_790_000_000_000))
	for i, rows := range []struct {
		shelf transfer.Shelf
		rows  []*transfer.Row
	}{
		{transfer.Records, []*transfer.Row{{Key: []byte("a1"), Value: []byte{1}}, {Key: []byte("a2"), Value: []byte{}}}},
		{transfer.Records, []*transfer.Row{{Key: []byte("b1"), Value: []byte{1}, Until: time.Unix(1_790_000_000, 0)}}},
		{transfer.Records, []*transfer.Row{{Key: []byte("c1"), Value: []byte{1}, Until: time.Unix(1_790_000_000, 1000)}}},
		{transfer.Ledger, []*transfer.Row{{Key: id[:], Value: []byte{0xa0}}}},
		{transfer.Violations, []*transfer.Row{{Key: id[:], Value: []byte{0xa0}, Settled: []byte{0xa0}}}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			span := transfer.Span{Shelf: rows.shelf, From: rows.rows[0].Key}
			if err := c.Write(t.Context(), span, true, rows.rows, nil); err != nil {
				t.Fatal(err)
			}
			h := transfer.NewHash()
			for _, r := range rows.rows {
				h.Add(r)
			}
			nothing := transfer.NewHash()
			want := []transfer.Summed{{Rows: len(rows.rows), Sum: h.Sum()}, {Sum: nothing.Sum()}}
			spans := []transfer.Span{span, {Shelf: rows.shelf, From: bytes.Repeat([]byte{0xfe}, 16)}}
			if sums, err := c.Sums(t.Context(), spans); err != nil || c.plain || !slices.Equal(sums, want) {
				t.Errorf("summed up as %x, %v (read: %v), not %x", sums, err, c.plain, want)
			}
			if sums, err := transfer.SumRows(t.Context(), c, spans); err != nil || !slices.Equal(sums, want) {
				t.Errorf("read as %x, %v, not %x", sums, err, want)
			}
		})
	}
}

// What a database says of itself stays, and that identities have other keys is noted once.
func TestAbout(t *testing.T) {
	dsn, key := pgtest.Database(t), make([]byte, keySize)
	now := time.UnixMilli(1_790_000_000_000)
	open := func() store.Description {
		t.Helper()
		e, err := OpenEngine(t.Context(), dsn, Options{Key: key, Now: func() time.Time { return now }, Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		return e.Description()
	}
	first := open()
	if first.Lineage == "" || !first.IdentitiesChanged.IsZero() || !first.Restored.IsZero() || first.Start != 0 {
		t.Errorf("a new database says %+v", first)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `update waguard.about set name = 'identities 0' where name = 'identities 1'`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if d := open(); d.Lineage != first.Lineage || !d.IdentitiesChanged.Equal(time.UnixMilli(1_790_000_000_000)) {
			t.Errorf("it says %+v", d)
		}
		now = now.Add(time.Hour)
	}
	if _, err := conn.Exec(t.Context(), `update waguard.about set value = 'yesterday' where name = 'identities 1'`); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEngine(t.Context(), dsn, Options{Key: key, Timeout: patience}); err == nil {
		t.Error("opened a database that says what can't be read")
	}
}

// A copy says what the store said that was copied.
func TestCopiedAbout(t *testing.T) {
	dsn, key := pgtest.Database(t), make([]byte, keySize)
	at := time.UnixMilli(1_790_000_000_123).UTC()
	want := store.Description{Key: key, Lineage: "of the directory", Restored: at, IdentitiesChanged: at.Add(time.Second)}
	for _, d := range []store.Description{{Key: key, Lineage: "of a backup", Restored: at, IdentitiesChanged: at}, want} { // the second catches up
		c, err := OpenCopy(t.Context(), dsn, key, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Begin(t.Context(), key), c.Finish(t.Context(), d), c.Finish(t.Context(), d), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
	e, err := OpenEngine(t.Context(), dsn, Options{Key: key, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if d := e.Description(); !reflect.DeepEqual(d, want) {
		t.Errorf("it says %+v, not %+v", d, want)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSource(t.Context(), dsn, append([]byte{1}, key[1:]...), zap.NewNop()); err == nil {
		t.Error("copied with another key")
	}
}

// A copy that ended before it had written anything is begun again, unless a gateway serves
// from what was copied before.
func TestCopyBegins(t *testing.T) {
	key := make([]byte, keySize)
	mine := store.Installation(key)
	for name, at := range map[string]struct {
		about map[string]string
		used  bool
	}{
		"empty":                          {nil, false},
		"a gateway was there":            {map[string]string{aboutInstallation: mine}, true},
		"taken, and ended":               {map[string]string{aboutInstallation: mine, aboutCopying: beginningCopy + "1"}, false},
		"begun":                          {map[string]string{aboutInstallation: mine, aboutCopying: "1"}, false},
		"copied":                         {map[string]string{aboutInstallation: mine, aboutCopied: "1"}, false},
		"copied, and served from":        {map[string]string{aboutInstallation: mine, aboutCopied: "1", aboutServed: "2026"}, true},
		"served while it begins, ended":  {map[string]string{aboutInstallation: mine, aboutCopied: "1", aboutServed: "2026", aboutCopying: beginningCopy + "1"}, true},
		"tried to serve from half of it": {map[string]string{aboutInstallation: mine, aboutCopied: "1", aboutServed: "2026", aboutCopying: "1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := OpenCopy(t.Context(), pgtest.Database(t), key, zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for name, value := range at.about {
				if _, err := c.e.pool.Exec(t.Context(), `insert into waguard.about (name, value) values ($1, $2)`, name, value); err != nil {
					t.Fatal(err)
				}
			}
			err = c.Begin(t.Context(), key)
			if (err != nil) != at.used || at.used && !errors.Is(err, errUsed) {
				t.Errorf("it begins with %v", err)
			}
			about, err := aboutOf(t.Context(), c.e.pool)
			if err != nil {
				t.Fatal(err)
			}
			if is := about[aboutCopying]; !at.used && is != c.run || at.used && is == c.run {
				t.Errorf("being copied is %q, and the copy is %s", is, c.run)
			}
		})
	}
}
