package channeltest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// ability is an optional ability of the adapter, and its cases.
type ability struct {
	name string
	asks []Ask
	has  bool
	use  func(ctx context.Context, a channel.Adapter, acct channel.Account, q Ask) (any, error)
	want func(q Ask) any

	unclear bool       // an end of it may be unclear: it is not to be done twice
	bare    []hub.Code // what it may say to an account without credentials
	idle    bool       // a platform may have no call for it: no case has answers then
	// further are checks of a case that succeeds.
	further func(t *testing.T, q Ask)
}

func (s Suite) abilityList() []ability {
	a := s.adapter()
	_, profiles := a.(channel.Profiler)
	_, quotas := a.(channel.Quoter)
	_, types := a.(channel.Typist)
	_, marks := a.(channel.ReadMarker)
	nothing := func(Ask) any { return nil }
	expired := []hub.Code{hub.TokenExpired}
	return append([]ability{
		{name: "profile", asks: s.Profiles, has: profiles, bare: expired, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, q Ask) (any, error) {
			return a.(channel.Profiler).Profile(ctx, acct, q.User)
		}, want: func(q Ask) any { return q.Profile }},
		{name: "quota", asks: s.Quotas, has: quotas, bare: expired, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, _ Ask) (any, error) {
			return a.(channel.Quoter).Quota(ctx, acct)
		}, want: func(q Ask) any { return q.Quota }},
		{name: "typing", asks: s.Typings, has: types, bare: expired, unclear: true, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, q Ask) (any, error) {
			return nil, a.(channel.Typist).Typing(ctx, acct, q.User, q.Message)
		}, want: nothing},
		{name: "mark_read", asks: s.Marks, has: marks, bare: expired, unclear: true, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, q Ask) (any, error) {
			return nil, a.(channel.ReadMarker).MarkRead(ctx, acct, q.User, q.Message)
		}, want: nothing},
	}, s.careList()...)
}

// abilities: what the adapter can do beyond the core holds to the same rules: each
// answer means what the table says and is asked for once, nothing private gets into
// an error, and no call goes anywhere else.
func (s Suite) abilities(t *testing.T) {
	for _, x := range s.abilityList() {
		t.Run(x.name, func(t *testing.T) {
			if !x.has {
				if len(x.asks) > 0 {
					t.Errorf("got %d cases, want none: the adapter has no such ability", len(x.asks))
				}
				return
			}
			var good *Ask
			for i := range x.asks {
				q := &x.asks[i]
				if q.User == "" {
					q.User = s.Message.To.Reveal()
				}
				if good == nil && q.Code == "" && len(q.Replies) > 0 {
					good = q
				}
				t.Run(q.Name, func(t *testing.T) { s.ask(t, x, *q) })
			}
			if good == nil {
				if x.idle && len(x.asks) > 0 && !slices.ContainsFunc(x.asks, func(q Ask) bool { return len(q.Replies) > 0 }) {
					return
				}
				t.Fatal("got no case that succeeds, want one")
			}
			s.askOverTheWire(t, x, *good)
			s.askWithoutLuck(t, x, *good)
			if x.further != nil {
				x.further(t, *good)
			}
		})
	}
}

// of is the account that a case is about.
func (s Suite) of(q Ask) channel.Account {
	if q.Account != nil {
		return *q.Account
	}
	return s.Account
}

// ask: one case, and once more with an answer that repeats all that is private.
func (s Suite) ask(t *testing.T, x ability, q Ask) {
	n, loud := 0, ""
	a, calls := s.against(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n > len(q.Replies) {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		reply := q.Replies[n-1]
		for name, value := range reply.Header {
			if loud != "" {
				value = s.private()[0]
			}
			w.Header().Set(name, value)
		}
		w.WriteHeader(reply.Status)
		if loud != "" {
			reply.Body = loud
		}
		_, _ = io.WriteString(w, reply.Body)
	})
	got, err := x.use(t.Context(), a, s.of(q), q)
	s.wantCode(t, err, q.Code)
	s.keepsSecrets(t, err, q.User)
	if wait := hub.RetryAfterOf(err); wait != q.RetryAfter {
		t.Errorf("retry after: got %v, want %v", wait, q.RetryAfter)
	}
	if want := x.want(q); q.Code == "" && !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if int(calls.Load()) != len(q.Replies) {
		t.Errorf("calls: got %d, want %d", calls.Load(), len(q.Replies))
	}
	n, loud = 0, fmt.Sprintf(`{"message":%q}`, strings.Join(s.private(), " "))
	_, err = x.use(t.Context(), a, s.of(q), q)
	s.keepsSecrets(t, err, q.User)
}

// askOverTheWire: the calls are as the platform documents them.
func (s Suite) askOverTheWire(t *testing.T, x ability, q Ask) {
	w := &wire{}
	a, _ := s.against(t, func(rw http.ResponseWriter, r *http.Request) {
		w.record(x.name, r, "/"+string(s.adapter().Kind()))
		reply := q.Replies[min(len(w.calls), len(q.Replies))-1]
		rw.WriteHeader(reply.Status)
		_, _ = io.WriteString(rw, reply.Body)
	})
	if _, err := x.use(t.Context(), a, s.of(q), q); err != nil {
		t.Fatal(err)
	}
	w.same(t, s.Wire, x.name)
}

// askWithoutLuck: no credentials, no platform, no answer, a redirect, and the
// platform's own host.
func (s Suite) askWithoutLuck(t *testing.T, x ability, q Ask) {
	lost := hub.Transient
	if x.unclear {
		lost = hub.Unclear
	}
	use := func(t *testing.T, a channel.Adapter, ctx context.Context, acct channel.Account) error {
		t.Helper()
		_, err := x.use(ctx, a, acct, q)
		s.keepsSecrets(t, err, q.User)
		return err
	}
	t.Run("no credentials", func(t *testing.T) {
		a, calls := s.against(t, func(http.ResponseWriter, *http.Request) {})
		bare := s.of(q)
		bare.Secrets = nil
		if err := use(t, a, t.Context(), bare); !slices.Contains(x.bare, hub.CodeOf(err)) {
			t.Errorf("got %v, want one of %v", err, x.bare)
		}
		if n := calls.Load(); n != 0 {
			t.Errorf("calls: got %d, want 0", n)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		a := s.New(channel.Platform{BaseURL: "http://" + l.Addr().String(), Client: (&Guard{}).Client()})
		s.wantCode(t, use(t, a, t.Context(), s.of(q)), hub.Transient)
	})
	t.Run("connection ends without an answer", func(t *testing.T) {
		a, calls := s.against(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		s.wantCode(t, use(t, a, t.Context(), s.of(q)), lost)
		if n := calls.Load(); n != 1 && x.unclear { // a transport may repeat a GET
			t.Errorf("calls: got %d, want 1", n)
		}
	})
	t.Run("redirect", func(t *testing.T) {
		a, calls := s.against(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		})
		if use(t, a, t.Context(), s.of(q)) == nil {
			t.Error("got no error, want one: a redirect is no answer")
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("calls: got %d, want 1: a redirect is not followed", n)
		}
	})
	t.Run("answer without end", func(t *testing.T) {
		a, _ := s.against(t, func(w http.ResponseWriter, r *http.Request) {
			block := []byte(strings.Repeat("x", 1<<16))
			for r.Context().Err() == nil {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		})
		_ = use(t, a, t.Context(), s.of(q)) // that it ends is what matters
	})
	t.Run("the platform's own host", func(t *testing.T) {
		guard := &Guard{}
		a := s.New(channel.Platform{Client: guard.Client()})
		s.wantCode(t, use(t, a, t.Context(), s.of(q)), hub.Transient)
		if got := guard.Strays(); len(got) != 1 || got[0] != s.Host {
			t.Errorf("hosts: got %v, want [%s]", got, s.Host)
		}
	})
}
