// Package canary looks for secrets and for customers' words where they must not be:
// it runs a local stack of the real binaries, lets customers, platforms, members,
// programs and faults do what they do, and then searches tables, logs, metrics, answers,
// listings, environments, queues, buckets and events for the credentials, names, numbers
// and texts that went in.
package canary
