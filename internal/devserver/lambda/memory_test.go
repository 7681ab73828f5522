package lambda

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

func TestPeakShowsWhatAProcessTook(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this system does not tell the resident peak")
	}
	h, _ := host(t)
	f := h.Add(config("Act"))
	invoke(f, `{"do":"stream"}`)
	small := h.Processes()["Act"][0].Peak
	const more = 64 << 20
	if small < 1<<20 || small > more {
		t.Errorf("peak of a small process: got %d bytes, want some megabytes", small)
	}
	invoke(f, fmt.Sprintf(`{"do":"grow","bytes":%d}`, more))
	if got := h.Processes()["Act"][0].Peak; got < more || got > 2*more {
		t.Errorf("peak after growth: got %d bytes, want about %d", got, more)
	}
	f.Kill()
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
	if got := f.Peak(); got < more || got > 2*more {
		t.Errorf("peak of the function: got %d bytes, want that of the process that died, about %d", got, more)
	}
}

func TestPeakShowsWhatADyingProcessTook(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this system does not tell the resident peak")
	}
	h, _ := host(t)
	f := h.Add(config("Act"))
	more := int(2*residentPeak(os.Getpid())) + 64<<20
	wantFailure(t, invoke(f, fmt.Sprintf(`{"do":"grow","text":"and die","bytes":%d}`, more)), Crashed, "Runtime.ExitError", "exit status 7")
	if got := int(f.Peak()); got < more || got > 2*more {
		t.Errorf("peak: got %d bytes, want about %d", got, more)
	}
	if got := residentPeak(1 << 30); got != 0 {
		t.Errorf("no such process: got %d, want 0", got)
	}
}

func TestPeakIsNotTheDevservers(t *testing.T) {
	held := make([]byte, 200<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	h, _ := host(t)
	f := h.Add(config("Act"))
	invoke(f, `{"do":"exit"}`)
	if got := f.Peak(); got > 100<<20 {
		t.Errorf("peak of a small process: got %d bytes, want it without the %d of its parent", got, len(held))
	}
	runtime.KeepAlive(held)
}
