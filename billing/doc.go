// Package billing says what sends count as on Meta's rate card and adds them up
// for reports. What a message costs in the end Meta decides: its pricing in the
// status webhook beats every estimate made here.
//
//   - A market is a country or a group of countries with one rate. The
//     recipient's calling code decides, not where the person is.
//   - Markets change on fixed days, so every question about one has a time.
//   - The package knows neither the store nor the network.
package billing
