package lambda

import "syscall"

// childAttributes keep a child out of the terminal's process group, so that
// Ctrl-C reaches the devserver alone, and end it when the devserver dies.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
