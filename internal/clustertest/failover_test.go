//go:build failover

package clustertest

import "testing"

// Twenty kills, one after the other, of PostgreSQL alone and of whole nodes by turns. It
// takes some 20 minutes:
//
//	go test -tags failover -run TestManyFailovers -timeout 1h -v ./internal/clustertest
func TestManyFailovers(t *testing.T) {
	load := startLoad(t, StartCluster(t, Options{}))
	for n := range 20 {
		load.killPrimary([]Part{PostgresAlone, WholeNode}[n%2])
	}
	load.check()
}
