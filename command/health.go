package command

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func init() {
	register(definition{
		name:  "health",
		usage: "[--url <url>]",
		short: "Asks a gateway's health route whether it is ready",
		long: `
Asks the health route of a gateway, which is whatsapp_health in its configuration,
as a container's health check does, and prints what it answers.

The exit code is 0 if the gateway is ready or degraded, 5 if it is not, and 3 where
nobody answered, or what answered is no health route.`,
		example: `
waguard health
waguard health --url http://127.0.0.1:8081/health/live`,
		shape: func(cmd *cobra.Command) {
			cmd.Flags().String("url", "http://127.0.0.1:8081/health/ready", "The `address` of the health route")
			doing(cmd, func(ctx context.Context, c *call) error { return askHealth(ctx, c, c.flags.String("url")) })
		},
	})
}

// healthPatience is how long the route may take to answer.
const healthPatience = 3 * time.Second

func askHealth(ctx context.Context, c *call, address string) error {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return misused("--url is %q; it must be an address such as http://127.0.0.1:8081/health/ready", address)
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r) // #nosec G704 -- the operator names the address
	if err != nil {
		return unreached("no answer: %w; does the gateway run, and has its configuration whatsapp_health at that address?", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return unreached("reading the answer of %s: %w", address, err)
	}
	var told struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &told) != nil || told.Status == "" {
		return unreached("what answers at %s is no health route of waguard: %s", address, resp.Status)
	}
	if _, err := c.out.Write(printedJSON(body)); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &finding{"the gateway is " + told.Status}
	}
	return nil
}
