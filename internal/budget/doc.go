// Package budget counts what each event costs in AWS calls and capacity units, by
// the real binaries in a local stack, and holds the counts against a golden file.
package budget
