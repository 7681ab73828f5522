// Package hub holds the nouns of Omnihub and their pure rules: ids, envelopes,
// messages, threads, homes, edges, facts and the closed list of error codes. It
// imports the standard library only and touches no network, clock or table.
package hub
