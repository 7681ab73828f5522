package hub_test

import (
	"os/exec"
	"strings"
	"testing"
)

// layers are the packages of the product from the bottom up: each may import what
// stands in an earlier line, its own subfolders, and below internal/channel and
// internal/api its own folder.
var layers = [][]string{
	{"internal/hub", "internal/failpoint", "internal/metric"},
	{"internal/channel", "internal/seal"},
	{"internal/store", "internal/queue", "internal/bus", "internal/blob", "internal/image", "internal/apigw"},
	{"internal/settings", "internal/env"},
	{"internal/contact", "internal/media", "internal/tag", "internal/team"},
	{"internal/account", "internal/bot", "internal/chat", "internal/erasure", "internal/omnilink", "internal/webhook"},
	{"internal/export", "internal/followup"},
	{"internal/api"},
	{"functions"},
}

// tools stand beside the product: they may import it, and nothing of it imports them.
var tools = []string{
	"internal/localaws", "internal/devserver", "internal/stack", "internal/demo", "internal/hubtest",
	"internal/budget", "internal/cost", "internal/canary", "internal/chaos", "internal/mutants", "internal/deploy", "internal/hubctl",
	"internal/browser", "internal/scenario", "internal/metric/metrictest",
}

// owners are the only packages of the product that may use a client.
var owners = map[string]string{
	"github.com/aws/aws-sdk-go-v2/service/dynamodb":    "internal/store",
	"github.com/aws/aws-sdk-go-v2/service/sqs":         "internal/queue",
	"github.com/aws/aws-sdk-go-v2/service/eventbridge": "internal/bus",
	"github.com/aws/aws-sdk-go-v2/service/kms":         "internal/seal",
	"github.com/aws/aws-sdk-go-v2/service/s3":          "internal/blob",
}

func TestImportsPointDown(t *testing.T) {
	packages := list(t)
	if len(packages) < 10 {
		t.Fatalf("go list found %d packages, want the whole project", len(packages))
	}
	for pkg, imports := range packages {
		from := layer(pkg)
		if from < 0 {
			if !isTool(pkg) {
				t.Errorf("%s stands in no layer and is no tool: give it a room", pkg)
			}
			continue
		}
		for _, imported := range imports {
			if owner, ok := owners[imported]; ok && !within(pkg, owner) && !within(pkg, "functions") {
				t.Errorf("%s imports %s, which only %s may use", pkg, imported, owner)
			}
			name, ours := strings.CutPrefix(imported, "omnihub/")
			if !ours {
				if pkg == "internal/hub" && strings.Contains(imported, ".") {
					t.Errorf("internal/hub imports %s, want the standard library only", imported)
				}
				continue
			}
			if isTool(name) {
				t.Errorf("%s imports %s, a tool of the local stack", pkg, name)
				continue
			}
			to := layer(name)
			sameFolder := within(pkg, "internal/channel") && within(name, "internal/channel") || within(pkg, "internal/api") && within(name, "internal/api") || within(name, pkg)
			if to >= from && !sameFolder {
				t.Errorf("%s imports %s, which does not stand below it", pkg, name)
			}
		}
	}
}

func TestFakesShareNoCodeWithAdapters(t *testing.T) {
	fakes := 0
	for pkg, imports := range list(t) {
		if !within(pkg, "internal/channel") || !isTool(pkg) || strings.HasSuffix(pkg, "channeltest") || strings.HasSuffix(pkg, "contracttest") {
			continue
		}
		fakes++
		for _, imported := range imports {
			name, ours := strings.CutPrefix(imported, "omnihub/")
			if ours && !isTool(name) {
				t.Errorf("%s imports %s: a mistake there would pass both sides", pkg, imported)
			}
		}
	}
	if fakes < 8 {
		t.Errorf("got %d packages of fakes, want one for each channel and what they share", fakes)
	}
}

// list maps each package of the module to what it imports, tests left out.
func list(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "omnihub/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		packages[strings.TrimPrefix(fields[0], "omnihub/")] = fields[1:]
	}
	return packages
}

func layer(pkg string) int {
	for i, names := range layers {
		for _, name := range names {
			if within(pkg, name) && !isTool(pkg) {
				return i
			}
		}
	}
	return -1
}

func isTool(pkg string) bool {
	for _, name := range tools {
		if within(pkg, name) {
			return true
		}
	}
	return within(pkg, "internal/channel") && (strings.HasSuffix(pkg, "test") || strings.HasSuffix(pkg, "/fake"))
}

func within(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }
