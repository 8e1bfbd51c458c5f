package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waguard/waguard/store"
)

// What a gateway must know before it serves from a database stands in the table about, a
// line each, under these names. Gateways only ever add lines: their role may do no more.
const (
	// aboutInstallation names the key of the pseudonyms.
	aboutInstallation = "installation"
	// aboutLineage names the history of what is kept, and of the log of consent records.
	aboutLineage = "lineage"
	// aboutIdentities, and the version of the keys of identities behind it, is when these
	// came into use; nothing where the database has had no others.
	aboutIdentities = "identities "
	// aboutRestored is when what is kept was as the backup had it that it comes from, if it
	// does: it was copied from a store that was restored.
	aboutRestored = "restored"
	// aboutCopying names the copy that is being made. What is there is no store before it
	// is finished.
	aboutCopying = "copying"
	// aboutCopied names one that was finished, and aboutServed says that a gateway has
	// served from it since.
	aboutCopied = "copied"
	aboutServed = "served"
)

var errHalfCopied = errors.New("the database is half copied: waguard store copy was interrupted, or is still at work. Run the same command again, which goes on where it was, or empty the database: drop schema waguard cascade")

// readAbout reads what the database says of itself, and says what it doesn't yet.
func (e *Engine) readAbout(ctx context.Context, conn *pgx.Conn) error {
	for {
		about, err := aboutOf(ctx, conn)
		if err != nil {
			return err
		}
		if _, half := about[aboutCopying]; half {
			return errHalfCopied
		}
		missing := missingAbout(about, e.o.Now())
		if _, copied := about[aboutCopied]; copied && about[aboutServed] == "" {
			// Whoever copies afterwards finds that. Whoever has begun before is found when
			// this is read again.
			missing[aboutServed] = e.o.Now().UTC().Format(time.RFC3339)
		}
		if len(missing) == 0 {
			e.about, err = describe(about)
			return err
		}
		for name, value := range missing { // of gateways that start at the same time, one says it
			if _, err := conn.Exec(ctx, `insert into waguard.about (name, value) values ($1, $2) on conflict (name) do nothing`, name, value); err != nil {
				return fmt.Errorf("the database: %w", err)
			}
		}
	}
}

// missingAbout is what a database doesn't say of itself.
func missingAbout(about map[string]string, now time.Time) map[string]string {
	missing := make(map[string]string)
	if _, ok := about[aboutLineage]; !ok {
		missing[aboutLineage] = rand.Text()
	}
	since := ""
	for name := range about {
		if strings.HasPrefix(name, aboutIdentities) {
			since = now.UTC().Format(time.RFC3339Nano) // it has had others
		}
	}
	if _, ok := about[identitiesNow]; !ok {
		missing[identitiesNow] = since
	}
	return missing
}

var identitiesNow = aboutIdentities + strconv.Itoa(store.IdentitiesVersion)

// aboutOf reads the table.
func aboutOf(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) (map[string]string, error) {
	rows, err := q.Query(ctx, `select name, value from waguard.about`)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	about := make(map[string]string)
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		about[name] = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	return about, nil
}

// describe is what a book must know, but for the key.
func describe(about map[string]string) (d store.Description, err error) {
	d.Lineage = about[aboutLineage]
	for name, value := range about {
		if name != aboutRestored && !strings.HasPrefix(name, aboutIdentities) || value == "" {
			continue
		}
		at, failed := time.Parse(time.RFC3339Nano, value)
		switch {
		case failed != nil:
			err = cmp.Or(err, fmt.Errorf("the database says of itself what can't be read, under %s in waguard.about: %w", name, failed))
		case name == aboutRestored:
			d.Restored = at
		case at.After(d.IdentitiesChanged):
			d.IdentitiesChanged = at
		}
	}
	return d, err
}

// aboutFrom is the other way round, for today's keys of identities.
func aboutFrom(d store.Description) map[string]string {
	about := map[string]string{aboutLineage: cmp.Or(d.Lineage, rand.Text()), identitiesNow: ""}
	if !d.IdentitiesChanged.IsZero() {
		about[identitiesNow] = d.IdentitiesChanged.UTC().Format(time.RFC3339Nano)
	}
	if !d.Restored.IsZero() {
		about[aboutRestored] = d.Restored.UTC().Format(time.RFC3339Nano)
	}
	return about
}
