package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/waguard/waguard/caddymodule" // under test
)

var update = flag.Bool("update", false, "rewrite what the files in testdata/adapt expect")

// TestAdapt adapts the Caddyfile of each file in testdata/adapt and compares the
// JSON, or the error, with what stands below its line of dashes.
func TestAdapt(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no files in testdata/adapt", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, ok := strings.Cut(string(content), "----------\n")
			if !ok {
				t.Fatal("there is no line of ten dashes")
			}
			if formatted := caddyfile.Format([]byte(input)); !bytes.Equal(bytes.TrimSpace(formatted), []byte(strings.TrimSpace(input))) {
				t.Errorf("the Caddyfile is not formatted; it should be\n%s", formatted)
			}
			got := adapt(t, input)
			if *update {
				if err := os.WriteFile(file, []byte(input+"----------\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// adapt is the JSON of the apps in a Caddyfile, or why it has none.
func adapt(t *testing.T, input string) string {
	t.Helper()
	adapted, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err.Error() + "\n"
	}
	for _, w := range warnings {
		t.Errorf("a warning: %s", w)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, adapted, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// TestProvisionErrors: what the Caddyfile can't say or can't know is found when
// the configuration is provisioned, and nothing is opened.
func TestProvisionErrors(t *testing.T) {
	const (
		guard   = `"apps":{"http":{"servers":{"s":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"whatsapp_guard"`
		webhook = `"apps":{"http":{"servers":{"s":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"whatsapp_webhook"`
		end     = `},{"handler":"static_response"}]}]}}}`
	)
	t.Setenv("HOSTNAME_OF_TEST", "graph.facebook.com")
	t.Setenv("KEY_OF_TEST", strings.Repeat("0f", 32))
	t.Setenv("ADDRESS_OF_TEST", "postgres://waguard:s3cr%et@127.0.0.1:1/x")
	dir := filepath.Join(t.TempDir(), "store")
	app := func(fields string) string { return `{"admin":{"disabled":true},"apps":{"whatsapp":{` + fields + `}}}` }
	with := func(handler, fields string) string {
		return `{"admin":{"disabled":true},` + handler + fields + end + `,"whatsapp":{"store":{"module":"badger","path":"` + dir + `"}}}}`
	}
	database := func(fields string) string {
		return app(`"store":{"module":"postgres","dsn":"postgres://waguard@127.0.0.1:1/x","pseudonym_key":"{env.KEY_OF_TEST}"` + fields + `}`)
	}
	for name, test := range map[string]struct{ config, want string }{
		"good":                      {with(guard, ""), ""},
		"guard/no-app":              {`{"admin":{"disabled":true},` + guard + end + `}}`, "need a `whatsapp` block in the global options"},
		"guard/dialect":             {with(guard, `,"dialect":"telegram"`), `dialect is "telegram"; it must be cloud, 360dialog or on_premises`},
		"guard/number-missing":      {with(guard, `,"dialect":"360dialog"`), "the dialect 360dialog needs `phone_number_id <id>`"},
		"guard/number-too-much":     {with(guard, `,"phone_number_id":"1"`), "in the Cloud API the path names the number"},
		"guard/body":                {with(guard, `,"max_body":-1`), "max_body is -1"},
		"guard/timeout":             {with(guard, `,"send_timeout":-1`), "send_timeout is -1ns"},
		"guard/upstream":            {with(guard, `,"upstream":{"url":"https://graph.facebook.com"}`), ""},
		"guard/upstream-http":       {with(guard, `,"upstream":{"url":"http://127.0.0.1:9","dial_timeout":1000000000,"max_connections":1}`), ""},
		"guard/upstream-none":       {with(guard, `,"upstream":{}`), "upstream is empty"},
		"guard/upstream-path":       {with(guard, `,"upstream":{"url":"https://graph.facebook.com/v25.0"},"caddyfile_line":"Caddyfile:7"`), "the path /v25.0 would not be used, since requests keep theirs: write scheme and host alone, such as https://graph.facebook.com, at Caddyfile:7"},
		"guard/upstream-is-unset":   {with(guard, `,"upstream":{"url":"{env.WAGUARD_TEST_NOT_SET}"},"caddyfile_line":"Caddyfile:7"`), "upstream: {env.WAGUARD_TEST_NOT_SET} has no value when the gateway starts: set the variable, or write it without a placeholder, at Caddyfile:7"},
		"guard/upstream-is-set":     {with(guard, `,"upstream":{"url":"https://{env.HOSTNAME_OF_TEST}"}`), ""},
		"guard/upstream-dial":       {with(guard, `,"upstream":{"url":"https://graph.facebook.com","dial_timeout":-1}`), "dial_timeout is -1ns"},
		"guard/upstream-most":       {with(guard, `,"upstream":{"url":"https://graph.facebook.com","max_connections":-1}`), "max_connections is -1"},
		"guard/upstream-trust":      {with(guard, `,"upstream":{"url":"https://graph.facebook.com","trust":"/nowhere/ca.pem"}`), "trust: reading the certificates: open /nowhere/ca.pem"},
		"guard/upstream-trust-none": {with(guard, `,"upstream":{"url":"https://graph.facebook.com","trust":"adapt_test.go"}`), "there is no certificate in PEM in it"},
		"guard/upstream-trust-http": {with(guard, `,"upstream":{"url":"http://graph.facebook.com","trust":"adapt_test.go"}`), "trust is for an upstream with https://"},
		"guard/upstream-header":     {with(guard, `,"upstream":{"url":"https://graph.facebook.com","header_up":{"replace":{"X":[{"search_regexp":"("}]}}}`), "header_up: replacement 0 for header field 'X'"},
		"guard/senders":             {with(guard, `,"senders":{"token_sha256":["EAAG"]}`), "senders token_sha256 has 64 hexadecimal digits"},
		"guard/senders-none":        {with(guard, `,"senders":{}`), "nobody could send"},
		"guard/unknown-field":       {with(guard, `,"polices":{}`), `unknown field "polices"`},
		"webhook/no-app":            {`{"admin":{"disabled":true},` + webhook + `,"app_secrets":["a"],"verify_token":"v"` + end + `}}`, "need a `whatsapp` block in the global options"},
		"webhook/secret":            {with(webhook, `,"verify_token":"v"`), "app_secret is missing"},
		"webhook/secrets":           {with(webhook, `,"app_secrets":["a","b","c"],"verify_token":"v"`), ""},
		"webhook/open":              {with(webhook, ``), "use `auth header`, `auth basic`, `auth path` or `auth turn`"},
		"webhook/no-ways":           {with(webhook, `,"auth":[]`), "app_secret is missing"},
		"webhook/auth":              {with(webhook, `,"auth":[{"method":"turn","secret":"s"}]`), ""},
		"webhook/auth-method":       {with(webhook, `,"auth":[{"method":"none"}]`), `auth is "none"; it must be header, basic, path or turn`},
		"webhook/auth-secret":       {with(webhook, `,"auth":[{"method":"header","name":"X-Key"}]`), "auth header has no secret"},
		"webhook/auth-header":       {with(webhook, `,"auth":[{"method":"header","name":"X Key","secret":"s"}]`), `auth header needs the header's name, and "X Key" is none`},
		"webhook/auth-our-header":   {with(webhook, `,"auth":[{"method":"header","name":"x-waguard-key","secret":"s"}]`), "removed from every request"},
		"webhook/auth-user":         {with(webhook, `,"auth":[{"method":"basic","secret":"s"}]`), "auth basic needs a user name"},
		"webhook/auth-name":         {with(webhook, `,"auth":[{"method":"turn","name":"x","secret":"s"}]`), "auth turn has no name"},
		"webhook/auth-path":         {with(webhook, `,"auth":[{"method":"path","secret":"a/b"}]`), "it is a part of an address"},
		"webhook/auth-is-unset":     {with(webhook, `,"auth":[{"method":"path","secret":"{env.WAGUARD_TEST_NOT_SET}"}]`), ""},
		"webhook/dialect":           {with(webhook, `,"app_secrets":["a"],"verify_token":"v","dialect":"telegram"`), `dialect is "telegram"; it must be cloud, 360dialog or on_premises`},
		"webhook/number-missing":    {with(webhook, `,"app_secrets":["a"],"verify_token":"v","dialect":"on_premises"`), "the dialect on_premises needs `phone_number_id <id>`"},
		"webhook/number-too-much":   {with(webhook, `,"app_secrets":["a"],"verify_token":"v","phone_number_id":"1"`), "each delivery names the number"},
		"webhook/token":             {with(webhook, `,"app_secrets":["a"]`), "verify_token is missing"},
		"webhook/variable-is-unset": {with(webhook, `,"app_secrets":["{env.WAGUARD_TEST_NOT_SET}"],"verify_token":"{env.WAGUARD_TEST_NOT_SET}"`), ""},
		"app/unknown-field":         {app(`"bussinesses":[]`), `unknown field "bussinesses"`},
		"app/store":                 {app(`"store":{"module":"sqlite"}`), "whatsapp.stores.sqlite"},
		"app/clock":                 {app(`"clock":{"module":"sundial"}`), "whatsapp.clocks.sundial"},
		"app/log-contacts":          {app(`"log_contacts":"all"`), `log_contacts is "all"; it must be pseudonym, masked or clear`},
		"app/two-of-one-number":     {app(`"businesses":[{"phone_number_id":"1"},{"phone_number_id":"1"}]`), "business 1 is configured twice"},
		"app/two-of-all-numbers":    {app(`"businesses":[{"phone_number_id":"*"},{"phone_number_id":"*"}]`), "business * is configured twice"},
		"app/number-id-missing":     {app(`"businesses":[{"name":"Shop"}]`), "phone_number_id is missing"},
		"app/number-id":             {app(`"businesses":[{"phone_number_id":"+49 30 555123"}]`), "a phone number id consists of digits"},
		"app/number-of-all":         {app(`"businesses":[{"phone_number_id":"*","number":"+4930555123"}]`), "number and waba belong to one business phone number"},
		"app/number":                {app(`"businesses":[{"phone_number_id":"1","number":"030 555123"}]`), `number "030 555123" is not a phone number with plus and country code`},
		"app/mode":                  {app(`"businesses":[{"phone_number_id":"1","mode":"off"}]`), `mode is "off"; it must be enforce or monitor`},
		"app/margin":                {app(`"policy":{"window_margin":"24h"}`), "window_margin is 24h0m0s; it must be at least 0s and less than 24h"},
		"app/groups":                {app(`"policy":{"groups":"some"}`), `groups is "some"; it must be allow or refuse`},
		"app/words-mean":            {app(`"words":[{"means":"maybe","scope":"all","words":["x"]}]`), `words mean "maybe"; it must be opt_in, opt_out, suspected or ignored`},
		"app/words-taken-scope":     {app(`"words":[{"means":"ignored","scope":"all","words":["x"]}]`), "ignored_words: they have no scope"},
		"app/words-taken-payloads":  {app(`"words":[{"means":"suspected","payloads":["x"]}]`), "suspected_words: payloads mean only what is configured"},
		"app/words-taken-none":      {app(`"words":[{"means":"suspected"}]`), "suspected_words: there are none"},
		"app/words-taken-stop":      {app(`"words":[{"means":"ignored","words":["STOP!"]}]`), `"STOP!" opts out everywhere`},
		"app/words-taken-and-named": {app(`"words":[{"means":"opt_out","scope":"all","words":["ENOUGH"]},{"means":"ignored","words":["enough"]}]`), `"enough" is named to mean something`},
		"app/words-scope":           {app(`"words":[{"means":"opt_in","scope":"some","words":["x"]}]`), `opt_in_words are for "some"`},
		"app/words-none":            {app(`"words":[{"means":"opt_in","scope":"all"}]`), "neither words nor payloads"},
		"app/payload-empty":         {app(`"words":[{"means":"opt_in","scope":"all","payloads":[""]}]`), "opt_in_payloads: a payload is empty"},
		"app/words-empty":           {app(`"words":[{"means":"opt_in","scope":"all","words":["!"]}]`), "has no letters or digits to compare"},
		"store/retention":           {app(`"store":{"module":"badger","ledger_retention":-1}`), "ledger_retention is -1ns; it must not be negative"},
		"postgres":                  {database(""), ""}, // nobody listens there
		"postgres/migrate":          {database(`,"auto_migrate":"yes"`), `auto_migrate is "yes"; it must be on or off`},
		"postgres/statements":       {database(`,"statements":"simple"`), `statements is "simple"; it must be prepared or unprepared`},
		"postgres/pool":             {database(`,"pool_size":-1`), "pool_size is -1; it must be a number from 2 to 1000"},
		"postgres/timeout":          {database(`,"timeout":1000000`), "timeout is 1ms; it must be a duration from 100ms to 1m0s"},
		"postgres/retention":        {database(`,"violation_retention":-1`), "violation_retention is -1ns; it must not be negative"},
		"postgres/origin":           {database(`,"audit_origin":"a b"`), `audit_origin is "a b"`},
		"postgres/field":            {database(`,"witness":"/x"`), `unknown field "witness"`},
		"postgres/nothing":          {app(`"store":{"module":"postgres"}`), "the address of the database is missing"},
		"postgres/no-key":           {app(`"store":{"module":"postgres","dsn":"host=db1"}`), "pseudonym_key is missing"},
		"postgres/key":              {app(`"store":{"module":"postgres","dsn":"host=db1","pseudonym_key":"` + strings.Repeat("0f", 32) + `"}`), "pseudonym_key stands in the configuration"},
		"postgres/address":          {app(`"store":{"module":"postgres","dsn":"{env.ADDRESS_OF_TEST}","pseudonym_key":"{env.KEY_OF_TEST}","caddyfile_line":"Caddyfile:7"}`), "it is no URL such as postgres://<user>:<password>@<host>:<port>/<database>: in a password, write %40 for @, %2F for /, %3A for :, %3F for ?, %23 for # and %25 for %, at Caddyfile:7"},
		"store/path":                {app(`"store":{"module":"badger","path":"{env.WAGUARD_TEST_NOT_SET}/x"}`), "store path"},
	} {
		t.Run(name, func(t *testing.T) {
			var c caddy.Config
			if err := caddy.StrictUnmarshalJSON([]byte(test.config), &c); err != nil {
				t.Fatal(err)
			}
			err := caddy.Validate(&c)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Error("provisioning made the store's directory")
			}
		})
	}
}
