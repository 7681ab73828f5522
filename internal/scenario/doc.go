// Package scenario plays scripted scenarios of customers through the whole local stack and
// a real browser: the fake platforms deliver what a customer does, the functions' own
// programs take it, and headless Chromium opens what the customer would open. It has tests
// alone, which share one stack and one browser; the table played tells which of them plays
// what.
package scenario
