package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// counts are those of the project's budgets for a short text, with the message's own
// event on the bus, which the budget leaves out.
const counts = `short text of a known customer, in order, conversation open
  Inbound   PutItem            MessagesTable           1 calls  0 RRU  1 WRU
  Inbound   UpdateItem         MessagesTable           1 calls  0 RRU  1 WRU
  Ingress   SendMessageBatch   InboundQueue.fifo       1 calls  0 RRU  0 WRU
  published message.received                           1 events
`

func runOn(t *testing.T, change func(*paths)) (string, error) {
	t.Helper()
	p := project
	change(&p)
	var out bytes.Buffer
	err := run(p, &out)
	return out.String(), err
}

func TestBudgetIsKeptByItsOwnCounts(t *testing.T) {
	out, err := runOn(t, func(p *paths) { p.golden = write(t, counts) })
	if err != nil || !strings.Contains(out, "budget kept") {
		t.Errorf("got %v and\n%s", err, out)
	}
}

func TestBudgetCanFail(t *testing.T) {
	for name, change := range map[string]func(*paths){
		"more units":    func(p *paths) { p.golden = write(t, strings.Replace(counts, "1 WRU", "2 WRU", 1)) },
		"another event": func(p *paths) { p.golden = write(t, counts+"  published conversation.opened   1 events\n") },
		"nothing left out": func(p *paths) {
			p.golden, p.assumptions = write(t, counts), changed(t, p.assumptions, `"without": ["message.received"], "parameters": {"PublishMessages": "no"},`, "")
		},
		"dearer": func(p *paths) {
			p.golden, p.prices = write(t, counts), changed(t, p.prices, `"usd": 1.00, "per": 1000000`, `"usd": 1.20, "per": 1000000`)
		},
		"slower": func(p *paths) {
			p.golden, p.assumptions = write(t, counts), changed(t, p.assumptions, `"sqs": 20`, `"sqs": 90`)
		},
		"more memory": func(p *paths) {
			p.golden, p.template = write(t, counts), changed(t, p.template, "MemorySize: 256", "MemorySize: 1024")
		},
		"stricter": func(p *paths) {
			p.golden, p.assumptions = write(t, counts), changed(t, p.assumptions, `"usd": 3.30`, `"usd": 3.00`)
		},
		"another of its name": func(p *paths) {
			p.golden = write(t, counts+"whatsapp: "+strings.Replace(counts, "1 WRU", "4 WRU", 1))
		},
	} {
		out, err := runOn(t, change)
		if !errors.Is(err, errOver) || !strings.Contains(out, "budget NOT KEPT") {
			t.Errorf("%s: got %v, want %v\n%s", name, err, errOver, out[max(0, len(out)-300):])
		}
	}
}

var besides = regexp.MustCompile(`budget kept: (\d\.\d\d) USD of at most 3\.30 .*\n  without the publication of message\.received: PublishMessages=no; with it: (\d\.\d\d)\n`)

func TestBudgetShowsThePublicationThatItLeavesOut(t *testing.T) {
	out, err := runOn(t, func(p *paths) { p.golden = write(t, counts) })
	if err != nil {
		t.Fatal(err)
	}
	m := besides.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("the report ends\n%s\nwant the budget with what it leaves out", out[max(0, len(out)-500):])
	}
	without, _ := strconv.ParseFloat(m[1], 64)
	with, _ := strconv.ParseFloat(m[2], 64)
	if with-without < 1 || with-without > 1.1 {
		t.Errorf("got %.2f without and %.2f with it, want a dollar and the relay's work between them", without, with)
	}
	for _, row := range []string{"of it message.received on the bus", "of it the relay of message.received", "without both: PublishMessages=no"} {
		if !strings.Contains(out, row) {
			t.Errorf("the table has no row %q", row)
		}
	}
}

// A template that publishes all the same is an error of its own, whatever it costs.
func TestBudgetLeavesOutOnlyWhatTheTemplateCan(t *testing.T) {
	for name, change := range map[string]func(*paths){
		"no such filter": func(p *paths) {
			p.template = changed(t, p.template, `[{"anything-but":["message.received"]}]`, `[{"exists":true}]`)
		},
		"another kind": func(p *paths) {
			p.assumptions = changed(t, p.assumptions, `["message.received"]`, `["message.status"]`)
		},
		"no such parameter": func(p *paths) { p.assumptions = changed(t, p.assumptions, `"PublishMessages"`, `"Publish"`) },
		"the switch is on": func(p *paths) {
			p.assumptions = changed(t, p.assumptions, `"PublishMessages": "no"`, `"PublishMessages": "yes"`)
		},
		"no parameters": func(p *paths) { p.assumptions = changed(t, p.assumptions, `{"PublishMessages": "no"}`, `{}`) },
	} {
		if _, err := runOn(t, change); err == nil || errors.Is(err, errOver) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
}

// TestMain lets a test run the command in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("COST_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestCommandExitsWith1AboveTheBudgetAndWith0BelowIt(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for golden, want := range map[string]int{counts: 0, strings.Replace(counts, "1 WRU", "2 WRU", 1): 1} {
		c := exec.Command(program, "-template", project.template, "-golden", write(t, golden),
			"-prices", project.prices, "-assumptions", project.assumptions, "-measured", project.measured)
		c.Env = append(os.Environ(), "COST_COMMAND=1")
		out, err := c.CombinedOutput()
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("got exit status %d (%v), want %d\n%s", got, err, want, out[max(0, len(out)-500):])
		}
	}
}

func TestReportNamesWhatIsMissing(t *testing.T) {
	out, err := runOn(t, func(p *paths) { p.golden = write(t, counts) })
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"delivery receipt: MISSING", "keyword and its answer, end to end: MISSING", "first message of a new customer: MISSING"} {
		if !strings.Contains(out, title) {
			t.Errorf("the report does not say %q", title)
		}
	}
	if _, err := runOn(t, func(p *paths) { p.golden = write(t, strings.Replace(counts, "known", "strange", 1)) }); err == nil || errors.Is(err, errOver) {
		t.Errorf("without the budget's scenario: got %v, want an error of its own", err)
	}
}

func TestReportOfTheProjectShowsColumnsSourcesAndOrigins(t *testing.T) {
	out, err := runOn(t, func(*paths) {})
	if err != nil && !errors.Is(err, errOver) {
		t.Fatal(err)
	}
	prices, err := ReadPrices(project.prices)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range prices.Items {
		for _, want := range []string{it.Source, it.Date, it.Read} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: the report does not show %q", it.Name, want)
			}
		}
	}
	for _, want := range []string{"10 of 10", "without logs and polling", "with logs and polling", "empty receives of InboundQueue.fifo", "assumed, not measured on AWS"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not show %q", want)
		}
	}
}

func TestUnknownFunctionAmongTheAssumptionsIsAnError(t *testing.T) {
	if _, err := runOn(t, func(p *paths) { p.assumptions = changed(t, p.assumptions, `"Outbound": 1`, `"Outward": 1`) }); err == nil || errors.Is(err, errOver) {
		t.Errorf("got %v, want an error", err)
	}
}

func TestOwnLinesAreMeasuredWithoutTheStacksMembers(t *testing.T) {
	own := `{"time":"2026-11-22T16:50:56Z","level":"INFO","msg":"message stored"}`
	line := `{"function":"inbound","invocation":"1-2",` + own[1:] + "\n"
	log := `{"time":"2026-11-22T16:50:56Z","level":"INFO","function":"http","msg":"POST"}` + "\n" + line + line
	got, err := ownLines(log)
	want := map[string]Logged{"Inbound": {Lines: 2, Bytes: 2 * float64(len(own))}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := ownLines(`{"function":"inbound","invocation":"1-2","msg":"x"}`); err == nil {
		t.Error("a line without a time: got no error")
	}
}
