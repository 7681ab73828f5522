package stack

import "syscall"

// attributes give the devserver a process group of its own, and end it when the
// process that started it dies.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
