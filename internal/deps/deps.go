// Package deps pins modules until their users exist.
package deps

import (
	_ "github.com/dgraph-io/badger/v4"
	_ "github.com/fxamacker/cbor/v2"
	_ "github.com/google/uuid"
	_ "github.com/hashicorp/golang-lru/v2"
	_ "github.com/nyaruka/phonenumbers"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/spf13/cobra"
	_ "github.com/tidwall/gjson"
	_ "go.uber.org/zap"
	_ "golang.org/x/text/unicode/norm"
	_ "pgregory.net/rapid"
	_ "github.com/caddyserver/caddy/v2/caddytest"
)
