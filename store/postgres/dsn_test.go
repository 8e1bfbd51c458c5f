package postgres

import (
	"strings"
	"testing"
)

// TestParseAddress: what is wrong with an address is said without its password.
func TestParseAddress(t *testing.T) {
	const secret = "s3cr"
	for _, env := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGSSLMODE", "PGSERVICE", "PGTARGETSESSIONATTRS"} {
		t.Setenv(env, "")
	}
	for dsn, want := range map[string]string{
		"postgres://waguard:s3cr@db1/w":                               "waguard@db1:5432/w",
		"postgresql://waguard:s3cr@db1,db2:6432/w?sslmode=require":    "waguard@db1:5432,db2:6432/w",
		"postgres://waguard@db1,db2/w?target_session_attrs=primary":   "waguard@db1:5432,db2:5432/w",
		"host=db1 user=waguard dbname=w password='s3cr et' port=5433": "waguard@db1:5433/w",
		"postgres://waguard@/w?host=/run/postgresql":                  "waguard@/run/postgresql/w",
		"postgres://waguard@[::1]:5432/w":                             "waguard@[::1]:5432/w",
		"postgres://waguard@db1":                                      "waguard@db1:5432/waguard",
		"":                                                            "it is empty",
		"  ":                                                          "it is empty",
		"db1":                                                         "it is neither a URL",
		"host=db1 password=s3cr et":                                   "it is neither a URL",
		"mysql://waguard:s3cr@db1/w":                                  "it begins with neither",
		"postgres://waguard:s3cr%zz@db1/w":                            "it is no URL",
		"postgres://waguard:s3cr@db1:70000/w":                         "a port is a number",
		"postgres://waguard:s3cr/x@db1:5432/w":                        "a port is a number",
		"postgres://waguard:s3cr@db1/w?sslmode=maybe":                 "sslmode must be",
		"postgres://waguard:s3cr@db1/w?sslrootcert=/not/there":        "unable to read CA file",
		"postgres://waguard:s3cr@db1/w?target_session_attrs=read":     "unknown target_session_attrs value",
		"postgres://waguard:s3cr@db1/w?target_session_attrs=standby":  "a gateway writes",
		"host=db1,db2 target_session_attrs = 'prefer-standby'":        "a gateway writes",
		"postgres://waguard:s3cr@db1/w?pool_max_conns=4":              "pool_max_conns is nothing a server knows",
		"postgres://waguard:s3cr@db1,db2:1,2,3/w":                     "",
		"postgres://waguard:s3cr@db1/w?connect_timeout=soon":          "invalid connect_timeout",
	} {
		a, err := ParseAddress(dsn)
		got := a.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) && !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", dsn, got, want)
		}
		if strings.Contains(got, secret) {
			t.Errorf("%s: the password is shown: %s", dsn, got)
		}
		if err == nil && a.Password != strings.Contains(dsn, secret) {
			t.Errorf("%s: it has a password: %v", dsn, a.Password)
		}
	}
}
