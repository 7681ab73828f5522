package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
)

// Verdict says what came of one killer, or of a mutant.
type Verdict string

const (
	Passed Verdict = "passed" // of a killer: it noticed nothing
	Killed Verdict = "killed" // it failed as it should

	Survived Verdict = "SURVIVED" // of a mutant: every killer passed
	// Wrong: a killer failed in a way that proves nothing.
	Wrong Verdict = "WRONG"
	// Broken: the mutant could not be made, or does not compile.
	Broken Verdict = "BROKEN"
	// Void: the killer fails on the source as it stands.
	Void Verdict = "VOID"
)

// Outcome is a verdict and the figure by which it fell: what the killer said.
type Outcome struct {
	Verdict Verdict
	Figure  string
}

// event is a line of "go test -json".
//
// https://pkg.go.dev/cmd/test2json
type event struct {
	Action, Test, Output, FailedBuild string
}

// message is what a test wrote by t.Error and its like: its file and line, and what
// it said.
var message = regexp.MustCompile(`^ +\w+\.go:\d+: (.*)$`)

// judgeTest reads the output of one run of "go test -json" for the named tests, and
// tells for each what came of it.
func judgeTest(out []byte, killers []Killer) map[string]Outcome {
	var (
		built  strings.Builder // what the compiler said
		bare   string          // what the go command said beside the tests
		failed = false
		ended  = map[string]string{}
		said   = map[string][]string{}
		panics = map[string]string{}
	)
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			bare = cmp.Or(bare, strings.TrimSpace(lines.Text()))
			continue
		}
		test, _, _ := strings.Cut(e.Test, "/")
		switch e.Action {
		case "build-output":
			if !strings.HasPrefix(e.Output, "# ") {
				built.WriteString(e.Output)
			}
		case "build-fail":
			failed = true
		case "pass", "fail", "skip":
			failed = failed || e.FailedBuild != ""
			if e.Test == test {
				ended[test] = e.Action
			}
		case "output":
			if text, ok := strings.CutPrefix(e.Output, "panic: "); ok && panics[test] == "" {
				panics[test] = "panic: " + strings.TrimSpace(text)
			}
			if test == "" && !strings.HasPrefix(e.Output, "PASS") {
				bare = cmp.Or(bare, strings.TrimSpace(e.Output))
			}
			said[test] = add(said[test], e.Output)
		}
	}
	result := map[string]Outcome{}
	for _, k := range killers {
		switch {
		case failed:
			result[k.Test] = Outcome{Broken, "it does not compile: " + first(built.String())}
		case ended[k.Test] == "pass":
			result[k.Test] = Outcome{Verdict: Passed}
		case ended[k.Test] == "skip":
			result[k.Test] = Outcome{Wrong, "the test was left out"}
		case panics[k.Test] != "":
			result[k.Test] = panicked(panics[k.Test], k.Expect)
		case ended[k.Test] == "fail":
			result[k.Test] = told(said[k.Test], k.Expect)
		default:
			result[k.Test] = Outcome{Wrong, "the test did not run: " + bare}
		}
	}
	return result
}

// add keeps the messages among the lines of a test's output; a line that is indented
// deeper goes on with the one before.
func add(said []string, output string) []string {
	line := strings.TrimRight(output, "\n")
	if m := message.FindStringSubmatch(line); m != nil {
		return append(said, m[1])
	}
	if more, ok := strings.CutPrefix(line, "        "); ok && len(said) > 0 {
		said[len(said)-1] += " " + strings.TrimSpace(more)
	}
	return said
}

// told judges a test that failed by what it said. With nothing expected it is the
// first message that names a figure, or else the first.
func told(said []string, expect *regexp.Regexp) Outcome {
	if len(said) == 0 {
		return Outcome{Wrong, "the test failed without a word"}
	}
	for _, text := range said {
		if expect != nil && expect.MatchString(text) || expect == nil && strings.Contains(text, "got ") {
			return Outcome{Killed, text}
		}
	}
	if expect != nil {
		return Outcome{Wrong, said[0]}
	}
	return Outcome{Killed, said[0]}
}

func panicked(figure string, expect *regexp.Regexp) Outcome {
	if expect != nil && expect.MatchString(figure) {
		return Outcome{Killed, figure}
	}
	return Outcome{Wrong, figure}
}

// brokenPromise begins the lines in which a chaos run names what did not hold.
const brokenPromise = "broken promise: "

// judgeChaos reads what a chaos run printed. Only the promise that should break
// counts: a stack that does not start proves nothing.
func judgeChaos(out string, failed bool, k Killer) Outcome {
	if !failed {
		return Outcome{Verdict: Passed}
	}
	figure := ""
	for line := range strings.Lines(out) {
		promise, ok := strings.CutPrefix(strings.TrimSpace(line), brokenPromise)
		switch {
		case ok && k.Expect.MatchString(promise):
			return Outcome{Killed, promise}
		case ok && figure == "":
			figure = promise
		}
	}
	if figure == "" {
		figure = last(out)
	}
	return Outcome{Wrong, figure}
}

func first(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func last(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}
