// Package phone knows phone numbers: how people and programs write them, which
// numbers a country has, and which spellings are one line.
//
// It asks nobody and decides nothing: a number that can be read in two ways has
// two readings. Its errors say how to write a number and quote nothing of it.
package phone
