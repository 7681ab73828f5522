package channeltest_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"omnihub/internal/devserver/build"
)

const (
	folder = "internal/channel/"
	list   = folder + "all/all.go"
)

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tool runs a command in the module's folder, and gives what it said.
func tool(t *testing.T, env []string, in, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin = root(t), strings.NewReader(in)
	cmd.Env = append(build.Env(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// with lays a folder of a further channel over the source, and a line for it in the list;
// nothing else is another. Of the folder's sources, changes are texts and what stands in
// their places. It gives the file that tells the go command so.
func with(t *testing.T, kind string, changes ...string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root(t), list))
	if err != nil {
		t.Fatal(err)
	}
	grown := string(source)
	for at, line := range map[string]string{
		"\n\t\"omnihub/internal/hub\"\n": "\n\t\"omnihub/internal/channel/" + kind + "\"",
		"\n\t} {\n\t\tadapters[":         "\n\t\t" + kind + ".New(p),",
	} {
		if strings.Count(grown, at) != 1 {
			t.Fatalf("%s: got no single place of %q, want the list as it was", list, at)
		}
		grown = strings.Replace(grown, at, line+at, 1)
	}
	temporary := filepath.Join(t.TempDir(), "all.go")
	if err := os.WriteFile(temporary, []byte(grown), 0o600); err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{filepath.Join(root(t), list): temporary}
	sources, err := filepath.Glob(filepath.Join("testdata", kind, "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("the channel's sources: got %d, %v, want some", len(sources), err)
	}
	for _, file := range sources {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(changes); i += 2 {
			if strings.Contains(string(source), changes[i]) {
				source = []byte(strings.Replace(string(source), changes[i], changes[i+1], 1))
			} else if filepath.Base(file) == kind+".go" {
				t.Fatalf("%s: got no %q to change", file, changes[i])
			}
		}
		of := filepath.Join(t.TempDir(), filepath.Base(file))
		if err := os.WriteFile(of, source, 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root(t), folder, kind, filepath.Base(file))] = of
	}
	encoded, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlay, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// contract holds the dummy against its contract.
func contract(t *testing.T, overlay string) (string, error) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "contract")
	if out, err := tool(t, nil, "", "go", "test", "-vet=off", "-overlay", overlay, "-c", "-o", bin, "./"+folder+"dummy"); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	run := exec.Command(bin)
	run.Dir = filepath.Join("testdata", "dummy")
	out, err := run.CombinedOutput()
	return string(out), err
}

// A channel with faults fails in each part of the contract that is made to find one of
// them.
func TestWrongChannelsFailTheContract(t *testing.T) {
	t.Parallel()
	const send = "// Send posts the text."
	for _, c := range []struct{ parts, changes []string }{
		{[]string{"Setup", "Evidence", "AfterWindow", "Answers"}, []string{
			`Name: "token", Help`, `Name: "token", Plain: true, Help`,
			`{Shows: map`, `{Groups: true, Window: 1, PersonWindow: 2, Shows: map`,
			`answer.Status/100 == 4`, `answer.Status == 499`,
		}},
		{[]string{"Signature", "Capabilities", "Abilities", "Golden"}, []string{
			`secret == "" || !hmac.Equal(`, `!hmac.Equal(`,
			`External:   "the dummy's name",`, `External: "the dummy's name", Welcome: true,`,
			`Text: *e.Text}`, `Text: *e.Text}; out.Entry.Ref = "x"`,
			send, `func (a *Adapter) Check(context.Context, channel.Account) (channel.Standing, error) {
				return channel.Standing{}, nil
			}
			` + send,
		}},
		{[]string{"Slices", "Welcome"}, []string{
			`Account: e.To, User`, `User`,
			send, `func (a *Adapter) Answer(channel.Credentials, channel.Slice, hub.Content) ([]byte, bool) { return nil, false }
			` + send,
		}},
	} {
		out, err := contract(t, with(t, "dummy", c.changes...))
		for _, part := range c.parts {
			if err == nil || !strings.Contains(out, "--- FAIL: TestContract/"+part+" ") {
				t.Errorf("%s: got %v, want it to fail:\n%s", part, err, out)
			}
		}
	}
}

// A channel that is not there yet takes a folder and its line in the list: with them it
// passes the contract, every function builds, and hubctl knows it.
func TestAChannelIsOneFolderAndOneLine(t *testing.T) {
	t.Parallel()
	overlay, bin := with(t, "dummy"), t.TempDir()
	compile := func(args ...string) {
		t.Helper()
		if out, err := tool(t, nil, "", "go", append([]string{args[0], "-overlay", overlay}, args[1:]...)...); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if out, err := contract(t, overlay); err != nil {
		t.Errorf("the contract: %v\n%s", err, out)
	}
	compile("test", "-vet=off", "./"+folder+"all")
	compile("build", "./functions/...")
	compile("build", "-o", filepath.Join(bin, "hubctl"), "./internal/hubctl")
	// No table is reached: what was entered is looked at first.
	var env []string
	for _, name := range []string{"CONFIG_TABLE", "MESSAGES_TABLE", "LEDGER_TABLE", "CONTACTS_TABLE", "KEY_ID", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		env = append(env, name+"=x")
	}
	env = append(env, "AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1")
	connect := func(kind string) string {
		out, err := tool(t, env, "nonsense=1\n", filepath.Join(bin, "hubctl"), "connect", "-team", "demo", "-channel", kind, "-connection", "c1", "-account", "a1", "-external", "shop")
		if err == nil {
			t.Errorf("hubctl connect -channel %s with nonsense: got no error, want one:\n%s", kind, out)
		}
		return out
	}
	if out := connect("nowhere"); !strings.Contains(out, `no channel "nowhere"`) {
		t.Errorf("a channel that is not there: got %s, want hubctl to say so", out)
	}
	if out := connect("dummy"); strings.Contains(out, "no channel") || !strings.Contains(out, "secret") || !strings.Contains(out, "token") {
		t.Errorf("the new channel: got %s, want hubctl to know it, and to name its secrets", out)
	}
}

// Nothing of the product outside the channels' own folders names one of them: whoever
// does will have to be changed for the next.
func TestNobodyElseNamesAChannel(t *testing.T) {
	kinds := channels(t)
	if len(kinds) < 2 {
		t.Fatalf("got the channels %v, want some", kinds)
	}
	out, err := tool(t, nil, "", "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Dir}}{{end}}", "./functions/...", "./internal/hubctl")
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	looked := 0
	for line := range strings.Lines(out) {
		pkg, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, ours := strings.CutPrefix(pkg, "omnihub/")
		if !ours || strings.HasPrefix(name, folder) {
			continue
		}
		looked++
		for _, at := range naming(t, dir, kinds) {
			t.Errorf("%s names a channel, want it to ask the adapter", at)
		}
	}
	if looked < 10 {
		t.Errorf("looked at %d packages, want the whole product", looked)
	}
}

// channels are the folders that the list imports, which are called as the channels are.
func channels(t *testing.T) (kinds []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root(t), list), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range file.Imports {
		if imported, _ := strconv.Unquote(i.Path.Value); strings.HasPrefix(imported, "omnihub/"+folder) {
			kinds = append(kinds, path.Base(imported))
		}
	}
	return kinds
}

// naming gives the places in a folder's sources where a text is a channel's name.
func naming(t *testing.T, dir string, kinds []string) (at []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if value, _ := strconv.Unquote(text.Value); slices.Contains(kinds, value) {
					at = append(at, set.Position(text.Pos()).String())
				}
			}
			return true
		})
	}
	return at
}

// The look for names finds one.
func TestNamesOfChannelsAreFound(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("package x\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.go", "// \"line\" in words\nvar A = []string{\"lines\", \"a line\"}\n")
	write("b_test.go", "var B = \"line\"\n")
	if at := naming(t, dir, []string{"line"}); len(at) != 0 {
		t.Errorf("got %v, want none", at)
	}
	write("c.go", "func f(kind string) bool { return kind == \"line\" }\n")
	if at := naming(t, dir, []string{"line"}); len(at) != 1 || !strings.Contains(at[0], "c.go:2:") {
		t.Errorf("got %v, want the place in c.go", at)
	}
}
