package channeltest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Bodies are those of the suite's samples, and then further ones, to begin fuzzing with.
func (s Suite) Bodies(tb testing.TB, further ...string) (out [][]byte) {
	tb.Helper()
	list, err := samplesOf(s.Samples)
	if err != nil || len(list) == 0 {
		tb.Fatalf("samples in %s: got %d, %v, want some", s.Samples, len(list), err)
	}
	for _, x := range append(list, bodies(further)...) {
		out = append(out, x.body)
	}
	return out
}

// FuzzVerify: no header but the body's own signature passes, and those that also makes of
// it. It is for channels that sign the body and nothing else.
func (s Suite) FuzzVerify(f *testing.F, also ...func(body []byte) string) {
	signatures := func(body []byte) []string {
		out := []string{s.Sign(body, s.Credentials)}
		for _, sign := range also {
			out = append(out, sign(body))
		}
		return out
	}
	for _, body := range s.Bodies(f) {
		for _, signature := range signatures(body) {
			f.Add(signature, body)
		}
	}
	f.Add("", []byte("{}"))
	f.Add("good,bad", []byte("{}"))
	f.Add(s.Prefix, []byte("{}"))
	a := s.adapter()
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		verify := func(signature string, c channel.Credentials) error {
			return a.Verify(&channel.Request{Method: "POST", Body: body, Header: map[string]string{s.Header: signature}}, c)
		}
		good := signatures(body)
		same := func(g string) bool { return g == signature || s.Hex && strings.EqualFold(g, signature) }
		err := verify(signature, s.Credentials)
		if err == nil && !slices.ContainsFunc(good, same) {
			t.Errorf("%q: got it accepted, want it refused", signature)
		}
		if err != nil && hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v, want %s", err, hub.BadSignature)
		}
		for _, g := range good {
			if err := verify(g, s.Credentials); err != nil {
				t.Errorf("its own signature %q: got %v, want it accepted", g, err)
			}
		}
		if err := verify(s.Sign(body, channel.Credentials{}), channel.Credentials{}); hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("without a secret: got %v, want %s", err, hub.BadSignature)
		}
	})
}

// FuzzSplit: what Split accepts is JSON, cut exactly as received and within bounds, and
// none of what the standard decoder finds in it is lost; what it refuses the standard
// decoder finds wrong or undocumented. Reference reads a body with the standard decoder:
// "<account> <raw>" of each event, in order, and whether it is what the platform documents.
// Frame are the members that a body may name once only.
func (s Suite) FuzzSplit(f *testing.F, reference func(body []byte) (events []string, ok bool), frame []string, further ...string) {
	for _, body := range s.Bodies(f, further...) {
		f.Add(body)
	}
	a := s.adapter()
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		got, err := a.Split(&channel.Request{Method: "POST", Body: body})
		if !bytes.Equal(before, body) {
			t.Fatal("Split changed the body")
		}
		want, readable := reference(body)
		doubtful := twice(body, frame)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable || len(got) > 0 {
				t.Fatalf("got %d, %v, want %s", len(got), err, hub.Unparsable)
			}
			// Named twice, too deep or too many is refused by adapters only.
			if readable && shallow(body) && !doubtful {
				t.Fatalf("got %v, want %d events", err, len(want))
			}
			return
		}
		if !json.Valid(body) || !readable && !doubtful {
			t.Fatalf("got %d events of what is not documented", len(got))
		}
		var raws []string
		for _, slice := range got {
			raws = append(raws, slice.Account+" "+string(slice.Raw))
			if !json.Valid(slice.Raw) {
				t.Fatalf("got %q, want JSON", slice.Raw)
			}
			s.Sliced(t, a, body, slice)
		}
		if readable && !doubtful && !slices.Equal(raws, want) {
			t.Fatalf("got %q, want %q", raws, want)
		}
	})
}

// Sliced holds a slice of Split against the contract, and against what Parse makes of it:
// that event, or none.
func (s Suite) Sliced(t *testing.T, a channel.Adapter, body []byte, slice channel.Slice) {
	t.Helper()
	if !bytes.Contains(body, slice.Raw) || !json.Valid(slice.Head) || len(slice.Head) > 4096 {
		t.Fatalf("got %+v, want it as received, and a small head", slice)
	}
	if slice.Event == "" || len(slice.Event) > 600 || len(slice.Hash) != 32 || !utf8.ValidString(slice.User+slice.Event+slice.Account) {
		t.Fatalf("got %+v, want an id and a hash", slice)
	}
	if slice.Account == "" && slice.User != "" && !a.Setup().Single {
		t.Fatalf("got %+v, want the account of a user", slice)
	}
	e, err := a.Parse(slice.Head, slice.Raw)
	if err != nil {
		s.wantCode(t, err, hub.Unparsable)
	} else if e.ID != slice.Event || e.User != slice.User || e.Account != slice.Account {
		t.Fatalf("Parse got %+v, Split %+v", e, slice)
	}
}

// FuzzParse: the answer is an event of valid text that holds to the contract of its kind,
// or Unparsable. Seeds are the events of the bodies and those that more adds; same holds
// an event against what the standard decoder reads.
func (s Suite) FuzzParse(f *testing.F, seed [][]byte, more [][2]string, same func(t *testing.T, head, raw []byte, e channel.Event)) {
	a := s.adapter()
	for _, body := range seed {
		list, err := a.Split(&channel.Request{Method: "POST", Body: body})
		if err != nil {
			f.Fatal(err)
		}
		for _, slice := range list {
			f.Add(slice.Head, slice.Raw)
		}
	}
	for _, x := range more {
		f.Add([]byte(x[0]), []byte(x[1]))
	}
	caps, single := a.Capabilities(), a.Setup().Single
	f.Fuzz(func(t *testing.T, head, raw []byte) {
		e, err := a.Parse(head, raw)
		if err != nil {
			s.wantCode(t, err, hub.Unparsable)
			return
		}
		if e.ID == "" || e.At < 0 || e.At > 9_999_999_999_999 {
			t.Fatalf("got id %q at %d", e.ID, e.At)
		}
		for _, text := range textsOf(e) {
			if !utf8.ValidString(text) {
				t.Fatalf("got text that is not UTF-8: %q", text)
			}
		}
		for _, wrong := range faultsOf(e, caps, single) {
			t.Errorf("%s of %q: %s", e.Kind, raw, wrong)
		}
		same(t, head, raw, e)
	})
}

// textsOf are the texts of an event.
func textsOf(e channel.Event) []string {
	m, p := e.Message, e.Profile
	out := []string{
		e.Type, e.ID, e.Account, e.User, e.Actor, e.Reply.Reveal(), m.ID, m.Text, m.Data, m.Quotes,
		e.Action.Target, e.Action.Value, e.Action.Actor, e.Receipt.Target, e.Receipt.Ref, e.Receipt.Detail, e.Link.Nonce,
		e.Echo.Ref, e.Echo.App, e.Entry.Source, e.Entry.Ref, e.Entry.Ad, e.Notice.Topic,
		p.Name.Reveal(), p.Username.Reveal(), p.Picture.Reveal(), p.Phone.Reveal(), p.Status.Reveal(), p.Language,
	}
	for _, file := range m.Media {
		out = append(out, file.ID, file.URL, file.Name, file.MIME)
	}
	for name, value := range e.Notice.Detail {
		out = append(out, name, value)
	}
	for _, alias := range slices.Concat(e.Aliases, e.Former) {
		out = append(out, alias.Value.Reveal())
	}
	return out
}
