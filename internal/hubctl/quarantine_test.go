package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestQuarantineIsListedWithoutContent(t *testing.T) {
	s := newScene(t)
	s.post(`{"destination":"` + hubtest.LineBot + `","events":"canary"}`)
	s.postMeta(s.saidAt("999", "1", "canary text"))
	s.drain()

	out := s.does("quarantine", "list", "-team", "test")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || lines[2] != "2 entries" {
		t.Fatalf("got %q, want two lines and a count", out)
	}
	if strings.Contains(out, "canary") || strings.Contains(out, phone) || strings.Contains(out, "Mei") {
		t.Errorf("the list shows content or a person: %s", out)
	}
	for _, want := range []string{"unparsable", "unknown_account", "line", `"the account is not connected here"`, "2026-10-05T", "trace-1", "B  "} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %s: %s", want, out)
		}
	}
	for _, c := range []struct {
		args string
		want int
	}{
		{"-filter unknown_account", 1}, {"-filter DOCUMENTS", 1}, {"-filter line", 1}, {"-filter TRACE-1", 2}, {"-filter nothing", 0}, {"-account line1", 0},
		{"-since 1m", 2}, {"-since 7d", 2}, {"-since 2026-10-05T00:00:00Z", 2}, {"-since 2026-10-06T00:00:00Z", 0}, {"-limit 1", 1},
	} {
		args := append([]string{"quarantine", "list", "-team", "test", "-json"}, strings.Fields(c.args)...)
		if out := s.does(args...); strings.Count(out, "\n") != c.want {
			t.Errorf("%s: got %q, want %d entries", c.args, out, c.want)
		}
	}
	var e entry
	if err := json.Unmarshal([]byte(s.does("quarantine", "list", "-team", "test", "-json", "-filter", "unparsable")), &e); err != nil ||
		e.Reason != hub.Unparsable || e.Channel != "line" || e.Connection != "line1" || e.ID == "" || e.Size == 0 {
		t.Errorf("got %+v, %v", e, err)
	}
	if out := s.does("quarantine", "list", "-team", "test", "-limit", "1"); !strings.Contains(out, "the newest 1 of 2") {
		t.Errorf("got %q, want it to tell that there is more", out)
	}
	if out := s.does("quarantine", "list", "-team", "acme"); out != "0 entries\n" {
		t.Errorf("another team: got %q", out)
	}
}

func TestQuarantinePastItsTimeIsGone(t *testing.T) {
	s := newScene(t)
	s.post(`{"events":"canary"}`)
	s.drain()
	id := s.entry("test").ID
	s.Clock.Advance(90 * 24 * time.Hour)
	if out := s.does("quarantine", "list", "-team", "test", "-since", "100d"); out != "0 entries\n" {
		t.Errorf("got %q, want nothing", out)
	}
	if _, err := s.run("quarantine", "show", "-team", "test", "-id", id); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
}

func TestQuarantinedBodyIsShownByteForByte(t *testing.T) {
	s := newScene(t)
	// Three chunk envelopes, of which each but the last takes two items.
	body := `{"destination":"` + hubtest.LineBot + `","events":"` + strings.Repeat("canary \x01\xff", 170_000) + `"}`
	s.post(body)
	s.drain()
	id := s.entry("test").ID
	out := s.does("quarantine", "show", "-team", "test", "-id", id)
	if strings.Contains(out, "canary") || !strings.Contains(out, "a body that could not be cut") || !strings.Contains(out, "in 3 chunks") || !strings.Contains(out, "whole") {
		t.Errorf("got %s", out)
	}
	if raw := s.does("quarantine", "show", "-team", "test", "-id", id, "-raw"); raw != body {
		t.Errorf("got %d bytes, want the %d of the body", len(raw), len(body))
	}
}

func TestQuarantinedEventIsShownWithItsHead(t *testing.T) {
	s := newScene(t)
	s.adapters["line"] = blind{Adapter: s.adapters["line"], parse: true}
	s.post(s.said("1", "canary"))
	s.drain()
	id := s.entry("test").ID
	out := s.does("quarantine", "show", "-team", "test", "-id", id)
	for _, want := range []string{"an event", "E1", "nothing is seen", "line1", "trace-1", "kept until   2027-01-03"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
	if strings.Contains(out, "canary") || strings.Contains(out, customer) {
		t.Errorf("content or a person is shown: %s", out)
	}
	if head := s.does("quarantine", "show", "-team", "test", "-id", id, "-head"); strings.Contains(head, "canary") {
		t.Errorf("got %q, want the head alone", head)
	}
	if raw := s.does("quarantine", "show", "-team", "test", "-id", id, "-raw"); !json.Valid([]byte(raw)) || !strings.Contains(raw, `"text":"canary"`) {
		t.Errorf("got %q, want the event", raw)
	}
}

func TestChunksThatAreMissingAreTold(t *testing.T) {
	s := newScene(t)
	s.post(`{"events":"` + strings.Repeat("canary ", 100_000) + `"}`)
	rc := s.receiver()
	e := s.Receive(s.Inbound)
	if len(e.Records) < 1 {
		t.Fatal("nothing was queued")
	}
	envelope := mustEnvelope(t, e.Records[0].Body)
	if err := rc.Receive(ctx, envelope); err != nil {
		t.Fatal(err)
	}
	id := s.entry("test").ID
	if out := s.does("quarantine", "show", "-team", "test", "-id", id); !strings.Contains(out, "614400 of 700015 bytes") && !strings.Contains(out, " of 7000") {
		t.Errorf("got %s", out)
	}
	for _, args := range [][]string{{"show", "-raw"}, {"replay"}} {
		if out, err := s.run(append([]string{"quarantine", args[0], "-team", "test", "-id", id}, args[1:]...)...); err == nil ||
			!strings.Contains(out+err.Error(), "chunks are missing") {
			t.Errorf("%s: got %v, want it to tell that chunks are missing", args[0], err)
		}
	}
}
