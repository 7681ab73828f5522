package channeltest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// wireCall is a request as it went over the wire, in a file of Suite.Wire. Its
// credentials are shown, since they are made up.
type wireCall struct {
	By     string            `json:"by"` // the method of the adapter
	Method string            `json:"method"`
	Path   string            `json:"path"` // with its query
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body,omitempty"`
	Text   string            `json:"text,omitempty"` // the body, if it is no JSON
}

// common are headers that say nothing of the platform.
var common = []string{"Accept-Encoding", "Content-Length", "User-Agent"}

// wire is a platform that records its calls and answers them in turn.
type wire struct {
	mu    sync.Mutex
	calls []wireCall
}

// ServeHTTP records; what answers comes after it.
func (w *wire) record(by string, r *http.Request, prefix string) {
	body, _ := io.ReadAll(r.Body)
	c := wireCall{By: by, Method: r.Method, Path: strings.TrimPrefix(r.URL.RequestURI(), prefix), Header: map[string]string{}}
	for name, values := range r.Header {
		if !slices.Contains(common, name) {
			c.Header[name] = strings.Join(values, " | ")
		}
	}
	if json.Valid(body) {
		c.Body = body
	} else {
		c.Text = string(body)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
}

// same compares the calls with their file.
func (w *wire) same(t *testing.T, folder, name string) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(w.calls); err != nil {
		t.Fatal(err)
	}
	compare(t, filepath.Join(folder, name+".json"), b.Bytes())
}

// compare holds what a test got against a file that a person has read.
func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update, and read what it wrote)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// accepted is what the platform answers to a good call.
func (s Suite) accepted(t *testing.T) Answer {
	t.Helper()
	for _, a := range s.Answers {
		if a.Code == "" && !a.Reply && !a.Sent.Repeated {
			return a
		}
	}
	t.Fatal("got no answer of acceptance, want one")
	return Answer{}
}

// sends: every form that the channel shows goes over the wire as the platform
// documents it, by one call of Send and by one of Reply, and a refusal of it gives
// nothing of it away.
func (s Suite) sends(t *testing.T) {
	caps := s.adapter().Capabilities()
	shown := map[hub.MessageType]bool{}
	quick, quoted, most := false, false, 1
	for _, content := range s.Sends {
		shown[content.Type] = true
		quick = quick || len(content.QuickReplies) > 0
		quoted = quoted || content.ReplyTo != ""
		most = max(most, len(content.Parts))
	}
	for form := range caps.Shows {
		if !shown[form] {
			t.Errorf("got no content of the form %q, want one, since the channel shows it", form)
		}
	}
	if caps.QuickReplies.Max > 0 && !quick || caps.Quotes && !quoted {
		t.Errorf("got contents with quick replies %v, with a quote %v, want those that the channel shows", quick, quoted)
	}
	if most != max(1, caps.PerCall) {
		t.Errorf("got a content of up to %d messages, want one of %d, since a call takes as many", most, caps.PerCall)
	}
	for name, content := range s.Sends {
		t.Run(name, func(t *testing.T) {
			if err := caps.Check(content); err != nil {
				t.Fatalf("check: got %v, want it to pass", err)
			}
			if content.Type != hub.Text || content.Text != s.Message.Content.Text {
				s.unchanged(t, content)
			}
			w, by, prefix := &wire{}, "", "/"+string(s.adapter().Kind())
			answer := s.accepted(t)
			a, calls := s.against(t, func(rw http.ResponseWriter, r *http.Request) {
				w.record(by, r, prefix)
				rw.WriteHeader(answer.Status)
				_, _ = io.WriteString(rw, answer.Body)
			})
			one := s.with(content)
			by = "send"
			if got, err := one.send(t.Context(), a, false); err != nil || got != answer.Sent {
				t.Fatalf("send: got %+v, %v, want %+v", got, err, answer.Sent)
			}
			if _, ok := a.(channel.Replier); ok {
				by = "reply"
				if _, err := one.send(t.Context(), a, true); err != nil {
					t.Fatalf("reply: got %v, want no error", err)
				}
			}
			if int(calls.Load()) != len(w.calls) || len(w.calls) > 2 {
				t.Errorf("got %d calls, want one for each", calls.Load())
			}
			w.same(t, s.Wire, name)

			by = "refused"
			answer = Answer{Status: 400, Body: string(w.calls[0].Body)}
			_, err := one.send(t.Context(), a, false)
			if err == nil {
				t.Error("refused by the platform: got no error, want one")
			}
			s.keepsSecrets(t, err, wordsOf(t, content)...)
		})
	}
}

// unchanged: the adapter leaves the content that it is given as it is.
func (s Suite) unchanged(t *testing.T, content hub.Content) {
	t.Helper()
	before, _ := json.Marshal(content)
	a, _ := s.against(t, func(http.ResponseWriter, *http.Request) {})
	_, _ = s.with(content).send(t.Context(), a, false)
	if after, _ := json.Marshal(content); !bytes.Equal(before, after) {
		t.Errorf("the content after the send: got %s, want %s", after, before)
	}
}
