package channeltest

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// SignIn is a token of a platform's sign-in, and what it means.
type SignIn struct {
	Name  string
	Token string
	Nonce string    // the one that our page was given
	Now   time.Time // our clock
	Keys  []Reply   // the platform's answers about its public keys, call by call; none = no call may be made

	User string   // who signed in, if Code is ""
	Code hub.Code //
}

// linkTexts are texts that a link must bear as they are.
var linkTexts = []string{
	"x", "您好 😀", "a b+c%20d", "a&text=b#c?d", "first\nsecond\tthird", `<script>"'\`, "OL0123456789ABCDEFGHJKMNPQRSTXY", "",
}

// links: a link into a chat bears the text as it is, leads to the platform alone, and
// is made without a call.
func (s Suite) links(t *testing.T) {
	guard := &Guard{}
	a, ok := s.New(channel.Platform{Client: guard.Client()}).(channel.ChatLinker)
	if !ok {
		return
	}
	for _, text := range linkTexts {
		link, err := a.ChatLink(s.Linked, text)
		if err != nil {
			t.Fatalf("%q: got %v, want a link (is Suite.Linked whole?)", text, err)
		}
		query := leads(t, link, a.Landing())
		if len(query) > 1 || text == "" && len(query) > 0 || text != "" && !holds(query, text) {
			t.Errorf("%q: got %s, want the text and nothing else in it", text, link)
		}
	}
	for name, text := range map[string]string{"a long text": strings.Repeat("x", 100_000), "no UTF-8": "\xff"} {
		if link, err := a.ChatLink(s.Linked, text); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %d bytes, %v, want %s", name, len(link), err, hub.BadRequest)
		}
	}
	_, err := a.ChatLink(channel.Account{ID: "acct"}, "x")
	s.wantAdvice(t, err)
	local := s.New(channel.Platform{BaseURL: "http://127.0.0.1:1", Client: guard.Client()}).(channel.ChatLinker)
	link, err := local.ChatLink(s.Linked, "x")
	s.staysLocal(t, link, err, local.Landing())
	if hosts := guard.Strays(); len(hosts) > 0 {
		t.Errorf("calls: got %v, want none", hosts)
	}
}

// logins: a sign-in's link bears the code as it is, its page takes scripts from the
// platform alone, and a token means what the table says.
func (s Suite) logins(t *testing.T) {
	guard := &Guard{}
	a, ok := s.New(channel.Platform{Client: guard.Client()}).(channel.Login)
	if !ok {
		if len(s.SignIns) > 0 {
			t.Errorf("got %d sign-ins, want none: the adapter has none", len(s.SignIns))
		}
		return
	}
	for _, code := range linkTexts {
		link, err := a.LoginLink(s.Linked, code)
		if err != nil {
			t.Fatalf("%q: got %v, want a link (is Suite.Linked whole?)", code, err)
		}
		if query := leads(t, link, a.Landing()); len(query) != 1 || query.Get("c") != code {
			t.Errorf("%q: got %s, want the code as c and nothing else in it", code, link)
		}
	}
	page, err := a.LoginPage(s.Linked)
	if err != nil || page.App == "" || page.Name != a.Landing().App || page.Friend == "" {
		t.Errorf("page: got %+v, %v, want all that it needs", page, err)
	}
	for _, address := range append([]string{page.Script, page.Friend}, append(page.Scripts, page.Connects...)...) {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("page: got the address %q, %v, want one with https", address, err)
		}
	}
	bare := channel.Account{ID: "acct"}
	_, err = a.LoginLink(bare, "x")
	s.wantAdvice(t, err)
	_, err = a.LoginPage(bare)
	s.wantAdvice(t, err)
	_, err = a.VerifyLogin(t.Context(), bare, "x", "", time.Unix(0, 0))
	s.wantAdvice(t, err)
	local := s.New(channel.Platform{BaseURL: "http://127.0.0.1:1", Client: guard.Client()}).(channel.Login)
	link, err := local.LoginLink(s.Linked, "x")
	s.staysLocal(t, link, err, local.Landing())
	if hosts := guard.Strays(); len(hosts) > 0 {
		t.Errorf("calls: got %v, want none", hosts)
	}
	good := false
	for _, x := range s.SignIns {
		good = good || x.Code == ""
		t.Run(x.Name, func(t *testing.T) { s.signIn(t, x) })
	}
	if !good {
		t.Error("got no sign-in that is accepted, want one")
	}
}

// signIn: one case.
func (s Suite) signIn(t *testing.T, x SignIn) {
	n := 0
	a, calls := s.against(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n > len(x.Keys) {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		for _, name := range []string{"Authorization", "Cookie"} {
			if r.Header.Get(name) != "" {
				t.Errorf("the question for the keys: got the header %s, want none", name)
			}
		}
		w.WriteHeader(x.Keys[n-1].Status)
		_, _ = io.WriteString(w, x.Keys[n-1].Body)
	})
	user, err := a.(channel.Login).VerifyLogin(t.Context(), s.Linked, hub.Secret(x.Token), x.Nonce, x.Now)
	if hub.CodeOf(err) != x.Code || user != x.User {
		t.Errorf("got %q, %v, want %q, %q", user, err, x.User, x.Code)
	}
	s.keepsSecrets(t, err, slices.DeleteFunc(strings.Split(x.Token, "."), func(part string) bool { return len(part) < 8 })...)
	if int(calls.Load()) != len(x.Keys) {
		t.Errorf("calls: got %d, want %d", calls.Load(), len(x.Keys))
	}
}

// leads reads a link, which must lead to where the ability says, and gives its query.
func leads(t *testing.T, link string, to channel.Landing) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatalf("got %q, want a link: %v", link, err)
	}
	if to.App == "" || len(to.Origins) == 0 || u.Scheme+"://"+u.Host != to.Origins[0] || u.Scheme != "https" || u.User != nil || u.Fragment != "" {
		t.Errorf("got %s, want it to lead to %v", link, to)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Errorf("got %s, want a query that can be read: %v", link, err)
	}
	return query
}

// holds reports whether a member of the query is the text.
func holds(query url.Values, text string) bool {
	for _, values := range query {
		if len(values) == 1 && values[0] == text {
			return true
		}
	}
	return false
}

// staysLocal: with a BaseURL everything stays below it.
func (s Suite) staysLocal(t *testing.T, link string, err error, to channel.Landing) {
	t.Helper()
	if want := "http://127.0.0.1:1/" + string(s.adapter().Kind()) + "/"; err != nil || !strings.HasPrefix(link, want) {
		t.Errorf("with a BaseURL: got %s, %v, want it below %s", link, err, want)
	}
	if len(to.Origins) != 1 || to.Origins[0] != "http://127.0.0.1:1" {
		t.Errorf("with a BaseURL: got the origins %v, want the fake's", to.Origins)
	}
}

// wantAdvice: an account that lacks what a link needs is told what to do.
func (s Suite) wantAdvice(t *testing.T, err error) {
	t.Helper()
	s.wantCode(t, err, hub.AccountBroken)
	if errors.Unwrap(err) == nil {
		t.Errorf("got %v, want what is to be done", err)
	}
}
