package lambda

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// residentPeak is the most memory, in bytes, that was resident in a running process; 0
// if it does not run.
func residentPeak(pid int) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(status, []byte("\nVmHWM:"))
	number, _, kilo := bytes.Cut(rest, []byte(" kB\n"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(number)), 10, 64)
	if !found || !kilo || err != nil {
		return 0
	}
	return n << 10
}

// endedPeak is the same for a process that has ended, counted from its fork on.
func endedPeak(s *os.ProcessState) int64 {
	if usage, ok := s.SysUsage().(*syscall.Rusage); ok && usage != nil {
		return usage.Maxrss << 10
	}
	return 0
}
