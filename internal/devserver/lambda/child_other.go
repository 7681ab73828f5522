//go:build !linux

package lambda

import "syscall"

// childAttributes keep a child out of the terminal's process group, so that
// Ctrl-C reaches the devserver alone. When the devserver dies, a child ends by
// itself as soon as its Runtime API is gone.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
