package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// events writes lines as "go test -json" does: "action", "action Test" or
// "Test: output".
func events(lines ...string) []byte {
	var out strings.Builder
	for _, l := range lines {
		var e event
		if test, text, ok := strings.Cut(l, ": "); ok {
			e = event{Action: "output", Test: test, Output: text + "\n"}
		} else {
			e.Action, e.Test, _ = strings.Cut(l, " ")
		}
		b, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		out.Write(append(b, '\n'))
	}
	return []byte(out.String())
}

func TestKillerIsJudgedByWhatItSays(t *testing.T) {
	expect := func(text string) *regexp.Regexp {
		if text == "" {
			return nil
		}
		return regexp.MustCompile(text)
	}
	fails := []string{"run TestA", "TestA:     a_test.go:7: a note", "TestA:     a_test.go:9: got 3, want 2", "TestA:         and more", "fail TestA", "fail"}
	for _, c := range []struct {
		name, expect string
		out          []byte
		want         Verdict
		figure       string
	}{
		{"passes", "", events("run TestA", "pass TestA", "pass"), Passed, ""},
		{"names a figure", "", events(fails...), Killed, "got 3, want 2 and more"},
		{"says what is expected", "a note", events(fails...), Killed, "a note"},
		{"says something else", "4", events(fails...), Wrong, "a note"},
		{"fails in a subtest", "", events("run TestA", "TestA/sub:         a_test.go:9: got 1", "fail TestA/sub", "fail TestA"), Killed, "got 1"},
		{"fails in silence", "", events("run TestA", "fail TestA", "fail"), Wrong, "the test failed without a word"},
		{"panics", "", events("run TestA", "TestA: panic: boom", "fail TestA", "fail"), Wrong, "panic: boom"},
		{"panics as expected", "^panic: boom", events("run TestA", "TestA: panic: boom", "fail TestA", "fail"), Killed, "panic: boom"},
		{"runs out of time", "", events("run TestA", "TestA: panic: test timed out after 1s", "fail"), Wrong, "panic: test timed out after 1s"},
		{"is left out", "", events("run TestA", "skip TestA", "pass"), Wrong, "the test was left out"},
		{"is not there", "", events(": testing: warning: no tests to run", "pass"), Wrong, "the test did not run: testing: warning: no tests to run"},
		{"does not run", "", []byte("go: no such tool\n"), Wrong, "the test did not run: go: no such tool"},
		{"does not compile", "", []byte(`{"Action":"build-output","Output":"# a\n"}
{"Action":"build-output","Output":"a.go:3:1: undefined: x\n"}
{"Action":"build-fail"}
{"Action":"fail","FailedBuild":"a"}`), Broken, "it does not compile: a.go:3:1: undefined: x"},
	} {
		got := judgeTest(c.out, []Killer{{Package: "a", Test: "TestA", Expect: expect(c.expect)}})["TestA"]
		if got.Verdict != c.want || got.Figure != c.figure {
			t.Errorf("%s: got %s %q, want %s %q", c.name, got.Verdict, got.Figure, c.want, c.figure)
		}
	}
}

func TestChaosRunKillsByItsPromiseOnly(t *testing.T) {
	k := Killer{Chaos: []string{"-x"}, Expect: regexp.MustCompile("duplicate")}
	const report = "seed 1, 5 events: lost 1\n"
	for _, c := range []struct {
		name, out string
		failed    bool
		want      Outcome
	}{
		{"holds", report, false, Outcome{Verdict: Passed}},
		{"breaks it", report + "broken promise: lost: got 1, want 0\nbroken promise: duplicate sends: got 7, want 0\n", true, Outcome{Killed, "duplicate sends: got 7, want 0"}},
		{"breaks another", report + "broken promise: lost: got 1, want 0\n2 promises were broken", true, Outcome{Wrong, "lost: got 1, want 0"}},
		{"does not start", "stack: build the devserver\nduplicate case", true, Outcome{Wrong, "duplicate case"}},
		{"says nothing", "", true, Outcome{Wrong, ""}},
	} {
		if got := judgeChaos(c.out, c.failed, k); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
