// Package adminapi holds the requests and answers of the gateway's admin
// endpoint, and a client for it. The routes, the commands and whoever else talks
// to a running gateway use the same ones, so that what one writes the other reads.
//
// It knows neither the server nor what the answers are made of. What names a
// person is in the body of a POST, since the path and query of every admin request
// are logged.
package adminapi
