package graphsim_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/waguard/waguard/graphsim"
)

// A user writes, the window opens, and closes a day later.
func Example() {
	now := time.Date(2026, time.October, 5, 9, 0, 0, 0, time.UTC)
	sim := graphsim.New(graphsim.Options{Clock: func() time.Time { return now }})
	defer sim.Close()
	api := httptest.NewServer(sim) // the base URL for the sender
	defer api.Close()

	number := sim.Numbers()[0].ID
	user := graphsim.User{Phone: "+49 1511 2345678", Name: "Ana"}
	if _, err := sim.Inbound(context.Background(), number, user, graphsim.Text("Hello")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sim.WindowEnd(number, user).Format(time.RFC3339))
	// Output: 2026-10-06T09:00:00Z
}

// A webhook made by hand, to be delivered by any client.
func ExampleSim_InboundUpdate() {
	sim := graphsim.New(graphsim.Options{Clock: func() time.Time { return time.Unix(1759399990, 0) }})
	defer sim.Close()
	update, err := sim.InboundUpdate(sim.Numbers()[0].ID, graphsim.User{Phone: "+4915112345678"}, graphsim.Text("STOP"))
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := sim.Payload(update)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(graphsim.Sign("app secret", body)))
	// Output: 71
}
