package channeltest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// renewed is what a Refresher answers, and found what a Finder does.
type (
	renewed struct {
		Secrets channel.Secrets
		expires hub.Millis
	}
	found struct {
		sent  channel.Sent
		found bool
	}
)

// careList are the abilities by which an account is cared for. All of them may be done
// again, so none of their ends is unclear.
func (s Suite) careList() []ability {
	a := s.adapter()
	_, connects := a.(channel.Connector)
	_, registers := a.(channel.Registrar)
	_, refreshes := a.(channel.Refresher)
	_, finds := a.(channel.Finder)
	nothing := func(Ask) any { return nil }
	none := []hub.Code{hub.TokenExpired, hub.BadRequest}
	return []ability{
		{name: "check", asks: s.Checks, has: connects, bare: none, use: check, want: func(q Ask) any { return q.Standing },
			further: s.checksExternal},
		{name: "register", asks: s.Registers, has: registers, bare: none, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, _ Ask) (any, error) {
			return nil, a.(channel.Registrar).Register(ctx, acct)
		}, want: nothing},
		{name: "unregister", asks: s.Unregisters, has: registers, bare: none, idle: true, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, _ Ask) (any, error) {
			return nil, a.(channel.Registrar).Unregister(ctx, acct)
		}, want: nothing},
		{name: "registered", asks: s.Registered, has: registers, bare: none, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, _ Ask) (any, error) {
			return a.(channel.Registrar).Registered(ctx, acct)
		}, want: func(q Ask) any { return q.Registered }, further: s.otherWebhook},
		{name: "refresh", asks: s.Refreshes, has: refreshes, bare: none, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, _ Ask) (any, error) {
			values, expires, err := a.(channel.Refresher).Refresh(ctx, acct)
			if len(values) == 0 {
				values = nil
			}
			return renewed{values, expires}, err
		}, want: func(q Ask) any { return renewed{q.Secrets, q.Expires} }, further: s.refreshesFields},
		{name: "find", asks: s.Finds, has: finds, bare: none, use: func(ctx context.Context, a channel.Adapter, acct channel.Account, q Ask) (any, error) {
			m := s.Message
			m.To = hub.Personal(q.User)
			sent, ok, err := a.(channel.Finder).Find(ctx, acct, m, q.Since, q.Known)
			return found{sent, ok}, err
		}, want: func(q Ask) any { return found{q.Sent, q.Found} }},
	}
}

func check(ctx context.Context, a channel.Adapter, acct channel.Account, _ Ask) (any, error) {
	return a.(channel.Connector).Check(ctx, acct)
}

// saying is an adapter whose platform answers as a case tells.
func (s Suite) saying(t *testing.T, q Ask) channel.Adapter {
	t.Helper()
	n := 0
	a, _ := s.against(t, func(w http.ResponseWriter, _ *http.Request) {
		reply := q.Replies[min(n, len(q.Replies)-1)]
		n++
		for name, value := range reply.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(reply.Status)
		_, _ = io.WriteString(w, reply.Body)
	})
	return a
}

// checksExternal: an account that was found to be good is not good under another name;
// without one the answer tells it, or the adapter says that it must be given.
func (s Suite) checksExternal(t *testing.T, q Ask) {
	for _, wrong := range s.externalFaults(t, q) {
		t.Error(wrong)
	}
}

func (s Suite) externalFaults(t *testing.T, q Ask) []string {
	t.Helper()
	ask := func(external string) (channel.Standing, error) {
		acct := s.of(q)
		acct.External = external
		return s.saying(t, q).(channel.Connector).Check(t.Context(), acct)
	}
	told, err := ask(s.of(q).External)
	if err != nil {
		return []string{err.Error()}
	}
	out := faultsOfStanding(told, s.of(q).External)
	wrong := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	_, err = ask(another(told.External))
	if code := hub.CodeOf(err); code != hub.NotFound && code != hub.BadRequest {
		wrong("another account's credentials: got %v, want %s", err, hub.NotFound)
	}
	if word := s.reveals(err); word != "" {
		wrong("another account's credentials: the error's text holds %q", word)
	}
	got, err := ask("")
	if code := hub.CodeOf(err); code != "" && code != hub.BadRequest || code == "" && !reflect.DeepEqual(got, told) {
		wrong("without an external id: got %+v, %v, want %+v, or %s", got, err, told, hub.BadRequest)
	}
	if word := s.reveals(err); word != "" {
		wrong("without an external id: the error's text holds %q", word)
	}
	return out
}

// faultsOfStanding tells what is wrong with what a check found good.
func faultsOfStanding(told channel.Standing, external string) (out []string) {
	if told.External == "" || external != "" && told.External != external {
		out = append(out, "external: got "+told.External+", want "+external)
	}
	if told.Name == "" {
		out = append(out, "name: got none, want one for people")
	}
	if told.Expires < 0 {
		out = append(out, "expires: got a time before all times")
	}
	for _, advice := range told.Advice {
		if !strings.HasSuffix(advice, ".") || strings.TrimSpace(advice) != advice || advice != "" && strings.ToUpper(advice[:1]) != advice[:1] {
			out = append(out, "advice: got "+advice+", want a sentence")
		}
	}
	return out
}

// another is an external id of the same form that is another account's.
func another(external string) string {
	if external == "" {
		return "1"
	}
	last := external[len(external)-1]
	switch last {
	case '9', 'f', 'F', 'z', 'Z':
		last--
	default:
		last++
	}
	return external[:len(external)-1] + string(last)
}

// otherWebhook: webhooks that come to another place do not come to ours.
func (s Suite) otherWebhook(t *testing.T, _ Ask) {
	for _, ask := range s.Registered {
		if ask.Code == "" && !ask.Registered {
			return
		}
	}
	t.Error("registered: got no case of webhooks that come elsewhere, want one")
}

// refreshesFields: what was renewed are fields that the account is connected with.
func (s Suite) refreshesFields(t *testing.T, _ Ask) {
	for _, ask := range s.Refreshes {
		for _, stranger := range s.strangersAmong(ask.Secrets) {
			t.Errorf("%s: got %s renewed, which no field of the setup is called", ask.Name, stranger)
		}
	}
}

func (s Suite) strangersAmong(values channel.Secrets) (out []string) {
	setup := s.adapter().Setup()
	known := map[string]bool{}
	for _, f := range append(setup.Connection, setup.Account...) {
		known[f.Name] = true
	}
	for name := range values {
		if !known[name] {
			out = append(out, name)
		}
	}
	return out
}
