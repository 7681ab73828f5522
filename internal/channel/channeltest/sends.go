package channeltest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// send calls Send or Reply once.
func (s Suite) send(ctx context.Context, a channel.Adapter, reply bool) (channel.Sent, error) {
	if reply {
		return a.(channel.Replier).Reply(ctx, s.Account, s.Token, s.Message)
	}
	return a.Send(ctx, s.Account, s.Message)
}

// with is the suite with another content of its message.
func (s Suite) with(content hub.Content) Suite {
	s.Message.Content = content
	return s
}

// each runs a test for Send, and for Reply if the adapter has it.
func (s Suite) each(t *testing.T, test func(t *testing.T, reply bool)) {
	t.Run("send", func(t *testing.T) { test(t, false) })
	if _, ok := s.adapter().(channel.Replier); ok {
		t.Run("reply", func(t *testing.T) { test(t, true) })
	}
}

// afterWindow: a message by a person after the window goes over the wire under the
// mark that the platform wants, and one within the window does not.
func (s Suite) afterWindow(t *testing.T) {
	if s.adapter().Capabilities().PersonWindow == 0 {
		return
	}
	answer := s.accepted(t)
	calls := func(late bool) *wire {
		w := &wire{}
		a, _ := s.against(t, func(rw http.ResponseWriter, r *http.Request) {
			w.record("send", r, "/"+string(s.adapter().Kind()))
			rw.WriteHeader(answer.Status)
			_, _ = io.WriteString(rw, answer.Body)
		})
		one := s
		one.Message.Class, one.Message.AfterWindow = hub.ClassPerson, late
		if _, err := one.send(t.Context(), a, false); err != nil {
			t.Fatalf("after the window %v: got %v, want no error", late, err)
		}
		return w
	}
	late, early := calls(true), calls(false)
	if fmt.Sprint(late.calls) == fmt.Sprint(early.calls) {
		t.Errorf("after the window: got the same call as before, want it marked")
	}
	late.same(t, s.Wire, "after_window")
}

// answers: each of the platform's answers means what the table says, is asked for
// once, and nothing private gets into an error, even if the platform repeats it.
func (s Suite) answers(t *testing.T) {
	for _, want := range s.Answers {
		t.Run(want.Name, func(t *testing.T) {
			body, canary := want.Body, ""
			a, calls := s.against(t, func(w http.ResponseWriter, r *http.Request) {
				for name, value := range want.Header {
					if canary != "" {
						value = canary
					}
					w.Header().Set(name, value)
				}
				w.WriteHeader(want.Status)
				_, _ = io.WriteString(w, body)
			})
			got, err := s.send(t.Context(), a, want.Reply)
			s.wantCode(t, err, want.Code)
			if wait := hub.RetryAfterOf(err); wait != want.RetryAfter {
				t.Errorf("retry after: got %v, want %v", wait, want.RetryAfter)
			}
			if got != want.Sent {
				t.Errorf("got %+v, want %+v", got, want.Sent)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("calls: got %d, want 1", n)
			}
			canary = s.private()[0]
			body = fmt.Sprintf(`{"message":%q}`, strings.Join(s.private(), " "))
			_, err = s.send(t.Context(), a, want.Reply)
			s.keepsSecrets(t, err)
		})
	}
}

// refused: what the channel cannot show, Check refuses; what the platform would not
// take for other reasons, Send refuses before any call.
func (s Suite) refused(t *testing.T) {
	a, calls := s.against(t, func(http.ResponseWriter, *http.Request) {})
	if len(s.Refused) == 0 {
		t.Error("got no contents to refuse, want some")
	}
	caps := a.Capabilities()
	for name, content := range s.Refused {
		err := caps.Check(content)
		if hub.CodeOf(err) != hub.Unsupported {
			t.Errorf("check %s: got %v, want %s", name, err, hub.Unsupported)
		}
		s.keepsSecrets(t, err, wordsOf(t, content)...)
	}
	for name, content := range s.Unfit {
		if err := caps.Check(content); err != nil {
			t.Errorf("check %s: got %v, want it to pass: it belongs to Refused", name, err)
		}
		s.each(t, func(t *testing.T, reply bool) {
			_, err := s.with(content).send(t.Context(), a, reply)
			if hub.CodeOf(err) != hub.Unsupported {
				t.Errorf("%s: got %v, want %s", name, err, hub.Unsupported)
			}
			s.keepsSecrets(t, err, wordsOf(t, content)...)
		})
	}
	bare := s
	bare.Account.Secrets = nil
	s.each(t, func(t *testing.T, reply bool) {
		_, err := bare.send(t.Context(), a, reply)
		s.wantCode(t, err, hub.TokenExpired)
	})
	if n := calls.Load(); n != 0 {
		t.Errorf("calls: got %d, want 0", n)
	}
}

// network: what is lost before the request left is Transient, after it Unclear; an
// acceptance stands even if the rest of the answer is lost.
func (s Suite) network(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	s.each(t, func(t *testing.T, reply bool) {
		t.Run("nobody listens", func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			a := s.New(channel.Platform{BaseURL: "http://" + l.Addr().String(), Client: (&Guard{}).Client()})
			_, err = s.send(t.Context(), a, reply)
			s.wantCode(t, err, hub.Transient)
		})
		t.Run("given up before the call", func(t *testing.T) {
			a, calls := s.against(t, hangUp)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := s.send(ctx, a, reply)
			s.wantCode(t, err, hub.Transient)
			if n := calls.Load(); n != 0 {
				t.Errorf("calls: got %d, want 0", n)
			}
		})
		t.Run("connection ends without an answer", func(t *testing.T) {
			a, calls := s.against(t, hangUp)
			_, err := s.send(t.Context(), a, reply)
			s.wantCode(t, err, hub.Unclear)
			if n := calls.Load(); n != 1 {
				t.Errorf("calls: got %d, want 1", n)
			}
		})
		t.Run("answer that is no HTTP", func(t *testing.T) {
			a, _ := s.against(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				defer conn.Close()
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", strings.Join(s.private(), " "))
			})
			_, err := s.send(t.Context(), a, reply)
			s.wantCode(t, err, hub.Unclear)
		})
		t.Run("no answer in time", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			a, _ := s.against(t, func(_ http.ResponseWriter, r *http.Request) {
				cancel() // the caller gives up once the request has arrived
				<-r.Context().Done()
			})
			_, err := s.send(ctx, a, reply)
			s.wantCode(t, err, hub.Unclear)
		})
		t.Run("accepted, answer cut off", func(t *testing.T) {
			a, _ := s.against(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.WriteHeader(http.StatusOK)
				_, _ = io.WriteString(w, `{"`)
			})
			got, err := s.send(t.Context(), a, reply)
			if s.InBody {
				s.wantCode(t, err, hub.Unclear)
			} else if err != nil || got.PlatformID != "" {
				t.Errorf("got %+v, %v, want it sent, without an id", got, err)
			}
		})
		t.Run("accepted, answer without end", func(t *testing.T) {
			a, _ := s.against(t, func(w http.ResponseWriter, r *http.Request) {
				block := []byte(strings.Repeat("x", 1<<16))
				for r.Context().Err() == nil {
					if _, err := w.Write(block); err != nil {
						return
					}
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if _, err := s.send(ctx, a, reply); (err != nil) != s.InBody || ctx.Err() != nil {
				t.Errorf("got %v, want it sent, or unclear, and the rest not read", err)
			}
		})
		t.Run("redirect", func(t *testing.T) {
			a, calls := s.against(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			})
			if _, err := s.send(t.Context(), a, reply); err == nil {
				t.Error("got no error, want one: a redirect is no acceptance")
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("calls: got %d, want 1: a redirect is not followed", n)
			}
		})
	})
}

// host: without a BaseURL the adapter calls the platform itself, and nobody else.
func (s Suite) host(t *testing.T) {
	s.each(t, func(t *testing.T, reply bool) {
		guard := &Guard{}
		client := guard.Client()
		_, err := s.send(t.Context(), s.New(channel.Platform{Client: client}), reply)
		s.wantCode(t, err, hub.Transient)
		if got := guard.Strays(); len(got) != 1 || got[0] != s.Host {
			t.Errorf("hosts: got %v, want [%s]", got, s.Host)
		}
		if client.Timeout != 0 || client.CheckRedirect != nil || client.Transport != guard {
			t.Errorf("the caller's client: got %+v, want it left alone", client)
		}
		if strings.Contains(err.Error(), "https://") {
			t.Errorf("the error's text: got %v, want no address, since some hold credentials", err)
		}
	})
}
