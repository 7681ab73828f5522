package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// welcome: the events that the platform lets the webhook's own answer reply to, and no
// others, are answered with the body that it documents; nobody is asked.
func (s Suite) welcome(t *testing.T) {
	guard := &Guard{}
	a, ok := s.New(channel.Platform{Client: guard.Client()}).(channel.Answerer)
	if !ok {
		if s.Welcome != nil {
			t.Error("got cases of a welcome, want none: the adapter has none")
		}
		return
	}
	if s.Welcome == nil || len(s.Welcome.Samples) == 0 || len(s.Welcome.Contents) == 0 {
		t.Fatal("got no data of the welcome, want samples and contents")
	}
	caps := s.adapter().Capabilities()
	for name, content := range s.Welcome.Contents {
		if err := caps.Check(content); err != nil {
			t.Fatalf("%s: check: got %v, want it to pass", name, err)
		}
	}
	answered, wrong := s.answered(a, s.samples(t))
	for _, w := range wrong {
		t.Error(w)
	}
	for name, content := range s.Welcome.Contents {
		for _, slice := range answered[:min(1, len(answered))] {
			body, _ := a.Answer(s.Credentials, slice, content)
			var b bytes.Buffer
			if err := json.Indent(&b, body, "", "  "); err != nil {
				t.Fatalf("%s: got %s, want JSON", name, body)
			}
			b.WriteByte('\n')
			compare(t, filepath.Join(s.Wire, "answer_"+name+".json"), b.Bytes())
		}
	}
	if hosts := guard.Strays(); len(hosts) > 0 {
		t.Errorf("calls: got %v, want none", hosts)
	}
}

// answered gives the slices that are answered, and what is wrong with the answers.
func (s Suite) answered(a channel.Answerer, samples []sample) (out []channel.Slice, wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	known := map[string]bool{}
	for _, x := range samples {
		known[x.name] = true
		cut, _ := s.adapter().Split(x.request())
		if len(cut) == 0 && slices.Contains(s.Welcome.Samples, x.name) {
			say("%s: got no event, want some to answer", x.name)
		}
		for _, slice := range cut {
			for name, content := range s.Welcome.Contents {
				body, ok := s.answer(a, slice, content, say)
				if want := slices.Contains(s.Welcome.Samples, x.name); ok != want {
					say("%s: answered with %s: got %v, want %v", x.name, name, ok, want)
				}
				if ok && !json.Valid(body) || !ok && len(body) > 0 {
					say("%s: answered with %s: got %s, want JSON, or nothing", x.name, name, body)
				}
				if ok && slice.User != "" && bytes.Contains(body, []byte(slice.User)) {
					say("%s: answered with %s: got the user's id in it, want none: the platform knows whom it asked for", x.name, name)
				}
			}
			if slices.Contains(s.Welcome.Samples, x.name) {
				out = append(out, slice)
			}
		}
	}
	for _, name := range s.Welcome.Samples {
		if !known[name] {
			say("%s: got no such sample, want one", name)
		}
	}
	for _, raw := range []string{"", "null", "[]", "{}", "x"} {
		for _, content := range s.Welcome.Contents {
			if body, ok := a.Answer(s.Credentials, channel.Slice{User: "u", Head: []byte(raw), Raw: []byte(raw)}, content); ok {
				say("%q: got it answered with %s, want it left alone", raw, body)
			}
		}
	}
	return out, wrong
}

// answer answers twice, and tells if something differs or was changed.
func (s Suite) answer(a channel.Answerer, x channel.Slice, content hub.Content, say func(string, ...any)) ([]byte, bool) {
	before := channel.Slice{Account: x.Account, User: x.User, Event: x.Event, Head: bytes.Clone(x.Head), Raw: bytes.Clone(x.Raw), Hash: x.Hash}
	shown, _ := json.Marshal(content)
	body, ok := a.Answer(s.Credentials, x, content)
	again, too := a.Answer(s.Credentials, x, content)
	if ok != too || !bytes.Equal(body, again) {
		say("event %s: answered again: got %s, want %s", x.Event, again, body)
	}
	if after, _ := json.Marshal(content); !reflect.DeepEqual(before, x) || !bytes.Equal(after, shown) {
		say("event %s: got the event or the content changed by its answer", x.Event)
	}
	return body, ok
}
