// Package identity reads the names that the Cloud API has for people and groups
// as identities of package policy: phone numbers, user ids, group ids. Sends,
// answers, webhooks and operators name people alike, so each is read in one place.
package identity
