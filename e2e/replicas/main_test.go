// Package replicas shows that several gateways on one PostgreSQL keep every promise that
// one gateway keeps: processes as they ship, real HTTP, real servers.
//
// How often and how much is tried in a gate is little; flags ask for more:
//
//	go test ./e2e/replicas -rounds 50 -webhooks 10000 -failovers 20 -slow 1m -timeout 2h
package replicas

import (
	"context"
	"flag"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/waguard/waguard/internal/clustertest"
	"github.com/waguard/waguard/internal/gatewaytest"
	"github.com/waguard/waguard/internal/pgtest"
	"github.com/waguard/waguard/store/postgres"
)

var (
	rounds    = flag.Int("rounds", 1, "how often what happens at the same time is tried")
	webhooks  = flag.Int("webhooks", 2000, "how many webhooks are delivered, each twice")
	failovers = flag.Int("failovers", 1, "how often the database's primary is killed under load")
	slowFor   = flag.Duration("slow", time.Second, "how long a database is slow")
	seed      = flag.Uint64("seed", 0, "of what happens; 0 is another one each time")
)

func TestMain(m *testing.M) {
	pgtest.Main(m, pgtest.Options{Migrate: migrate, Run: gatewaytest.Run, Packages: append([]string{"iproute2"}, clustertest.Packages...)})
}

func migrate(ctx context.Context, dsn string) error {
	return postgres.Migrate(ctx, dsn, zap.NewNop())
}

// timeout is how long a gateway waits for its database if nothing is configured, and bound
// how long its answers then take on a machine that does much else.
const (
	timeout = 2 * time.Second
	bound   = timeout + 1500*time.Millisecond
)

// patience is how long something may take on a machine that does much else.
const patience = time.Minute
