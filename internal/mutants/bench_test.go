package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const toys = `
mutant killed
lacks x
threat x
file purse.go
- if n > p.coins {
+ if n > 1000 {
test . TestPurseGives
test . TestPurseNeverOwes

mutant survivor
lacks the cover of its debts
threat x
file purse.go
- if n > p.coins {
+ if n > 1000 {
test . TestPurseGives

mutant broken
lacks x
threat x
file purse.go
- return true
+ return 1
test . TestPurseGives

mutant moved
lacks x
threat x
file purse.go
- return maybe
+ return true
test . TestPurseGives

mutant void
lacks x
threat x
file purse.go
- if n > p.coins {
+ if n > 1000 {
test . TestPurseIsRed

mutant panics
lacks x
threat x
file purse.go
- if n > p.coins {
+ if n > p.coins {
+ panic("no coins")
test . TestPurseNeverOwes

mutant expected-panic
lacks x
threat x
file purse.go
- if n > p.coins {
+ if n > p.coins {
+ panic("no coins")
test . TestPurseNeverOwes => ^panic: no coins

mutant for-ever
lacks x
threat x
file purse.go
- if n > p.coins {
+ for n > p.coins {
+ }
+ if n > p.coins {
test . TestPurseNeverOwes
`

// TestBenchTellsTheKilledFromTheRest runs the whole command on a module of its own.
func TestBenchTellsTheKilledFromTheRest(t *testing.T) {
	list, err := parse("toys", toys)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("testdata/toy")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	b := &bench{root: root, scratch: t.TempDir(), timeout: 2 * time.Second}
	err = play(t.Context(), b, list, 2, &out)
	for name, want := range map[string]string{
		"killed":         "killed TestPurseNeverOwes: got -2 coins, want 3",
		"survivor":       "SURVIVED without: the cover of its debts",
		"broken":         "BROKEN TestPurseGives: it does not compile: ",
		"moved":          `BROKEN mutant moved: purse.go has changed: nowhere does it say "return maybe"`,
		"void":           "VOID TestPurseIsRed: on the source as it stands: got no colour, want red",
		"panics":         "WRONG TestPurseNeverOwes: panic: no coins",
		"expected-panic": "killed TestPurseNeverOwes: panic: no coins",
		"for-ever":       "WRONG TestPurseNeverOwes: panic: test timed out after 2s",
	} {
		got := ""
		for line := range strings.Lines(out.String()) {
			f := strings.Fields(line)
			if len(f) > 4 && f[2] == name {
				got = f[0] + " " + strings.Join(f[4:], " ")
			}
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(out.String(), "2/8 killed") || err == nil || !strings.Contains(err.Error(), "survivor") || strings.Contains(err.Error(), "expected-panic") {
		t.Errorf("got %v and\n%s", err, out.String())
	}
}
