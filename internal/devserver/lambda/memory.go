package lambda

import "time"

// Process is a process as the state page shows it.
type Process struct {
	PID    int       `json:"pid"`
	State  string    `json:"state"` // starting, idle, busy, answered, stopping
	Since  time.Time `json:"since"`
	Events int       `json:"events"`     // that it was given
	Peak   int64     `json:"peak_bytes"` // the most memory that was resident; 0 = not known here
}

// Processes lists the processes of all functions, by logical id, as they are at one
// moment.
func (h *Host) Processes() map[string][]Process {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string][]Process{}
	for _, f := range h.functions {
		list := []Process{}
		for _, p := range f.processes {
			p.measure()
			list = append(list, Process{p.pid, p.state.String(), p.since, p.events, p.peak.Load()})
		}
		out[f.config.ID] = list
	}
	return out
}

// Measure looks at the memory of the function's processes now. Call it before one of
// them dies by itself.
func (f *Function) Measure() {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	for _, p := range f.processes {
		p.measure()
	}
}

// Peak is the most memory, in bytes, that was resident in one process of the function,
// those that have ended included; 0 where the system does not tell it. A process that
// dies during an invocation was looked at before that, so what it took in its last
// moments shows only if it is more than what the devserver itself has taken.
func (f *Function) Peak() int64 { return f.peak.Load() }

// lookEvery is how long a measurement is good for between two events.
const lookEvery = 100 * time.Millisecond

// measureNow measures if the last time was long ago.
func (p *process) measureNow(now time.Time) {
	if now.UnixNano()-p.looked.Load() > int64(lookEvery) {
		p.looked.Store(now.UnixNano())
		p.measure()
	}
}

// measure looks at the resident memory of the process, if it runs.
func (p *process) measure() {
	if cmd := p.cmd.Load(); cmd != nil {
		p.grew(residentPeak(cmd.Process.Pid))
	}
}

// measureEnd takes what the system tells of a process that has ended. A process counts
// from its fork on, so its peak begins with that of the devserver; the system counts
// pages roughly while several CPUs take them, hence the margin.
func (p *process) measureEnd() {
	if peak := endedPeak(p.cmd.Load().ProcessState); peak > p.inherited+p.inherited/8 {
		p.grew(peak)
	}
}

func (p *process) grew(peak int64) {
	if peak > p.peak.Load() {
		p.peak.Store(peak)
	}
	for was := p.fn.peak.Load(); peak > was; was = p.fn.peak.Load() {
		if p.fn.peak.CompareAndSwap(was, peak) {
			return
		}
	}
}
