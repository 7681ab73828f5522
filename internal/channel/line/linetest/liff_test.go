package linetest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/line/linetest"
)

const (
	liffID = "1234567890-AbcdEfgh"
	inLINE = "Mozilla/5.0 (iPhone) Safari Line/15.10.0 LIFF"
)

// liffWorld is a fake LINE with an account that has a LIFF app.
func liffWorld(t *testing.T) *world {
	w := &world{faketest.New(t, "X-Line-Signature", time.UnixMilli(1791170415123))}
	w.Start(linetest.New, nil, fake.Account{ID: "shop", ExternalID: bot, Webhook: w.Hub.URL + "/webhooks/line/x", Secrets: map[string]string{
		"channel_secret": "s1", "channel_token": "t1", "liff_id": liffID, "basic_id": "@shop"}})
	return w
}

// person is somebody's browser; redirects are told, not followed.
type person struct {
	w     *world
	http  *http.Client
	agent string
}

func (w *world) person(agent string) *person {
	jar, _ := cookiejar.New(nil)
	return &person{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, agent}
}

// open asks for a page; a form makes it a POST. It gives where it redirects to.
func (p *person) open(at string, form ...string) (status int, body string, to *url.URL) {
	p.w.T.Helper()
	method, sent := "GET", url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		method = "POST"
		sent.Set(form[i], form[i+1])
	}
	if !strings.HasPrefix(at, "http") {
		at = p.w.API.URL + at
	}
	r, err := http.NewRequestWithContext(p.w.T.Context(), method, at, strings.NewReader(sent.Encode()))
	if err != nil {
		p.w.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", p.agent)
	resp, err := p.http.Do(r)
	if err != nil {
		p.w.T.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	to, _ = resp.Location()
	return resp.StatusCode, string(b), to
}

// claimsOf reads what a token says.
func claimsOf(t *testing.T, token string) (out map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("got %q, want a token", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(b, &out) != nil {
		t.Fatalf("got %q, want a token", token)
	}
	return out
}

func TestLIFFOpensWithinLINEWithItsTokens(t *testing.T) {
	w := liffWorld(t)
	p := w.person(inLINE)
	at := "/liff/" + liffID + "?c=code-1"
	if status, body, _ := p.open(at); status != 200 || !strings.Contains(body, `name="as"`) {
		t.Fatalf("nobody's browser: got %d %s, want the question whose it is", status, body)
	}
	if status, _, to := p.open(at, "as", "amy"); status != 303 || to.RequestURI() != at {
		t.Fatalf("logged in: got %d to %v, want the page again", status, to)
	}
	if status, body, _ := p.open(at); status != 200 || !strings.Contains(body, `id="allow_friend"`) || !strings.Contains(body, `id="deny"`) {
		t.Fatalf("first time: got %d %s, want to be asked", status, body)
	}
	if status, _, to := p.open(at, "do", "deny"); status != 302 || to.Path != "/liff/closed" {
		t.Errorf("denied: got %d to %v, want it closed", status, to)
	}
	if len(w.Got()) != 0 {
		t.Error("got webhooks, want none of a sign-in")
	}
	status, _, to := p.open(at, "do", "allow")
	if status != 302 || to.Scheme+"://"+to.Host+to.Path != w.Hub.URL+"/liff" || to.Query().Get("liff.state") != "?c=code-1" {
		t.Fatalf("allowed: got %d to %v, want the endpoint with liff.state", status, to)
	}
	handed, _ := url.ParseQuery(to.Fragment)
	user := eventOf(t, w.Act(fake.Act{From: "amy", Text: "x"}).Body).Source.UserID
	claims := claimsOf(t, handed.Get("id_token"))
	if claims["sub"] != user || claims["aud"] != "1234567890" || claims["iss"] != "https://access.line.me" || claims["name"] != "amy" || claims["nonce"] != nil ||
		claims["exp"] != float64(1791170415+3600) {
		t.Errorf("got the claims %v, want Amy's for an hour", claims)
	}
	if _, _, to := p.open(at); to == nil || to.Path != "/liff" {
		t.Errorf("again: got %v, want no question", to)
	}
	if status, _, to := p.open("/liff/" + liffID + "/path/x?c=1"); status != 302 || to.Query().Get("liff.state") != "/path/x?c=1" {
		t.Errorf("with a path: got %v, want it in liff.state", to)
	}
	for _, unknown := range []string{"/liff/1234567890-Other", "/liff/x", "/liff/"} {
		if status, _, _ := p.open(unknown); status != 404 {
			t.Errorf("%s: got %d, want 404", unknown, status)
		}
	}
}

func TestLoginOfOtherBrowsersIsACodeForOneUse(t *testing.T) {
	w := liffWorld(t)
	p := w.person("Mozilla/5.0 (Linux; Android 15) Chrome")
	if status, _, to := p.open("/liff/" + liffID + "?c=code-1"); status != 302 || to.Fragment != "" || to.Query().Get("liff.state") != "?c=code-1" {
		t.Fatalf("got %d to %v, want the endpoint without tokens", status, to)
	}
	sum := sha256.Sum256([]byte("verifier"))
	back := w.Hub.URL + "/liff?c=code-1"
	query := url.Values{"liff_id": {liffID}, "client_id": {"1234567890"}, "response_type": {"code"}, "state": {"s"}, "redirect_uri": {back}, "nonce": {"n-1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	with := func(name, value string) string {
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		q.Set(name, value)
		return "/oauth2/v2.1/authorize?" + q.Encode()
	}
	for name, value := range map[string]string{"client_id": "1", "redirect_uri": "https://evil.example/liff", "response_type": "token", "state": "", "liff_id": "x"} {
		if status, _, _ := p.open(with(name, value)); status != 400 {
			t.Errorf("%s %q: got %d, want a refusal", name, value, status)
		}
	}
	at := with("state", "s")
	p.open(at, "as", "amy")
	if _, _, to := p.open(at, "do", "deny"); to == nil || to.Query().Get("error") != "access_denied" || to.Query().Get("state") != "s" || to.Query().Get("c") != "code-1" {
		t.Errorf("denied: got %v, want the error", to)
	}
	_, _, to := p.open(at, "do", "allow_friend")
	if to == nil || to.Query().Get("code") == "" || to.Query().Get("state") != "s" {
		t.Fatalf("allowed: got %v, want a code", to)
	}
	if hooks := w.Got(); len(hooks) != 1 || eventOf(t, hooks[0].Body).Type != "follow" {
		t.Errorf("got %v, want a follow", hooks)
	}
	exchange := func(code, verifier string) (int, map[string]any) {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "client_id": {"1234567890"}, "code_verifier": {verifier}}
		status, out, _ := w.Call("POST", "/oauth2/v2.1/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		return status, out
	}
	if status, _ := exchange(to.Query().Get("code"), "another"); status != 400 {
		t.Errorf("another verifier: got %d, want a refusal", status)
	}
	_, _, to = p.open(at)
	status, out := exchange(to.Query().Get("code"), "verifier")
	if status != 200 || claimsOf(t, fmt.Sprint(out["id_token"]))["nonce"] != "n-1" {
		t.Fatalf("got %d %v, want tokens with the nonce", status, out)
	}
	if status, _ := exchange(to.Query().Get("code"), "verifier"); status != 400 {
		t.Errorf("a second time: got %d, want a refusal", status)
	}
	bearer := "Bearer " + fmt.Sprint(out["access_token"])
	friend := func() any {
		_, out, header := w.Call("GET", "/friendship/v1/status", "", "Authorization", bearer)
		if header.Get("Access-Control-Allow-Origin") != "*" {
			t.Error("friendship: got no leave for other origins, want one")
		}
		return out["friendFlag"]
	}
	w.Want("friend", friend(), true)
	w.Act(fake.Act{From: "amy", Block: true})
	w.Want("blocked", friend(), false)
	if status, _, _ := w.Call("GET", "/friendship/v1/status", "", "Authorization", "Bearer x"); status != 401 {
		t.Errorf("another token: got %d, want 401", status)
	}
	w.Got()
	if status, _, _ := p.open("/R/ti/p/%40shop", "do", "add"); status != 200 || !strings.Contains(w.Got()[0].Body, `"isUnblocked":true`) {
		t.Errorf("added again: got %d, want a follow that unblocks", status)
	}
	w.Want("friend again", friend(), true)
	if status, _, _ := w.Call("POST", "/liff/messages", `{"messages":[{"type":"text","text":"hi"}]}`, "Authorization", bearer); status != 200 || eventOf(t, w.Got()[0].Body).Message.Text != "hi" {
		t.Errorf("sendMessages: got %d, want the text as the customer's", status)
	}
}

func TestKeysAndTokensOutliveARestart(t *testing.T) {
	keys := func() string {
		w := liffWorld(t)
		s := httptest.NewRecorder()
		w.Platform.ServeHTTP(s, httptest.NewRequest("GET", "/oauth2/v2.1/certs", nil))
		return s.Body.String()
	}
	if first, second := keys(), keys(); first != second || strings.Count(first, `"crv":"P-256"`) != 2 || strings.Contains(first, `"d"`) {
		t.Errorf("got %s, then %s, want the same two public keys", first, second)
	}
}

func TestSDKIsServedAndStandsBelowItsAddress(t *testing.T) {
	w := liffWorld(t)
	s := httptest.NewRecorder()
	w.Platform.ServeHTTP(s, httptest.NewRequest("GET", "/liff/edge/2/sdk.js", nil))
	for _, call := range []string{"init:", "isInClient:", "isLoggedIn:", "login:", "logout:", "getIDToken:", "getFriendship:", "closeWindow:", "sendMessages:"} {
		if !strings.Contains(s.Body.String(), call) {
			t.Errorf("got no %s in the SDK", call)
		}
	}
	if got := s.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/javascript") {
		t.Errorf("got %s, want a script", got)
	}
}
