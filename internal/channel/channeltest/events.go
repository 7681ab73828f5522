package channeltest

import (
	"bytes"
	"encoding/json"
	"flag"
	"path/filepath"
	"sync"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

var update = flag.Bool("update", false, "write the golden files of the channels")

// record is a sample's event in a golden file. What is empty is left out.
type record struct {
	Account string          `json:"account,omitempty"`
	User    string          `json:"user,omitempty"`
	Event   string          `json:"event"`
	Head    json.RawMessage `json:"head"`
	Raw     string          `json:"raw"`
	Hash    string          `json:"hash"`
	Parsed  parsed          `json:"parsed"`
}

func (s Suite) records(t *testing.T, a channel.Adapter, x sample) []record {
	t.Helper()
	slices, err := a.Split(x.request())
	if err != nil {
		t.Fatalf("split: got %v, want no error", err)
	}
	out := []record{}
	for _, slice := range slices {
		e, err := a.Parse(slice.Head, slice.Raw)
		if err != nil {
			t.Fatalf("parse: got %v, want no error", err)
		}
		if e.ID != slice.Event || e.Account != slice.Account || e.User != slice.User {
			t.Fatalf("split and parse disagree: got %q %q %q, want %q %q %q",
				e.ID, e.Account, e.User, slice.Event, slice.Account, slice.User)
		}
		r := record{Account: slice.Account, User: slice.User, Event: slice.Event, Head: slice.Head,
			Raw: string(slice.Raw), Hash: slice.Hash}
		r.Parsed = parsedOf(e)
		for _, wrong := range faultsOf(e, a.Capabilities(), a.Setup().Single) {
			t.Errorf("%s event %s: %s", e.Kind, e.ID, wrong)
		}
		out = append(out, r)
	}
	return out
}

// golden: every sample is split and parsed to what was checked by a person.
func (s Suite) golden(t *testing.T) {
	a := s.adapter()
	for _, sample := range s.samples(t) {
		t.Run(sample.name, func(t *testing.T) {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(s.records(t, a, sample)); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join(s.Golden, sample.name+".json"), b.Bytes())
		})
	}
}

// slices: each event is cut out exactly as received, in order, and its head is JSON.
func (s Suite) slices(t *testing.T) {
	a := s.adapter()
	single := a.Setup().Single
	for _, sample := range s.samples(t) {
		before := bytes.Clone(sample.body)
		slices, err := a.Split(sample.request())
		if err != nil {
			t.Fatalf("%s: got %v, want no error", sample.name, err)
		}
		if !bytes.Equal(before, sample.body) {
			t.Fatalf("%s: Split changed the body", sample.name)
		}
		rest := sample.body
		for i, slice := range slices {
			at := bytes.Index(rest, slice.Raw)
			if at < 0 || len(slice.Raw) == 0 {
				t.Fatalf("%s: event %d is not as received: %s", sample.name, i, slice.Raw)
			}
			rest = rest[at+len(slice.Raw):]
			if !json.Valid(slice.Head) || len(slice.Head) > 2048 {
				t.Errorf("%s: event %d: head: got %s, want small JSON", sample.name, i, slice.Head)
			}
			if slice.Event == "" || slice.Hash == "" || slice.Account == "" && slice.User != "" && !single {
				t.Errorf("%s: event %d: got no event id, hash or account", sample.name, i)
			}
		}
	}
}

// deliveries: the same event has the same names at every delivery, and no other has.
func (s Suite) deliveries(t *testing.T) {
	a := s.adapter()
	type names struct{ account, user, event, hash string }
	of := map[string][]names{}
	for _, sample := range s.samples(t) {
		for range 2 {
			var list []names
			slices, _ := a.Split(sample.with(bytes.Clone(sample.body)).request())
			for _, x := range slices {
				list = append(list, names{x.Account, x.User, x.Event, x.Hash})
			}
			if old, ok := of[sample.name]; ok && !equal(old, list) {
				t.Errorf("%s: split again: got %v, want %v", sample.name, list, old)
			}
			of[sample.name] = list
		}
	}
	again := map[string]bool{}
	for _, pair := range s.Redelivered {
		if len(of[pair[0]]) == 0 || !equal(of[pair[0]], of[pair[1]]) {
			t.Errorf("%s again as %s: got %v, want %v", pair[0], pair[1], of[pair[1]], of[pair[0]])
		}
		again[pair[1]] = true
	}
	events, hashes := map[string]string{}, map[string]string{}
	for name, list := range of {
		for _, n := range list {
			if again[name] {
				continue
			}
			if other := events[n.event]; other != "" {
				t.Errorf("%s and %s: got one event id for two events: %s", name, other, n.event)
			}
			if other := hashes[n.hash]; other != "" {
				t.Errorf("%s and %s: got one hash for two events: %s", name, other, n.hash)
			}
			events[n.event], hashes[n.hash] = name, name
		}
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// further: events that no sample has bear what their kind needs, too.
func (s Suite) further(t *testing.T) {
	a := s.adapter()
	for _, x := range bodies(s.Further) {
		records := s.records(t, a, x)
		if len(records) == 0 {
			t.Errorf("%s: got no event, want some", x.body)
		}
		for _, r := range records {
			if r.Parsed.Kind == channel.EventOther {
				t.Errorf("%s: kind: got %q, want one that is known", x.body, r.Parsed.Kind)
			}
		}
	}
}

// unknown: event types that the adapter does not know are kept, not refused.
func (s Suite) unknown(t *testing.T) {
	if len(s.Unknown) == 0 {
		t.Fatal("got no bodies of unknown types, want some")
	}
	a := s.adapter()
	for _, x := range bodies(s.Unknown) {
		records := s.records(t, a, x)
		if len(records) == 0 {
			t.Errorf("%s: got no event, want it kept", x.body)
		}
		for _, r := range records {
			if r.Parsed.Kind != channel.EventOther {
				t.Errorf("%s: kind: got %q, want %q", x.body, r.Parsed.Kind, channel.EventOther)
			}
		}
	}
}

// unparsable: what is not the platform's form is refused as a whole; so is every
// sample that was cut short or has something after it.
func (s Suite) unparsable(t *testing.T) {
	a := s.adapter()
	refuse := func(x sample) {
		t.Helper()
		slices, err := a.Split(x.request())
		if hub.CodeOf(err) != hub.Unparsable || len(slices) != 0 {
			t.Errorf("%.80q: got %d events, %v, want %s", x.body, len(slices), err, hub.Unparsable)
		}
		s.keepsSecrets(t, err)
	}
	for _, x := range bodies(s.Unparsable) {
		refuse(x)
	}
	for _, sample := range s.samples(t) {
		if !json.Valid(sample.body) {
			continue // a form has no end that could be missing
		}
		for n := range sample.body {
			refuse(sample.with(sample.body[:n]))
		}
		refuse(sample.with(append(bytes.Clone(sample.body), '}')))
		refuse(sample.with(append(bytes.Clone(sample.body), sample.body...)))
	}
}

// total: Parse answers an event or Unparsable, whatever it is given.
func (s Suite) total(t *testing.T) {
	a, private := s.adapter(), s.private()
	try := func(head, raw []byte) { // a hundred thousand times
		_, err := a.Parse(head, raw)
		if err != nil && (hub.CodeOf(err) != hub.Unparsable || heldOf(private, err) != "") {
			s.wantCode(t, err, hub.Unparsable)
		}
	}
	for _, sample := range s.samples(t) {
		slices, _ := a.Split(sample.request())
		for _, slice := range slices {
			raw := bytes.Clone(slice.Raw)
			for i := range raw {
				for _, b := range []byte{0, '"', '{', '}', '1', raw[i] ^ 0x20, 0xff} {
					raw[i] = b
					try(slice.Head, raw)
				}
				raw[i] = slice.Raw[i]
				try(slice.Head, raw[:i])
			}
			for i := range slice.Head {
				try(slice.Head[:i], raw)
			}
		}
	}
	for _, raw := range []string{"", "null", "[]", "{}", `""`, "0"} {
		try(nil, []byte(raw))
		try([]byte("{}"), []byte(raw))
	}
}

// concurrent: one adapter serves many requests at a time (run with -race).
func (s Suite) concurrent(t *testing.T) {
	a := s.adapter()
	samples := s.samples(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for _, sample := range samples {
				if err := a.Verify(s.signed(sample, s.sign(sample.request(), s.Credentials)), s.Credentials); err != nil {
					t.Errorf("%s: got %v, want no error", sample.name, err)
				}
				slices, _ := a.Split(sample.request())
				for _, slice := range slices {
					if _, err := a.Parse(slice.Head, slice.Raw); err != nil {
						t.Errorf("%s: got %v, want no error", sample.name, err)
					}
				}
			}
		})
	}
	wait.Wait()
}
