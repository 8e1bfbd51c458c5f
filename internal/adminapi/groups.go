package adminapi

import "time"

// GroupSelection is what the routes that count sends take.
type GroupSelection struct {
	By string `json:"by"`
	Selection
}

// Groups counts the sends of a period, and of the one of equal length before it.
type Groups struct {
	By     string    `json:"by"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Groups []Group   `json:"groups"`
	Total  Group     `json:"total"`
}

// Group is one line of it: how many now, how many before.
type Group struct {
	Key    string `json:"key"`
	Count  int    `json:"count"`
	Before int    `json:"before"`
}
