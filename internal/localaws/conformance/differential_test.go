package conformance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/smithy-go"
)

// The differential tests play the same operations, from one client and a seed,
// against the local cloud and a peer, and compare the answers. A difference of a
// kind that testdata/differences-<peer>.txt does not explain fails the test.
//
//	DIFFERENTIAL_SEED=1    the seed
//	DIFFERENTIAL_OPS=600   operations of each service
//	DIFFERENTIAL_TEXTS=1   also print errors of one code whose texts differ
//	DYNALITE=…/cli.js      dynalite, if it is not on PATH

// peer is another implementation that runs on this machine.
type peer struct {
	name    string
	cloud   *cloud
	command []string
	run     *exec.Cmd
}

// setting is a whole number of the environment.
func setting(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// peerNamed starts a peer on a free port; nil if it is not installed.
func peerNamed(t *testing.T, name string) *peer {
	t.Helper()
	path, port := "", freePort(t)
	p := &peer{name: name, cloud: &cloud{url: "http://127.0.0.1:" + port}}
	switch name {
	case "moto":
		path, _ = exec.LookPath("moto_server")
		p.command = []string{path, "-H", "127.0.0.1", "-p", port}
	case "dynalite":
		if path = os.Getenv("DYNALITE"); path == "" {
			path, _ = exec.LookPath("dynalite")
		}
		p.command = []string{path, "--host", "127.0.0.1", "--port", port, "--createTableMs", "0", "--deleteTableMs", "0"}
		if strings.HasSuffix(path, ".js") {
			p.command = append([]string{"node"}, p.command...)
		}
	}
	if path == "" {
		return nil
	}
	p.start(t)
	t.Cleanup(p.stop)
	return p
}

// start runs the peer and waits until it answers.
func (p *peer) start(t *testing.T) {
	t.Helper()
	p.run = exec.Command(p.command[0], p.command[1:]...)
	p.run.Env = append(os.Environ(), "MOTO_ACCOUNT_ID=000000000000")
	p.run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the command may be a script that starts the server
	if err := p.run.Start(); err != nil {
		t.Fatalf("%s does not start: %v", p.name, err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(p.cloud.url)
		if err == nil {
			answer.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", p.name, err)
		}
	}
}

func (p *peer) stop() {
	_ = syscall.Kill(-p.run.Process.Pid, syscall.SIGKILL)
	_ = p.run.Wait()
}

func freePort(t *testing.T) string {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// TestDifferential plays what each peer knows. Peers are not needed to develop the
// hub, so without one the test is skipped.
func TestDifferential(t *testing.T) {
	if os.Getenv("CONFORMANCE_ENDPOINT") != "" {
		t.Skip("compares the local cloud itself with peers")
	}
	if testing.Short() {
		t.Skip("plays thousands of operations")
	}
	ran := false
	for _, name := range []string{"moto", "dynalite"} {
		t.Run(name, func(t *testing.T) {
			p := peerNamed(t, name)
			if p == nil {
				t.Skipf("skipped: no %s", name)
			}
			ran = true
			local := newCloud(t)
			ops, seed := setting("DIFFERENTIAL_OPS", 600), setting("DIFFERENTIAL_SEED", 1)
			found := &findings{peer: name, texts: os.Getenv("DIFFERENTIAL_TEXTS") != ""}
			playDynamo(t, local, p, found, rand.New(rand.NewPCG(uint64(seed), 1)), ops)
			if name == "moto" {
				playSQS(t, local, p, found, rand.New(rand.NewPCG(uint64(seed), 2)), ops)
			}
			found.judge(t, ops, seed)
		})
	}
	if !ran {
		t.Skip("skipped: neither moto_server nor dynalite")
	}
}

// outcome is the answer to one operation: a code and a text, or the members that
// are compared, each written out.
type outcome struct {
	code, text string
	members    map[string]string
}

// noAnswer stands for a peer that died of the request.
const noAnswer = "no answer"

// refused is the outcome of an error; ok is false if there was none.
func refused(err error) (outcome, bool) {
	if err == nil {
		return outcome{}, false
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return outcome{code: api.ErrorCode(), text: api.ErrorMessage()}, true
	}
	var status interface{ HTTPStatusCode() int }
	if errors.As(err, &status) && status.HTTPStatusCode() != 0 {
		return outcome{code: fmt.Sprint("HTTP ", status.HTTPStatusCode())}, true
	}
	return outcome{code: noAnswer}, true
}

// finding is one kind of difference with its first example.
type finding struct {
	kind    string
	count   int
	example string
}

// findings collects the differences of one run.
type findings struct {
	peer  string
	texts bool
	kinds []*finding
}

// note keeps one difference.
func (f *findings) note(kind, example string) {
	if len(example) > 600 {
		example = example[:600] + "…"
	}
	for _, one := range f.kinds {
		if one.kind == kind {
			one.count++
			return
		}
	}
	f.kinds = append(f.kinds, &finding{kind, 1, example})
}

// compare notes how two answers to one operation differ, and tells whether one was
// a refusal and the other not, so that the two states may have parted.
func (f *findings) compare(operation, request string, local, other outcome) (parted bool) {
	switch {
	case local.code != other.code:
		f.note(fmt.Sprintf("%s: localaws %s, %s %s", operation, local.class(), f.peer, other.class()),
			fmt.Sprintf("%s\n\tlocalaws: %s\n\t%s: %s", request, local, f.peer, other))
		return local.code == "" || other.code == ""
	case local.code != "":
		if a, b := template(local.text), template(other.text); f.texts && a != b {
			f.note(fmt.Sprintf("text of %s %s: localaws %q, %s %q", operation, local.code, a, f.peer, b), request)
		}
		return false
	}
	for _, name := range sortedNames(local.members, other.members) {
		if a, b := local.members[name], other.members[name]; a != b {
			f.note(fmt.Sprintf("%s: %s: %s", operation, name, manner(a, b)), fmt.Sprintf("%s\n\tlocalaws: %s\n\t%s: %s", request, a, f.peer, b))
			parted = true
		}
	}
	return parted
}

func sortedNames(maps ...map[string]string) (names []string) {
	for _, m := range maps {
		for name := range m {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// class is what an answer is counted as.
func (o outcome) class() string {
	if o.code == "" {
		return "ok"
	}
	return o.code + " (" + template(o.text) + ")"
}

func (o outcome) String() string {
	if o.code != "" {
		return o.code + ": " + o.text
	}
	return fmt.Sprint(o.members)
}

var (
	quoted  = regexp.MustCompile(`"[^"]*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|Value .* for parameter|expected: .*|Expected: .*`)
	numbers = regexp.MustCompile(`[0-9]+`)
)

// template is an error's text without what changes from call to call.
func template(text string) string {
	text = numbers.ReplaceAllString(quoted.ReplaceAllString(text, "…"), "N")
	text, _, _ = strings.Cut(text, ";")
	if len(text) > 100 {
		text = text[:100]
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
}

// manner says how two members differ.
func manner(a, b string) string {
	sorted := func(s string) string {
		letters := []byte(s)
		slices.Sort(letters)
		return string(letters)
	}
	switch {
	case a == "":
		return "only the peer's answer has it"
	case b == "":
		return "only localaws' answer has it"
	case sorted(a) == sorted(b):
		return "another order"
	}
	return "another value"
}

// explained are the lines of a file of known differences: a pattern of kinds, in
// which * stands for any text, who is right by the documentation, and why.
type explained struct {
	pattern *regexp.Regexp
	line    string
}

func known(t *testing.T, name string) (lines []explained) {
	t.Helper()
	text := string(must(os.ReadFile(filepath.Join("testdata", "differences-"+name+".txt")))(t))
	for _, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 3 || !slices.Contains([]string{"localaws", "the peer", "both", "neither"}, parts[1]) {
			t.Fatalf("%s: the line %q is not: kind | localaws, the peer, both or neither | reason", name, line)
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(parts[0]), `\*`, ".*")
		lines = append(lines, explained{regexp.MustCompile("^" + pattern + "$"), line})
	}
	return lines
}

// judge prints the kinds of differences and fails for those that nobody explained.
func (f *findings) judge(t *testing.T, ops, seed int) {
	t.Helper()
	lines := known(t, f.peer)
	slices.SortFunc(f.kinds, func(a, b *finding) int { return strings.Compare(a.kind, b.kind) })
	counts := map[string]int{}
	fresh := 0
	for _, one := range f.kinds {
		if strings.HasPrefix(one.kind, "text of ") {
			t.Logf("%d × %s\n\t%s", one.count, one.kind, one.example)
			continue
		}
		at := slices.IndexFunc(lines, func(e explained) bool { return e.pattern.MatchString(one.kind) })
		if at < 0 {
			fresh++
			t.Errorf("NEW, %d × %s\n\t%s", one.count, one.kind, one.example)
			continue
		}
		counts[lines[at].line] += one.count
	}
	for _, e := range lines {
		if counts[e.line] > 0 {
			t.Logf("known, %d × %s", counts[e.line], e.line)
		}
	}
	t.Logf("%s, seed %d: %d operations of each service, %d kinds of differences, %d of them new", f.peer, seed, ops, len(f.kinds), fresh)
}
