package channeltest

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// handshake: the right token gets the challenge back, and nothing else does.
func (s Suite) handshake(t *testing.T) {
	h, ok := s.adapter().(channel.Handshaker)
	if !ok {
		if s.Handshake != nil {
			t.Error("got cases of a handshake, want none: the adapter has none")
		}
		return
	}
	if s.Handshake == nil {
		t.Fatal("got no data of the handshake, want some")
	}
	for _, wrong := range s.handshakeFaults(h) {
		t.Error(wrong)
	}
}

// handshakeFaults tells what a Handshaker does wrong.
func (s Suite) handshakeFaults(h channel.Handshaker) []string {
	var out []string
	wrong := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var (
		d     = *s.Handshake
		token = d.Token.Reveal()
		ask   = func(query string, c channel.Credentials) (string, error) {
			return h.Handshake(&channel.Request{Method: "GET", RawQuery: query}, c)
		}
		query = func(mode, token, challenge string) string {
			return d.Mode + "=" + url.QueryEscape(mode) + "&" + d.Verify + "=" + url.QueryEscape(token) + "&" +
				d.Challenge + "=" + url.QueryEscape(challenge)
		}
	)
	for _, challenge := range []string{"1158201444", "a", "-_Az09", strings.Repeat("x", 256)} {
		got, err := ask(query(d.Subscribe, token, challenge), s.Credentials)
		if err != nil || got != challenge {
			wrong("the right token: got %q, %v, want the challenge", got, err)
		}
	}
	turned := d.Challenge + "=42&" + d.Verify + "=" + url.QueryEscape(token) + "&" + d.Mode + "=" + url.QueryEscape(d.Subscribe)
	if got, err := ask(turned, s.Credentials); err != nil || got != "42" {
		wrong("in another order: got %q, %v, want the challenge", got, err)
	}

	bare := s.Credentials
	bare.Secrets = nil
	forged := []string{
		"", "x", token + "x", "x" + token, token[:len(token)-1], token[:1], token[1:], token + token, " " + token, token + " ",
		strings.ToUpper(token) + "x", token + "\x00", d.Token.String(),
	}
	for _, other := range s.Other.Secrets {
		forged = append(forged, other.Reveal())
	}
	for name, secret := range s.Credentials.Secrets { // nor does another secret of the connection
		if secret.Reveal() != token {
			forged = append(forged, secret.Reveal(), name)
		}
	}
	refuse := func(name, query string, c channel.Credentials, codes ...hub.Code) {
		got, err := ask(query, c)
		if got != "" {
			wrong("%s: got the answer %q, want none", name, got)
		}
		code := hub.CodeOf(err)
		if code != codes[0] && code != codes[len(codes)-1] {
			wrong("%s: got %v, want one of %v", name, err, codes)
		}
		if word := s.reveals(err, token); word != "" {
			wrong("%s: the error's text holds %q", name, word)
		}
	}
	for _, f := range forged {
		refuse("a forged token", query(d.Subscribe, f, "42"), s.Credentials, hub.BadSignature)
	}
	refuse("no token set", query(d.Subscribe, token, "42"), bare, hub.BadSignature)
	refuse("no token set, none given", query(d.Subscribe, "", "42"), bare, hub.BadSignature)

	malformed := map[string]string{
		"no query": "", "broken query": "%zz", "broken escape": query(d.Subscribe, token, "42") + "%",
		"no mode":      d.Verify + "=" + url.QueryEscape(token) + "&" + d.Challenge + "=42",
		"no token":     d.Mode + "=" + d.Subscribe + "&" + d.Challenge + "=42",
		"no challenge": d.Mode + "=" + d.Subscribe + "&" + d.Verify + "=" + url.QueryEscape(token),
	}
	for _, mode := range []string{"", "unsubscribe", strings.ToUpper(d.Subscribe), d.Subscribe + " "} {
		malformed["mode "+mode] = query(mode, token, "42")
	}
	for _, challenge := range []string{
		"", "<script>alert(1)</script>", "a b", "a\n", "a.b", "a+b", "é", "0\x00", strings.Repeat("x", 257),
	} {
		malformed["challenge "+challenge] = query(d.Subscribe, token, challenge)
	}
	for name, q := range malformed {
		refuse(name, q, s.Credentials, hub.BadSignature, hub.BadRequest)
	}
	return out
}

// FuzzHandshake: only the right token gets an answer, and that is its own challenge.
func (s Suite) FuzzHandshake(f *testing.F) {
	h := s.Handshake
	token := "&" + h.Verify + "=" + url.QueryEscape(h.Token.Reveal())
	good := h.Mode + "=" + h.Subscribe + "&" + h.Challenge + "=1158201444" + token
	f.Add(good)
	f.Add(strings.Replace(good, "1158201444", "%3Cscript%3E", 1))
	f.Add(h.Challenge + "=1&" + h.Challenge + "=2" + token + "&" + h.Mode + "=" + h.Subscribe + ";x")
	f.Add(strings.ReplaceAll(good, ".", "_"))
	plain := regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	shaker := s.adapter().(channel.Handshaker)
	f.Fuzz(func(t *testing.T, query string) {
		got, err := shaker.Handshake(&channel.Request{Method: "GET", RawQuery: query}, s.Credentials)
		if err != nil {
			if code := hub.CodeOf(err); got != "" || code != hub.BadSignature && code != hub.BadRequest {
				t.Errorf("got %q, %v", got, err)
			}
			return
		}
		values, _ := url.ParseQuery(query)
		if !plain.MatchString(got) || strings.HasSuffix(got, "\n") || values.Get(h.Challenge) != got || values.Get(h.Mode) != h.Subscribe ||
			values.Get(h.Verify) != h.Token.Reveal() {
			t.Errorf("%q: got %q, want no answer", query, got)
		}
		if got, err := shaker.Handshake(&channel.Request{RawQuery: query}, channel.Credentials{}); err == nil {
			t.Errorf("without a token of ours: got %q, want no answer", got)
		}
	})
}
