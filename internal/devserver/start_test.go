package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/stack"
)

func TestStateFolderHasOneHolder(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir()})
	second, err := stack.Start(ctx(t), stack.Options{Dir: s.Dir, Template: fixturePath(t), BuildDir: builds})
	if err == nil {
		_ = second.Kill()
		t.Fatal("second devserver on the same folder: got it running")
	}
	for _, want := range []string{fmt.Sprintf("another devserver (process %d)", s.PID), "DEV_DIR"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("second devserver: got %v, want %s in it", err, want)
		}
	}
}

func TestPortInUseIsNamed(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	address := strings.TrimPrefix(s.API, "http://")
	second, err := stack.Start(ctx(t), stack.Options{Memory: true, Template: fixturePath(t), BuildDir: builds, Env: []string{"DEV_API_ADDR=" + address}})
	if err == nil {
		_ = second.Kill()
		t.Fatal("second devserver on the same port: got it running")
	}
	if !strings.Contains(err.Error(), address+" is in use") || !strings.Contains(err.Error(), "DEV_API_ADDR") {
		t.Errorf("got %v, want the address and the variable", err)
	}
}

// edited starts the devserver on a copy of the fixture with one text replaced.
func edited(t *testing.T, old, new string) error {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("the fixture has no %q", old)
	}
	path := filepath.Join(dir, "template.yaml")
	if err := os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(new), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(ctx(t), stack.Options{Memory: true, Template: path, BuildDir: builds})
	if err == nil {
		_ = s.Kill()
	}
	return err
}

func TestStartIsRefusedForWhatAWSWouldRefuse(t *testing.T) {
	fixture(t, stack.Options{Memory: true}) // builds what the others reuse
	cases := []struct{ name, old, new, want string }{
		{"missing permission", "Policies:\n        - Version: \"2012-10-17\"\n          Statement:\n            - {Effect: Allow, Action: [\"dynamodb:PutItem\", \"dynamodb:UpdateItem\"], Resource: !GetAtt Items.Arn}",
			"Role: !GetAtt EchoRole.Arn", "Worker needs sqs:ReceiveMessage on arn:aws:sqs:ap-east-1:000000000000:omnihub-jobs.fifo"},
		{"missing bucket permission", "OnFailure: {Type: S3, Destination", "OnFailure: {Destination", "Changes needs s3:PutObject on arn:aws:s3:::omnihub-failed/"},
		{"missing queue permission", "Environment: {Variables: {MODE: fail}}", "Role: !GetAtt EchoRole.Arn", "Fail needs sqs:SendMessage on arn:aws:sqs:ap-east-1:000000000000:omnihub-FailLost"},
		{"singular rate", "rate(15 minutes)", "rate(1 minutes)", "rate(1 minutes): a rate of 1 wants the singular"},
		{"operator", `["fact","poison"]`, `[{"wildcard":"f*"}]`, "operator wildcard is not known"},
		{"operator of a rule", "{anything-but: {prefix: \"-\"}}", "{similar: x}", "rule Spoken, line "},
		{"no policy for a rule", "Queues: [!Ref Heard, !Ref HeardDead]", "Queues: [!Ref HeardDead]", "Spoken (AWS::Events::Rule): Targets heard: no AWS::SQS::QueuePolicy lets events.amazonaws.com send to queue Heard"},
		{"parameter", "Stage: {Type: String, Default: dev,", "Stage: {Type: String,", "parameter Stage has no default"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := edited(t, c.old, c.new); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestRebuildRunsChangedProgramsOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two programs")
	}
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write("template.yaml", string(data))
	toy, err := filepath.Abs("testdata/toy")
	if err != nil {
		t.Fatal(err)
	}
	write("version", "1")
	write("Makefile", "build-%:\n\t@if grep -q broken version; then echo does not compile; exit 1; fi\n"+
		"\t@CGO_ENABLED=0 go build -C "+toy+" -trimpath -o $(ARTIFACTS_DIR)/bootstrap .\n"+
		"\t@if [ $* = Echo ]; then cat version >> $(ARTIFACTS_DIR)/note; fi\n")
	s, err := stack.Start(ctx(t), stack.Options{Dir: t.TempDir(), Template: filepath.Join(root, "template.yaml"), Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	changed, err := s.Rebuild(ctx(t))
	if err != nil || !slices.Equal(changed, []string{"Echo"}) {
		t.Errorf("rebuild: got %v, %v, want Echo changed", changed, err)
	}
	if status, _ := echo(t, s, "nothing", ""); status != 204 {
		t.Errorf("after a rebuild: got %d, want 204", status)
	}
	write("version", "broken")
	if _, err := s.Rebuild(ctx(t)); err == nil {
		t.Error("broken build: got no error")
	}
	logged(t, s, "does not compile")
	if status, _ := echo(t, s, "nothing", ""); status != 204 {
		t.Errorf("after a failed build: got %d, want the old program's 204", status)
	}
}
