//go:build !linux

package lambda

import "os"

// residentPeak is 0: this system does not tell it.
func residentPeak(int) int64 { return 0 }

// endedPeak is 0, so that peaks are either all told or not at all.
func endedPeak(*os.ProcessState) int64 { return 0 }
