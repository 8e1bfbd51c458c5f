// Package cluster holds the files of an example cluster: two gateways that share a
// PostgreSQL with a synchronous standby. They are what package clustertest starts.
package cluster

import "embed"

// Files are those of this directory, by name.
//
//go:embed Caddyfile bootstrap-database etcd.env haproxy.cfg patroni.yml pgbouncer.ini
var Files embed.FS
