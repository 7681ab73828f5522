package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/devserver/fault"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/failpoint"
	cloudfault "omnihub/internal/localaws/fault"
	"omnihub/internal/stack"
)

// set puts fault plans into effect.
func set(t *testing.T, s *stack.Stack, plans map[string]any) {
	t.Helper()
	if err := s.Faults(ctx(t), plans); err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, s *stack.Stack) stack.FaultCounts {
	t.Helper()
	c, err := s.FaultCounts(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFaultPlansAreSetTogetherOrNotAtAll(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	post := func(body string) (int, map[string]any) {
		t.Helper()
		resp, err := http.Post(s.Platform+"/_faults", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var out map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, out
	}
	const good = `{"line":{"rate429":0.5},"aws":{"seed":3,"rules":[{"service":"sqs","fault":"slow","ms":1,"rate":0.5,"caller":"worker"}]},"lambda":{"seed":2,"throttle":0.25,"functions":["WORKER"]}}`
	if status, out := post(good); status != 200 {
		t.Fatalf("good plans: got %d %v", status, out)
	}
	_, before := post(`{}`)
	for body, want := range map[string]string{
		`{"lambda":{"kill":2}}`:                                 "kill: the rate 2",
		`{"lambda":{"kil":0.5}}`:                                "kil",
		`{"lambda":{"functions":["nobody"]}}`:                   "nobody",
		`{"aws":null,"lambda":null,"line":{"no such fault":1}}`: "no such fault",
		`{"aws":null,"lambda":{"throttle":"x"},"line":null}`:    "lambda: ",
		`{"aws":{"rules":[{"fault":"fire","rate":1}]}}`:         "fire",
		`{"aws":null,"nobody":null}`:                            "there is no target nobody; there are [aws instagram lambda line messenger twilio viber whatsapp]",
		`null`:                                                  "want an object",
	} {
		status, out := post(body)
		if text, _ := out["error"].(string); status != 400 || !strings.Contains(text, want) {
			t.Errorf("%s: got %d %v, want 400 with %q", body, status, out, want)
		}
		if _, after := post(`{}`); !equal(after, before) {
			t.Errorf("%s: plans changed to %v, want them as before: %v", body, after, before)
		}
	}
	plan := before["lambda"].(map[string]any)
	if functions := plan["functions"].([]any); len(functions) != 1 || functions[0] != "worker" {
		t.Errorf("plan of lambda: got %v, want it for worker", plan)
	}
	if status, after := post(`{"aws":null,"lambda":null,"line":null}`); status != 200 || after["aws"] != nil || after["lambda"] != nil || after["line"] != nil {
		t.Errorf("ended: got %d %v, want no plan", status, after)
	}
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func TestFaultsOfAnotherEndpointAreRefused(t *testing.T) {
	m := &machine{settings: settings{endpoint: "http://127.0.0.1:9"}, log: logs.New(io.Discard, false, false)}
	w := httptest.NewRecorder()
	m.setFaults(w, httptest.NewRequest("POST", "/_faults", strings.NewReader(`{"aws":{"seed":1,"rules":[]}}`)))
	if w.Code != 501 || !strings.Contains(w.Body.String(), "AWS_ENDPOINT_URL names http://127.0.0.1:9") {
		t.Errorf("got %d %s, want 501 that names the endpoint", w.Code, w.Body)
	}
}

func TestThrottledRequestIsAnsweredAsTheGatewayDoes(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	set(t, s, map[string]any{stack.Lambda: stack.LambdaPlan{Throttle: 1, Functions: []string{"echo"}}})
	if status, answer := echo(t, s, "nothing", ""); status != 503 || strings.TrimSpace(answer) != `{"message":"Service Unavailable"}` {
		t.Errorf("throttled: got %d %s, want 503 Service Unavailable", status, answer)
	}
	set(t, s, map[string]any{stack.Lambda: stack.LambdaPlan{Unanswered: 1, Functions: []string{"echo"}}})
	if status, answer := echo(t, s, "send", "a-1"); status != 500 || strings.TrimSpace(answer) != `{"message":"Internal Server Error"}` {
		t.Errorf("unanswered: got %d %s, want 500", status, answer)
	}
	set(t, s, map[string]any{stack.Lambda: nil})
	if status, _ := echo(t, s, "nothing", ""); status != 204 {
		t.Errorf("after the plan: got %d, want 204", status)
	}
	idle(t, s)
	if got := stored(t, s, "seen"); !slices.Equal(got, []string{"a-1"}) {
		t.Errorf("seen: got %v, want what was sent though nobody heard of it", got)
	}
}

func TestChainLosesNothingUnderFaultsOfInvocations(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, VisibilityScale: 0.05})
	set(t, s, map[string]any{stack.Lambda: stack.LambdaPlan{Seed: 4, Duplicate: 0.4, Throttle: 0.4, Unanswered: 0.1, Kill: 0.05, Functions: []string{"worker", "changes"}}})
	var want []string
	for i := range 24 {
		body := string(rune('a'+i%4)) + "-" + string(rune('A'+i))
		want = append(want, body)
		if status, answer := echo(t, s, "send", body); status != 202 {
			t.Fatalf("send: got %d %s", status, answer)
		}
	}
	idle(t, s)
	slices.Sort(want)
	if got := stored(t, s, "seen"); !slices.Equal(got, want) {
		t.Errorf("seen: got %v, want all of %v", got, want)
	}
	total := map[fault.Kind]int{}
	for _, kinds := range counts(t, s).Lambda {
		for kind, c := range kinds {
			total[kind] += c.Struck
		}
	}
	for _, kind := range []fault.Kind{fault.Duplicate, fault.Throttle} {
		if total[kind] == 0 {
			t.Errorf("%s: struck nothing: %v", kind, total)
		}
	}
}

func TestStalledStreamIsNotIdleAndGoesOn(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	for name, stalled := range map[string]map[string]any{
		"by lambda": {stack.Lambda: stack.LambdaPlan{StallStreams: true, Functions: []string{"changes"}}},
		"by aws":    {stack.AWS: stack.AWSPlan{Rules: []cloudfault.Rule{{Service: "streams", Caller: "changes", Fault: "stall", Rate: 1}}}},
	} {
		set(t, s, stalled)
		already := len(stored(t, s, "seen"))
		if status, answer := echo(t, s, "send", "a-"+strings.ReplaceAll(name, " ", "")); status != 202 {
			t.Fatalf("send: got %d %s", status, answer)
		}
		if err := s.Idle(ctx(t), 700*time.Millisecond); err == nil || !strings.Contains(err.Error(), `"caught_up": false`) {
			t.Errorf("%s: idle: got %v, want a reader that is behind", name, err)
		}
		if got := stored(t, s, "seen"); len(got) != already {
			t.Errorf("%s: seen: got %v, want nothing new", name, got)
		}
		set(t, s, map[string]any{stack.Lambda: nil, stack.AWS: nil})
		idle(t, s)
		if got := stored(t, s, "seen"); len(got) != already+1 {
			t.Errorf("%s: seen after the stall: got %v, want one more", name, got)
		}
	}
}

func TestChainLosesNothingUnderFaultsOfTheCloud(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, VisibilityScale: 0.05})
	rules := []cloudfault.Rule{{Service: "dynamodb", Operation: "PutItem", Caller: "worker", Fault: "throttle", Rate: 1, Count: 3}}
	for _, f := range []string{"throttle", "internal", "lose", "drop"} {
		rules = append(rules, cloudfault.Rule{Service: "streams", Caller: "devserver", Fault: f, Rate: 0.1})
		rules = append(rules, cloudfault.Rule{Service: "sqs", Operation: "DeleteMessageBatch", Caller: "devserver", Fault: f, Rate: 0.1})
	}
	rules = append(rules, cloudfault.Rule{Service: "sqs", Operation: "DeleteMessageBatch", Caller: "devserver", Fault: "partial", Rate: 0.3})
	set(t, s, map[string]any{stack.AWS: stack.AWSPlan{Seed: 1, Rules: rules}})
	for i := range 20 {
		if status, answer := echo(t, s, "send", string(rune('a'+i%3))+"-"+string(rune('A'+i))); status != 202 {
			t.Fatalf("send: got %d %s", status, answer)
		}
	}
	idle(t, s)
	if got := stored(t, s, "seen"); len(got) != 20 {
		t.Errorf("seen: got %d of 20: %v", len(got), got)
	}
	struck := counts(t, s).AWS
	if len(struck) != len(rules) || struck[0].Struck != 3 {
		t.Errorf("counts: got %+v, want the first rule to have struck 3 times", struck)
	}
	all := 0
	for _, c := range struck[1:] {
		all += c.Struck
	}
	if all == 0 {
		t.Errorf("calls of the pollers: none was struck: %+v", struck)
	}
}

func TestFailpointsKillWhereThePlanSays(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, VisibilityScale: 0.05, Tags: "chaos"})
	if err := s.SetFailpoints(ctx(t), stack.FailpointPlan{Points: []stack.Failpoint{{Function: "worker", Point: "after_lunch", Rate: 1}}}); err == nil || !strings.Contains(err.Error(), "after_lunch") {
		t.Errorf("unknown point: got %v, want an error that names it", err)
	}
	if err := s.SetFailpoints(ctx(t), stack.FailpointPlan{Points: []stack.Failpoint{{Function: "waiter", Point: failpoint.AfterWrite, Rate: 1}}}); err == nil || !strings.Contains(err.Error(), "waiter") {
		t.Errorf("unknown function: got %v, want an error that names it", err)
	}
	plan := stack.FailpointPlan{Seed: 1, Points: []stack.Failpoint{{Function: "Worker", Point: failpoint.AfterWrite, Rate: 1, Count: 2}, {Function: "*", Point: failpoint.BeforeWrite, Rate: 1, Count: 1}}}
	if err := s.SetFailpoints(ctx(t), plan); err != nil {
		t.Fatal(err)
	}
	echo(t, s, "send", "a-1")
	idle(t, s)
	if got := stored(t, s, "seen"); !slices.Equal(got, []string{"a-1"}) {
		t.Errorf("seen: got %v, want the message after three deaths", got)
	}
	logged(t, s, "the process ended during an invocation: signal: killed")
	state, err := s.Failpoints(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	worker := state.Passages["worker"]
	if worker[failpoint.AfterWrite] != (fault.Passage{Hits: 3, Kills: 2}) || worker[failpoint.BeforeWrite] != (fault.Passage{Hits: 4, Kills: 1}) || state.Kills() != 3 || !state.Built {
		t.Errorf("passages: got %+v, want 2 deaths of 3 after the write and 1 of 4 before", state)
	}
	for url, want := range map[string]int{"worker/after_lunch": 404, "waiter/after_write": 404, "worker/after_claim": 204} {
		resp, err := http.Post(s.API+"/_dev/failpoint/"+url, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", url, resp.StatusCode, want)
		}
	}
	if err := s.SetFailpoints(ctx(t), stack.FailpointPlan{}); err != nil {
		t.Errorf("end of the plan: got %v", err)
	}
}

func TestFailpointsWantTheirBuild(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	if err := s.SetFailpoints(ctx(t), stack.FailpointPlan{}); err == nil || !strings.Contains(err.Error(), "build with -tags chaos") {
		t.Errorf("got %v, want advice to build with the tag", err)
	}
	if state, err := s.Failpoints(ctx(t)); err != nil || state.Built || len(state.Passages) != 0 {
		t.Errorf("state: got %+v, %v, want none", state, err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	echo(t, s, "nothing", "")
	processes, err := s.Processes(ctx(t))
	if err != nil || len(processes["Echo"]) == 0 || processes["Echo"][0].Peak < 1<<20 || processes["Echo"][0].Events != 1 {
		t.Errorf("processes: got %+v, %v, want one of Echo with its peak", processes["Echo"], err)
	}
	peaks, err := s.Peaks(ctx(t))
	if err != nil || peaks["echo"] < 1<<20 || peaks["echo"] > 128<<20 {
		t.Errorf("peaks: got %v, %v, want some megabytes of echo", peaks, err)
	}
}
