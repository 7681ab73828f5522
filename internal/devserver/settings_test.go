package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"omnihub/internal/devserver/build"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/role"
	"omnihub/internal/devserver/template"
)

func TestSettingsComeFromEnvironmentAndFlags(t *testing.T) {
	environment := map[string]string{"DEV_API_ADDR": "127.0.0.1:0", "DEV_DIR": "/tmp/x", "DEV_MEMORY": "1", "DEV_VISIBILITY_SCALE": "0.5",
		"DEV_SHUFFLE": "7", "DEV_BUILD_DIR": "builds", "DEV_TAGS": "chaos", "DEV_LOG": "json", "DEV_THROTTLE": "off"}
	s, err := readSettings([]string{"-template", "t.yaml", "-stack", "hub", "-parameter", "A=1", "-parameter", "B=x=y"},
		func(name string) string { return environment[name] }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if s.api != "127.0.0.1:0" || s.aws != "127.0.0.1:4566" || s.platform != "127.0.0.1:4600" || s.dir != "/tmp/x" || !s.memory || s.scale != 0.5 ||
		s.shuffle == nil || *s.shuffle != 7 || !filepath.IsAbs(s.buildDir) || s.tags != "chaos" || !s.rawLog || !s.unthrottled || s.template != "t.yaml" || s.stack != "hub" {
		t.Errorf("settings: got %+v", s)
	}
	if s.parameters["A"] != "1" || s.parameters["B"] != "x=y" {
		t.Errorf("parameters: got %v", s.parameters)
	}
}

func TestSettingsRefuseMistakes(t *testing.T) {
	cases := []struct {
		args []string
		name string
		v    string
		want string
	}{
		{nil, "DEV_VISIBILITY_SCALE", "fast", "DEV_VISIBILITY_SCALE=fast"},
		{nil, "DEV_VISIBILITY_SCALE", "0", "DEV_VISIBILITY_SCALE=0"},
		{nil, "DEV_SHUFFLE", "yes", "DEV_SHUFFLE=yes"},
		{nil, "DEV_LOG", "xml", "DEV_LOG=xml"},
		{nil, "DEV_THROTTLE", "slow", "DEV_THROTTLE=slow"},
		{[]string{"-parameter", "A"}, "", "", "want Name=Value"},
		{[]string{"up"}, "", "", `argument "up" is not known`},
	}
	for _, c := range cases {
		_, err := readSettings(c.args, func(name string) string {
			if name == c.name {
				return c.v
			}
			return ""
		}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %s=%s: got %v, want an error with %q", c.args, c.name, c.v, err, c.want)
		}
	}
	_, err := readSettings(nil, func(name string) string {
		return map[string]string{"AWS_ENDPOINT_URL": "http://other:4566", "DEV_SHUFFLE": "1"}[name]
	}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "own local cloud only") {
		t.Errorf("shuffle at another endpoint: got %v", err)
	}
}

func TestGuardJudgesFunctionsOnlyAndShoutsOnce(t *testing.T) {
	var out bytes.Buffer
	g := guard{log: logs.New(&out, false, false)}
	if err := g.permit("InboundFunction", "sqs:SendMessage", "arn:q"); err != nil {
		t.Errorf("before the roles are known: got %v", err)
	}
	g.use(&template.Model{Functions: []template.Function{{ID: "InboundFunction",
		Role: role.Policy{{Actions: []string{"sqs:SendMessage"}, Resources: []string{"arn:q"}}}}}})
	if err := g.permit("InboundFunction", "sqs:SendMessage", "arn:q"); err != nil {
		t.Errorf("allowed call: got %v", err)
	}
	if err := g.permit("somebody", "dynamodb:Scan", "arn:t"); err != nil {
		t.Errorf("caller that is no function: got %v", err)
	}
	for range 2 {
		err := g.permit("InboundFunction", "dynamodb:Scan", "arn:t")
		if err == nil || !strings.Contains(err.Error(), "InboundFunction") || !strings.Contains(err.Error(), "dynamodb:Scan") || !strings.Contains(err.Error(), "arn:t") {
			t.Errorf("refused call: got %v, want function, action and resource", err)
		}
	}
	if got := strings.Count(out.String(), "┏━━ inbound: a call was refused"); got != 1 {
		t.Errorf("blocks: got %d, want 1:\n%s", got, &out)
	}
	if got := strings.Count(out.String(), "a call was refused"); got != 2 {
		t.Errorf("log: got %d lines, want 2:\n%s", got, &out)
	}
}

func TestShortNamesDropTheWordFunction(t *testing.T) {
	for id, want := range map[string]string{"Inbound": "inbound", "InboundFunction": "inbound", "Function": "function"} {
		if got := short(id); got != want {
			t.Errorf("short(%s): got %s, want %s", id, got, want)
		}
	}
}

func TestFailpointsAreNamedToFunctionsThatAreBuiltWithThem(t *testing.T) {
	for tags, want := range map[string]string{"": "", "mutant_x": "", "chaos": "FAILPOINT_URL=http://127.0.0.1:3000/_dev/failpoint/inbound",
		"mutant_x,chaos": "FAILPOINT_URL=http://127.0.0.1:3000/_dev/failpoint/inbound", "a chaos": "FAILPOINT_URL=http://127.0.0.1:3000/_dev/failpoint/inbound", "chaotic": ""} {
		m := &machine{settings: settings{tags: tags}, urls: addresses{API: "http://127.0.0.1:3000"}, builder: &build.Builder{Dir: "/build"}}
		got := ""
		for _, v := range m.configuration(&template.Function{ID: "InboundFunction", Environment: map[string]string{}}).Environment {
			if strings.HasPrefix(v, "FAILPOINT_URL=") {
				got = v
			}
		}
		if got != want {
			t.Errorf("tags %q: got %q, want %q", tags, got, want)
		}
	}
}
