// Package export is what leaves the gateway for other machines to work on: rows of the ledger
// and of the bill, what their columns mean, and how they are written as CSV, JSON Lines and
// Parquet. A column that a version has keeps its name, type and meaning in later ones; see
// docs/reference/export.md.
package export
