package command

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/waguard/waguard/internal/gatewaytest"
)

var update = flag.Bool("update", false, "write what commands say to testdata")

// mistakes are what people get wrong on the command line, a line each. What is
// behind each is in testdata/mistakes.txt, where it is read as prose. {admin} is the
// gateway's admin endpoint, {senders} the port of senders, {json} a server that
// answers everything with JSON, {caddy} one that knows no waguard, {closed} a port
// that nobody listens on, {dir} a directory with some files.
const mistakes = `
# Commands that are none
ledgr
violation
frobnicate
+4915112345678
upgrade
add-package github.com/example/plugin
remove-package --keep-backup github.com/example/plugin
consent
consent forget
consent optin
consent +4915112345678
store
store verify
audit
audit check

# Flags that are none, or not written as one
violations --rul WINDOW_CLOSED
violations --colour red
violations -x
violations --rule
violations WINDOW_CLOSED
consent get +4915112345678
report yesterday
violations --follow=perhaps
run --confg Caddyfile
version --short

# Values that mean nothing
violations --limit 0
violations --limit -1
violations --limit many
violations --limit 1001
violations --from soon
violations --from -24h
violations --from 2026-13-01
violations --from 1h --to 2h
report --from 2026-11-03 --to 2026-11-02
violations --rule WINDOW_CLOSE
violations --rule 131047
violations --category marketting
ledger --outcome lost
ledger --outcome acepted
violations --group-by colour
violations --interval soon
events --severity bad
report --message-class push
export --format xml
export --month October
violations --output yaml
violations --json --output csv
ledger --contact 015112345678
ledger --contact Ana

# Flags that don't go together
violations --follow --group-by rule
violations --follow --to 1h
violations --follow --interval 1ms
export --month 2026-10 --from 7d
export --csv-dialect excel
store check --witness {dir}
store migrate
store migrate --to mysql://root:hunter2@db1/waguard
store migrate --to {env.WAGUARD_NOWHERE}
store migrate --config {dir}/none
store maintain --ledger-retention 400
store maintain --path {dir}

# Copies of stores
store copy
store copy --from badger:{dir}/none
store copy --from {dir}/none --to badger:{dir}/new
store copy --from badger:{dir}/none --to badger:{dir}/new
store copy --from badger:{dir} --to badger:{dir}/new
store copy --from badger:{dir}/none --to postgres://waguard@127.0.0.1/waguard
store copy --from badger:{dir}/none --to postgres:{env.WAGUARD_TEST_UNSET} --pseudonym-key {dir}/key
store copy --from badger:{dir}/none --to postgres://waguard:s3%cret@127.0.0.1/waguard --pseudonym-key {dir}/key
store copy --from postgres:host=127.0.0.1,password=s3cret --to badger:{dir}/new --pseudonym-key {dir}/none
store copy --from postgres:host=127.0.0.1 --to badger:{dir}/new --pseudonym-key {dir}/file
store copy --from postgres:host=127.0.0.1 --to badger:{dir}/new --pseudonym-key {dir}/none --from-encryption-key {dir}/file

# About people
consent get
consent optin --business 104455667788 --contact +4915112345678
consent get --business 104455667788
consent opt-in --business 104455667788 --contact +4915112345678
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing
consent opt-in --business 104455667788 --contact +4915112345678 --scope some --source website
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing,transactional --source website
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing --source chat_keyword
consent opt-out --business 104455667788 --contact 4915112345678
consent ask --business 104455667788 --contact +4915112345678
consent new-person --business 104455667788 --contact +4915112345678

# What the gateway alone can tell
consent get --business 104455667799 --contact +4915112345678 --address {admin}
consent get --business 104455667788 --contact +491 --address {admin}
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing --source import --address {admin}
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing --source website --at yesterday --address {admin}
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing --source website --at 2027-01-01 --address {admin}
consent opt-in --business 104455667788 --contact +4915112345678 --scope marketing --source paper --address {admin}
consent undo-new-person --business 104455667788 --contact +4915112345678 --address {admin}
violations --before 17 --address {admin}
events --before 17 --address {admin}

# What answers is no gateway, or nothing answers
violations --address {closed}
violations --address unix/{dir}/none.sock
violations --address unix/{dir}/file
violations --address localhost
violations --address http://localhost:2019/config
violations --config {dir}/none
violations --config {dir}/broken.json
consent opt-out --business 104455667788 --contact +4915112345678 --address {senders}
consent opt-out --business 104455667788 --contact +4915112345678 --address {json}
consent opt-out --business 104455667788 --contact +4915112345678 --address {caddy}

# Files
backup
backup --to {dir}/none/waguard.backup --address {admin}
restore
restore --from {dir}/none --path {dir}/new
restore --from {dir}/file --path {dir}/new
store check --path {dir}/none
audit verify --witness {dir}
audit proof
audit proof --record 12 --path {dir}/none
audit verify --path {dir}/none
audit verify --checkpoint {dir}/none
manpage

# Looking for what can't be there, and summing up what doesn't add up
ledger --id 0199f0c2
ledger --id 0199f0c2-5d3e-7a41-9b0c-3f6f1f0d2a77 --sender crm
ledger --id 0199f0c2-5d3e-7a41-9b0c-3f6f1f0d2a77 --follow
ledger --pseudonym a1b2c3
ledger --pseudonym +4915112345678
ledger --pseudonym a1046574a7af --contact +4915112345678 --address {admin}
ledger --summary
violations --summary --rule WINDOW_CLOSED
violations --summary --follow
violations --summary --limit 10
violations --summary --from 24h --to 48h
templates autumn_sale
numbers --business 104455667788
backup --to {dir}/file --address {admin}
backup --to {dir}/new.backup --keep 14
backup --to {dir} --keep 0
backup --to {dir} --keep all
`

// part is a file that is being written, which has another name each time.
var part = regexp.MustCompile(`\.\d+\.part`)

// TestMistakes: each mistake on the command line is told of on standard error, in a
// sentence that says what to do, with the exit code of its kind, and prints no data.
func TestMistakes(t *testing.T) {
	var strangers bytes.Buffer
	heard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(&strangers, r.RequestURI, string(body))
		io.WriteString(w, `{"status":"ok"}`)
	})
	json, plain := httptest.NewServer(heard), httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(json.Close)
	t.Cleanup(plain.Close)
	g := gatewaytest.Start(t, gatewaytest.Options{Upstream: json.URL, WhatsApp: "business 104455667788 {\nname \"Example Shop\"\n}"})
	dir := t.TempDir()
	for name, text := range map[string]string{"file": "no backup, and far too short to be one", "broken.json": "{"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(adminVariable, gatewaytest.FreeAddr(t))
	places := [][2]string{
		{"{admin}", g.Admin},
		{"{senders}", g.Addr},
		{"{json}", json.Listener.Addr().String()},
		{"{caddy}", plain.Listener.Addr().String()},
		{"{closed}", gatewaytest.FreeAddr(t)},
		{"{dir}", dir},
	}
	var there, back []string
	for _, place := range places {
		there = append(there, place[0], place[1])
		back = append(back, place[1], place[0])
	}
	var said strings.Builder
	said.WriteString(strings.TrimSpace(`
What commands say about mistakes. Regenerate with
  go test ./command -run TestMistakes -update
and read what has changed as the person who made the mistake.`) + "\n")
	n := 0
	for line := range strings.Lines(mistakes) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			if line != "" {
				said.WriteString("\n" + line + "\n")
			}
			continue
		}
		n++
		out, errs, code := waguard(t, strings.Fields(strings.NewReplacer(there...).Replace(line))...)
		text := part.ReplaceAllString(strings.NewReplacer(back...).Replace(errs), ".part")
		fmt.Fprintf(&said, "\n$ waguard %s\n%s(exit %d)\n", line, text, code)
		switch {
		case code == 0:
			t.Errorf("waguard %s: exit code 0", line)
		case out != "":
			t.Errorf("waguard %s prints %q", line, out)
		case !strings.HasPrefix(errs, "Error: ") || strings.Count(errs, "Error:") > 1 || strings.ContainsAny(errs, "{}") && !strings.Contains(line, "{"):
			t.Errorf("waguard %s says %q", line, errs)
		case strings.Contains(errs, "15112345678"):
			t.Errorf("waguard %s repeats a number: %s", line, errs)
		}
	}
	if n < 60 {
		t.Errorf("there are %d mistakes", n)
	}
	if strings.Contains(strangers.String(), "15112345678") {
		t.Errorf("a server that is no gateway heard of a person:\n%s", strangers.String())
	}
	golden(t, "mistakes.txt", said.String())
}

// waguard runs the program with words, and tells what it printed and its exit code.
func waguard(t testing.TB, words ...string) (out, errs string, code int) {
	t.Helper()
	root := Root()
	var stdout, stderr bytes.Buffer
	root.SetArgs(words)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetIn(strings.NewReader(""))
	err := root.Execute()
	return stdout.String(), stderr.String(), ExitCode(err)
}

// golden compares text with a file of testdata.
func golden(t testing.TB, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s has changed; look at the difference after -update. Now:\n%s", file, text)
	}
}
