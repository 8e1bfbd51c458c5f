package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/waguard/waguard/internal/adminapi"
	"github.com/waguard/waguard/internal/backups"
	"github.com/waguard/waguard/internal/ntp"
	"github.com/waguard/waguard/store/badger"
)

// What the doctor looks at itself, on this machine.

// configuration is what a configuration file says of where things are.
type configuration struct {
	// store and witness are paths, absolute; "" where nobody says.
	store, witness string
	// key is the encryption_key of the store, as it is configured.
	key string
	// database is the store where it is in one; nil where it isn't.
	database *configuredStore
	// unreadable: nothing can be read from it.
	unreadable bool
}

// examineConfiguration has the file that --config names validated, without starting
// anything: by a process of its own, since a configuration changes the one that
// loads it.
func examineConfiguration(ctx context.Context, c *call) (*configuration, []adminapi.Finding) {
	const check = "configuration"
	conf := new(configuration)
	file := c.flags.String("config")
	if file == "" {
		return conf, []adminapi.Finding{adminapi.Unchecked(check, "name it with --config", "which file the gateway is started with is not known")}
	}
	info, err := os.Stat(file)
	if err != nil {
		conf.unreadable = true
		return conf, []adminapi.Finding{adminapi.Trouble(check, "name the file the gateway is started with", "%v", err)}
	}
	args := []string{"--config", file}
	if adapter := c.flags.String("adapter"); adapter != "" {
		args = append(args, "--adapter", adapter)
	}
	if _, err := itself(ctx, append([]string{"validate"}, args...)...); err != nil {
		conf.unreadable = true
		return conf, []adminapi.Finding{adminapi.Trouble(check, "mend it, and try it with `waguard validate --config "+file+"`", "%s: %v", file, err)}
	}
	findings := []adminapi.Finding{adminapi.OK(check, "%s is valid", file)}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		findings[0] = adminapi.Trouble(check, "chmod go-w "+file, "%s is valid, and others on this machine can change it: it has mode %04o", file, mode)
	}
	if strings.HasSuffix(file, ".json") && c.flags.String("adapter") == "" {
		raw, err := os.ReadFile(file)
		conf.read(raw, err)
	} else {
		conf.read(itself(ctx, append([]string{"adapt"}, args...)...))
	}
	return conf, findings
}

// itself runs this program and gives its output. The error is the last thing it
// said.
func itself(ctx context.Context, args ...string) ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, program, args...).Output() // #nosec G204 -- it is this program, and the operator names the file
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		lines := strings.Split(strings.TrimSpace(string(e.Stderr)), "\n")
		if said := strings.TrimSpace(strings.TrimPrefix(lines[len(lines)-1], "Error:")); said != "" {
			var line struct{ Error, Msg string }
			if json.Unmarshal([]byte(said), &line) == nil { // a line of Caddy's log
				said = cmp.Or(line.Error, line.Msg, said)
			}
			return nil, errors.New(said)
		}
	}
	return out, err
}

// read reads where things are from a configuration in JSON.
func (conf *configuration) read(raw []byte, err error) {
	var says struct {
		Apps struct {
			WhatsApp *struct {
				Store struct {
					Module, Path, Witness string
					EncryptionKey         string `json:"encryption_key"`
				} `json:"store"`
			} `json:"whatsapp"`
		} `json:"apps"`
	}
	if err != nil || json.Unmarshal(raw, &says) != nil || says.Apps.WhatsApp == nil {
		return
	}
	st := says.Apps.WhatsApp.Store
	if st.Module == "postgres" {
		conf.database, _ = storeIn(raw)
		return
	}
	if st.Module != "" && st.Module != "badger" {
		return
	}
	conf.store, conf.witness, conf.key = absolute(st.Path), absolute(st.Witness), st.EncryptionKey
	if st.Path == "" {
		conf.store = filepath.Join(caddy.AppDataDir(), "waguard")
	}
}

// absolute is a path as it was configured, made absolute; "" where that can't be
// done here.
func absolute(configured string) string {
	path, err := caddy.NewReplacer().ReplaceOrErr(configured, true, true)
	if err != nil || path == "" {
		return ""
	}
	if path, err = filepath.Abs(path); err != nil {
		return ""
	}
	return path
}

// endpointFindings tell who else can reach an admin endpoint.
func endpointFindings(address string) []adminapi.Finding {
	const check = "admin endpoint"
	const remedy = "give it a Unix socket of the gateway's user: `admin unix//run/waguard/admin.sock`"
	if path, ok := strings.CutPrefix(address, "unix/"); ok {
		path, _, _ = strings.Cut(path, "|")
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil // the gateway's finding says that it can't be reached
		case info.Mode().Perm()&0o002 != 0:
			return []adminapi.Finding{adminapi.Trouble(check, "write its mode behind it: `admin unix/"+path+"|0200`", "everybody on this machine can use %s: it has mode %04o", path, info.Mode().Perm())}
		}
		return []adminapi.Finding{adminapi.OK(check, "%s has mode %04o", path, info.Mode().Perm())}
	}
	host, _, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(address, "tcp/"), "http://"))
	if ip := net.ParseIP(host); err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return []adminapi.Finding{adminapi.Trouble(check, remedy, "it is asked over the network, at %s: whoever can reach it can change consent and configuration", host)}
	}
	return []adminapi.Finding{adminapi.Note(check, remedy, "it is on loopback: everybody on this machine can change consent and configuration")}
}

// directoryFindings look at the directory of a store that no gateway has open.
func directoryFindings(path string) []adminapi.Finding {
	const check = "store"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []adminapi.Finding{adminapi.Note(check, "if there was one, see that its disk is mounted, and that the path is right", "there is no %s: the gateway begins with an empty store", path)}
	case err != nil:
		return []adminapi.Finding{adminapi.Unchecked(check, "run the command as the gateway's user", "%v", err)}
	case !info.IsDir():
		return []adminapi.Finding{adminapi.Trouble(check, "move the file away, or name the store's directory", "%s is not a directory", path)}
	}
	vacant, err := badger.Vacant(path)
	if err != nil {
		return []adminapi.Finding{adminapi.Unchecked(check, "run the command as the gateway's user", "%v", err)}
	}
	if vacant {
		return []adminapi.Finding{adminapi.Note(check, "if there was a store, see that its disk is mounted", "%s is empty: the gateway begins with an empty store", path)}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return []adminapi.Finding{adminapi.Trouble(check, "chmod 700 "+path, "others on this machine can reach %s: it has mode %04o", path, mode)}
	}
	return []adminapi.Finding{adminapi.OK(check, "%s is there, and is its user's alone", path)}
}

// clockFinding asks the system about its clock, where no gateway compares it with
// WhatsApp's.
func clockFinding() adminapi.Finding {
	const check, remedy = "clock", "set it by NTP, such as with systemd-timesyncd or chrony: windows and consents are weighed by it"
	switch kept, known := ntp.Synchronized(); {
	case !known:
		return adminapi.Unchecked(check, "see that it is set by NTP", "the system doesn't say whether something keeps it")
	case !kept:
		return adminapi.Note(check, remedy, "the system says that nothing keeps it")
	}
	return adminapi.OK(check, "the system says that it is kept")
}

// freshBackup is how old the newest backup may be: a day, and what a daily timer may
// be late.
const freshBackup = 26 * time.Hour

// backupFindings look at the backups in the directory that --backups names. Those of a
// database are its own.
func backupFindings(c *call, inDatabase bool) []adminapi.Finding {
	const check, remedy = "backups", "run `waguard backup --to <directory> --keep 14` once a day, for example by the timer waguard-backup.timer"
	dir := c.flags.String("backups")
	if dir == "" && inDatabase {
		return []adminapi.Finding{adminapi.Unchecked(check, "back it up by its own means, with WAL archiving (pgBackRest, Barman, or your provider's), and keep a copy of the pseudonym key elsewhere: docs/how-to/run-replicas.md", "the store is in a database, whose backups are not known here")}
	}
	if dir == "" {
		return []adminapi.Finding{adminapi.Unchecked(check, "name their directory with --backups", "where backups are is not known")}
	}
	list, err := backups.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return []adminapi.Finding{adminapi.Trouble(check, remedy+"; if there were some, see that their disk is mounted", "there is no %s", dir)}
	}
	if err != nil {
		return []adminapi.Finding{adminapi.Unchecked(check, "name the directory that backups are written to, and run the command as a user who can read it", "%v", err)}
	}
	if len(list) == 0 {
		return []adminapi.Finding{adminapi.Trouble(check, remedy, "there is none in %s", dir)}
	}
	age := time.Since(list[0].At)
	found := fmt.Sprintf("the newest of %d is %s old", len(list), age.Round(time.Minute))
	if age > freshBackup {
		return []adminapi.Finding{adminapi.Trouble(check, remedy, "%s", found)}
	}
	findings := []adminapi.Finding{adminapi.OK(check, "%s", found)}
	if c.flags.Bool("deep") {
		if err := verifyBackup(list[0]); err != nil {
			return []adminapi.Finding{adminapi.Trouble(check, "make another one now, and look at the disk", "%s: %v", list[0].Path, err)}
		}
		findings[0] = adminapi.OK(check, "%s, and its checksum is right", found)
	}
	return findings
}

// verifyBackup reads a backup. Of one that is encrypted it is known what its bytes were.
func verifyBackup(b backups.Backup) (err error) {
	if b.Sealed {
		return backups.Unchanged(b.Path)
	}
	file, err := os.Open(b.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	return badger.VerifyBackup(file)
}
