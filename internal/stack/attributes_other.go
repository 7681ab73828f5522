//go:build !linux

package stack

import "syscall"

// attributes give the devserver a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
