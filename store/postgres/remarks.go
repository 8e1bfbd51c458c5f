package postgres

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/waguard/waguard/store"
)

// Remark is something that was looked at in a database.
type Remark struct {
	// Check names what was looked at.
	Check string
	// Level says whether it is as it should be.
	Level Level
	// Finding is how it is, Remedy what to do about it.
	Finding, Remedy string
}

// Level says how something is.
type Level string

// Levels.
const (
	Fine    Level = "ok"
	Notable Level = "note"
	Wrong   Level = "problem"
)

// Clocks may differ by that much without a word, and by that much without harm.
const (
	clockNotable = 2 * time.Second
	clockWrong   = time.Minute
)

// Remarks are what is to be said of a database with that address, asked at that time.
func (s *State) Remarks(a Address, o Options, asked time.Time) []Remark {
	o.complete()
	list := []Remark{{
		"database", Fine,
		fmt.Sprintf("%s answers within %s, PostgreSQL %s", a, s.RoundTrip.Round(10*time.Microsecond), s.Server), "",
	}}
	add := func(check string, level Level, remedy, finding string, args ...any) {
		list = append(list, Remark{check, level, fmt.Sprintf(finding, args...), remedy})
	}
	const tables = "database tables"
	switch {
	case s.Schema < s.Newest:
		add(tables, Wrong, "run `waguard store migrate`, or set auto_migrate on and restart the gateway", "they are of an earlier version: %d, and %d is needed", s.Schema, s.Newest)
	case s.Schema > s.Newest:
		add(tables, Notable, "upgrade this gateway, too", "they are of a later version than this gateway: %d, and it knows %d", s.Schema, s.Newest)
	default:
		add(tables, Fine, "", "they are up to date (version %d)", s.Schema)
	}
	if len(o.Key) > 0 {
		const key = "pseudonym key"
		switch mine := store.Installation(o.Key); {
		case s.Installation == "":
			add(key, Fine, "", "it will be that of this database, with the first gateway that starts")
		case s.Installation != mine:
			add(key, Wrong, "give this gateway the key that the others have: with another one it knows nobody, and doesn't start", "it is another one than this database was made with (%s, and the database belongs to %s)", mine, s.Installation)
		default:
			add(key, Fine, "", "it is the one that this database was made with; see that a copy of it lies elsewhere")
		}
	}
	const commits = "commits"
	switch {
	case s.SynchronousCommit == "off", s.SynchronousCommit == "local":
		add(commits, Wrong, "set synchronous_commit to on for the gateway's role", "synchronous_commit is %s: the database may lose what it has confirmed", s.SynchronousCommit)
	case s.SynchronousStandbys == "":
		add(commits, Notable, "have a standby confirm commits: synchronous_mode and synchronous_mode_strict of Patroni, or synchronous_standby_names; a managed service with synchronous replicas below the database needs nothing", "no standby confirms them: what is acknowledged lies on the primary's disk alone")
	case s.Standbys == 0:
		add(commits, Wrong, "see that a standby of synchronous_standby_names runs and is connected (pg_stat_replication), and with Patroni that the cluster has a synchronous standby (patronictl list)", "no standby is connected that could confirm them: nothing can be recorded, and sends are refused")
	case s.SynchronousCommit == "remote_write":
		add(commits, Notable, "set synchronous_commit to on", "a standby confirms them before they are on its disk (synchronous_commit is remote_write)")
	default:
		add(commits, Fine, "", "a standby confirms them (synchronous_commit is %s)", s.SynchronousCommit)
	}
	const connections = "connections"
	if o.PoolSize > s.Connections {
		add(connections, Wrong, "lower pool_size, or raise max_connections of the server", "this gateway may open %d, and the server has room for %d of all gateways together", o.PoolSize, s.Connections)
	} else {
		add(connections, Fine, "", "this gateway opens up to %d; the server has room for %d", o.PoolSize, s.Connections)
	}
	if s.Schema > 0 {
		list = append(list, s.partitionRemark())
	}
	if ahead := asked.Sub(s.Now); ahead.Abs() > clockNotable {
		level := Notable
		if ahead.Abs() > clockWrong {
			level = Wrong
		}
		add("database clock", level, "have both set by NTP", "it differs by %s from this machine's", ahead.Abs().Round(time.Second))
	}
	if a.Plain && !a.local() {
		add("database TLS", Notable, "write sslmode=verify-full into the address, and sslrootcert where the authority is your own", "connections need not be encrypted, and the server's certificate isn't checked")
	}
	return list
}

func (s *State) partitionRemark() Remark {
	const check, remedy = "partitions", "run `waguard store maintain` as the owner of the tables, every day"
	switch {
	case s.Until.Sub(s.Now) < scarce && !s.Maintains:
		return Remark{check, Wrong, "they end on " + s.Until.Format(time.DateOnly) + ", and this gateway's role may make none: without one no send can be recorded", remedy}
	case s.Until.Sub(s.Now) < scarce:
		return Remark{check, Notable, "they end on " + s.Until.Format(time.DateOnly), "a gateway makes those that come within a minute of its start; see its log if this stays"}
	case !s.Maintains:
		return Remark{check, Fine, "there are some until " + s.Until.Format(time.DateOnly) + "; this gateway's role makes none, `waguard store maintain` does", ""}
	}
	return Remark{check, Fine, "there are some until " + s.Until.Format(time.DateOnly) + ", and gateways make those that come", ""}
}

// local reports that every server is on this machine.
func (a Address) local() bool {
	for _, host := range a.Hosts {
		if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
			continue
		}
		name, _, err := net.SplitHostPort(host)
		if ip := net.ParseIP(name); err != nil || name != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}
