package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench runs killers against a module.
type bench struct {
	root    string        // of the module, absolute
	scratch string        // folder for what the runs need
	timeout time.Duration // of one killer
	chaos   string        // the program of the chaos runs, as the source has it
}

// chaosPackage is the command of the chaos runs.
const chaosPackage = "./internal/chaos/run"

// prepare builds the program of the chaos runs if one is asked for. It checks what
// the mutants do, so it is never one of them.
func (b *bench) prepare(ctx context.Context, killers []Killer) error {
	if !slices.ContainsFunc(killers, func(k Killer) bool { return k.Test == "" }) {
		return nil
	}
	b.chaos = filepath.Join(b.scratch, "chaos")
	cmd := b.command(ctx, "", "go", "build", "-o", b.chaos, chaosPackage)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mutants: build the chaos runs: %w\n%s", err, out)
	}
	return nil
}

// command is a program in the module's root. With an overlay every go command below
// it, down to the builds of the local stack, compiles the mutant. Who cancels ends
// all that the program has started.
func (b *bench) command(ctx context.Context, overlay, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.root
	cmd.Env = os.Environ()
	if overlay != "" {
		cmd.Env = append(cmd.Env, strings.TrimSpace("GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// control runs all killers on the source as it stands: those tests of a package at
// once. It answers the ones that do not pass, with what they said.
func (b *bench) control(ctx context.Context, killers []Killer) map[string]Outcome {
	byPackage := map[string][]Killer{}
	bad := map[string]Outcome{}
	note := func(k Killer, o Outcome) {
		if o.Verdict != Passed {
			bad[k.String()] = Outcome{Void, "on the source as it stands: " + o.Figure}
		}
	}
	for _, k := range killers {
		if k.Test == "" {
			note(k, b.run(ctx, "", k))
			continue
		}
		byPackage[k.Package] = append(byPackage[k.Package], k)
	}
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		for test, o := range b.tests(ctx, "", byPackage[pkg]) {
			note(Killer{Package: pkg, Test: test}, o)
		}
	}
	return bad
}

// run runs one killer.
func (b *bench) run(ctx context.Context, overlay string, k Killer) Outcome {
	if k.Test != "" {
		return b.tests(ctx, overlay, []Killer{k})[k.Test]
	}
	ctx, stop := context.WithTimeout(ctx, b.timeout)
	defer stop()
	out, err := b.command(ctx, overlay, b.chaos, k.Chaos...).CombinedOutput()
	return judgeChaos(string(out), err != nil, k)
}

// tests runs tests of one package.
func (b *bench) tests(ctx context.Context, overlay string, killers []Killer) map[string]Outcome {
	names := make([]string, len(killers))
	for i, k := range killers {
		names[i] = k.Test
	}
	ctx, stop := context.WithTimeout(ctx, b.timeout+time.Minute) // the builds count too
	defer stop()
	cmd := b.command(ctx, overlay, "go", "test", "-json", "-count=1", "-vet=off", "-timeout", b.timeout.String(),
		"-run", "^("+strings.Join(names, "|")+")$", "./"+killers[0].Package)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		out.Write(bad.Bytes()) // what the go command itself says is no event
	}
	return judgeTest(out.Bytes(), killers)
}

// produce makes a mutant and answers its overlay.
func (b *bench) produce(m Mutant) (string, error) {
	files, err := patched(b.root, m)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.scratch, m.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return overlay(dir, b.root, files)
}

// try makes a mutant and runs its killers until one kills it. Killers that do not
// pass on the source count for nothing.
func (b *bench) try(ctx context.Context, m Mutant, control map[string]Outcome) (by Killer, result Outcome) {
	over, err := b.produce(m)
	if err != nil {
		return Killer{}, Outcome{Broken, err.Error()}
	}
	worst := Outcome{Verdict: Survived}
	for _, k := range m.Killers {
		if o, bad := control[k.String()]; bad {
			by, worst = k, o
			continue
		}
		o := b.run(ctx, over, k)
		switch o.Verdict {
		case Killed, Broken:
			return k, o
		case Wrong:
			by, worst = k, o
		}
	}
	return by, worst
}
