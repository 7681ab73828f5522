package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	token = "demo.AbCdEfGhIjKlMnOpQrStUv"
	tapID = "AAAAAAAAAAAAAAAAAAAAAA"
	// spentTap is a tap id whose code was used.
	spentTap = "SSSSSSSSSSSSSSSSSSSSSS"
)

// toy is a Linker that answers what it is told to, and remembers what it was asked.
type toy struct {
	err     error
	outcome Outcome
	calls   []string
}

func (l *toy) Look(_ context.Context, token string) (View, error) {
	l.calls = append(l.calls, "look "+token)
	return View{Language: "en", Text: "Link <now>", Button: "Go", Brand: "Shop", Chat: true, Image: "https://hub.example/media/demo/a.jpg",
		To: channel.Landing{App: "WhatsApp", Origins: []string{"https://wa.me"}}}, l.err
}

func (l *toy) Tap(_ context.Context, token, tap, browser string) (Target, error) {
	l.calls = append(l.calls, strings.Join([]string{"tap", token, tap, browser}, " "))
	if tap == spentTap {
		return Target{}, hub.E(hub.Conflict, "toy", nil)
	}
	return Target{"https://wa.me/886277001234?text=x"}, l.err
}

func (l *toy) Arrive(_ context.Context, code string) (Arrival, error) {
	l.calls = append(l.calls, "arrive "+code)
	return Arrival{Language: "zh-TW", Brand: "Shop", Login: channel.LoginPage{App: "1234567890-AbcdEfgh", Name: "LINE",
		Script: "https://static.line-scdn.net/liff/edge/2/sdk.js", Connects: []string{"https://api.line.me"}, Friend: "https://line.me/R/ti/p/%40shop"}}, l.err
}

func (l *toy) Return(_ context.Context, code string, idToken hub.Secret, browser string) (Outcome, error) {
	l.calls = append(l.calls, strings.Join([]string{"return", code, idToken.Reveal(), browser}, " "))
	return l.outcome, l.err
}

func served(l *toy) *handler {
	return newHandler(l, "https://hub.example", slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// ask sends a request; headers are names and values.
func ask(h http.Handler, method, target, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "https://hub.example"+target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func textOf(r *http.Response) string {
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

const form = "application/x-www-form-urlencoded"

func TestOmniLinkPageIsShownAndSpendsNothing(t *testing.T) {
	for _, agent := range []string{"facebookexternalhit/1.1", "WhatsApp/2.23", "Mozilla/5.0 (Linux; Android 15) Mobile", ""} {
		l := &toy{}
		for _, method := range []string{"GET", "HEAD"} {
			r := ask(served(l), method, "/l/"+token, "", "User-Agent", agent, "Sec-Purpose", "prefetch", "Accept-Language", "zh-TW,zh;q=0.9")
			if r.StatusCode != 200 || len(r.Cookies()) != 0 {
				t.Errorf("%s %q: got %d, %v, want 200 and no cookie", method, agent, r.StatusCode, r.Cookies())
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
				"X-Robots-Tag": "noindex, nofollow", "Content-Type": "text/html; charset=utf-8", "Content-Language": "zh-TW",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if body := textOf(r); method == "GET" && (!strings.Contains(body, "Link &lt;now&gt;") || !strings.Contains(body, `src="/media/demo/a.jpg"`)) {
				t.Errorf("got %s, want the card", body)
			}
		}
		if got := strings.Join(l.calls, ","); got != "look "+token+",look "+token {
			t.Errorf("calls: got %s, want looks only", got)
		}
	}
}

func TestOmniLinkPageKnowsItsAddressWithoutASetting(t *testing.T) {
	const messenger = "Mozilla/5.0 (iPhone) [FBAN/FBIOS;FBAV/1]"
	for proto, want := range map[string]string{"https": "https://hub.example/l/", "http": "http://hub.example/l/", "": "https://hub.example/l/"} {
		h := newHandler(&toLogin{}, "", slog.New(slog.NewTextHandler(io.Discard, nil)))
		if body := textOf(ask(h, "GET", "/l/"+token, "", "X-Forwarded-Proto", proto, "User-Agent", messenger)); !strings.Contains(body, `value="`+want+token+`"`) {
			t.Errorf("%q: got %s, want %s to copy", proto, body, want)
		}
	}
}

// TestOmniLinkPageShowsThePictureThatItsOwnHostServes, by whatever the host is asked, and
// no other.
func TestOmniLinkPageShowsThePictureThatItsOwnHostServes(t *testing.T) {
	for base, shown := range map[string]bool{
		"https://hub.example": true, "http://hub.example": true, "https://hub.example:3000": false, "https://other.example": false, "": true,
	} {
		h := newHandler(&toy{}, base, slog.New(slog.NewTextHandler(io.Discard, nil)))
		r := ask(h, "GET", "/l/"+token, "")
		policy, body := r.Header.Get("Content-Security-Policy"), textOf(r)
		if strings.Contains(body, `src="/media/demo/a.jpg"`) != shown || strings.Contains(policy, "img-src 'self'") != shown || strings.Contains(body, "https://hub.example/media") {
			t.Errorf("%q: got %s with %s, want the picture by its path: %v", base, body, policy, shown)
		}
	}
}

// toLogin is a toy whose links lead where Messenger's browser cannot go.
type toLogin struct{ toy }

func (l *toLogin) Look(ctx context.Context, token string) (View, error) {
	v, err := l.toy.Look(ctx, token)
	v.To.NotFrom = []channel.InApp{channel.MessengerApp}
	return v, err
}

func TestOmniLinkPolicyAdmitsOurOwnOnly(t *testing.T) {
	got := ask(served(&toy{}), "GET", "/l/"+token, "").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "connect-src 'self'", "img-src 'self'",
		"form-action 'self' https://wa.me", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	login := ask(served(&toy{}), "GET", "/liff?c=x", "").Header.Get("Content-Security-Policy")
	for _, want := range []string{"https://static.line-scdn.net/liff/edge/2/sdk.js", "connect-src 'self' https://api.line.me", "form-action 'none'"} {
		if !strings.Contains(login, want) {
			t.Errorf("sign-in: got %s, want %s", login, want)
		}
	}
	for _, bad := range []string{"unsafe", "*", "https:;", "data:"} {
		if strings.Contains(got+login, bad) {
			t.Errorf("got %s and %s, want no %q", got, login, bad)
		}
	}
}

func TestOmniLinkTapAnswersAScriptAndAForm(t *testing.T) {
	l := &toy{}
	h := served(l)
	r := ask(h, "POST", "/l/"+token, "tap="+tapID, "Content-Type", form, "X-Omnihub-Tap", "1", "Sec-Fetch-Site", "same-origin")
	var answer struct{ URL string }
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || r.StatusCode != 200 || answer.URL != "https://wa.me/886277001234?text=x" {
		t.Fatalf("script: got %d %v, %v, want the address", r.StatusCode, answer, err)
	}
	c := r.Cookies()
	if len(c) != 1 || c[0].Name != "__Host-oh_tap" || !c[0].Secure || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode || c[0].Path != "/" || c[0].Domain != "" || len(c[0].Value) != 22 {
		t.Fatalf("cookie: got %+v, want a closed one", c)
	}
	if want := "tap " + token + " " + tapID + " " + hashOf(c[0].Value); l.calls[0] != want {
		t.Errorf("got %s, want %s", l.calls[0], want)
	}
	r = ask(h, "POST", "/l/"+token, "tap="+tapID, "Content-Type", form, "Origin", "null", "Sec-Fetch-Site", "same-origin", "Cookie", "__Host-oh_tap="+c[0].Value)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "https://wa.me/886277001234?text=x" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("form: got %d %v, want 303 to the target", r.StatusCode, r.Header)
	}
	if l.calls[1] != l.calls[0] {
		t.Errorf("with the cookie: got %s, want the same browser as in %s", l.calls[1], l.calls[0])
	}
	r = ask(h, "POST", "/l/"+token, "tap="+tapID, "Content-Type", form, "Sec-Fetch-Site", "same-origin", "Cookie", "__Host-oh_tap=x")
	if c := r.Cookies(); len(c) != 1 || c[0].Value == "x" {
		t.Errorf("with a made-up cookie: got %v, want another one", c)
	}
	// Who does not say whose page it was may have been sent here by another one.
	for _, headers := range [][]string{{"Origin", "null"}, {}} {
		l.calls = nil
		r = ask(h, "POST", "/l/"+token, "tap="+tapID, append(headers, "Content-Type", form, "Cookie", "__Host-oh_tap="+c[0].Value)...)
		if bears := "tap " + token + " " + tapID + " " + hashOf(c[0].Value); r.StatusCode != http.StatusSeeOther || len(r.Cookies()) != 0 || l.calls[0] == bears {
			t.Errorf("from nobody knows where (%v): got %d, cookies %v, %s, want it tied to nothing", headers, r.StatusCode, r.Cookies(), l.calls[0])
		}
	}
}

// TestOmniLinkTapWhoseAnswerIsLostIsTheSameTap: the browser has no cookie then.
func TestOmniLinkTapWhoseAnswerIsLostIsTheSameTap(t *testing.T) {
	for _, id := range []string{tapID, spentTap} {
		l := &toy{}
		h := served(l)
		first := ask(h, "POST", "/l/"+token, "tap="+id, "Content-Type", form, "Sec-Fetch-Site", "same-origin", "X-Omnihub-Tap", "1")
		made := len(l.calls)
		ask(h, "POST", "/l/"+token, "tap="+id, "Content-Type", form, "Sec-Fetch-Site", "same-origin", "X-Omnihub-Tap", "1")
		ask(h, "POST", "/l/"+token, "tap="+id, "Content-Type", form, "Sec-Fetch-Site", "same-origin", "Cookie", "__Host-oh_tap="+first.Cookies()[0].Value)
		for i, call := range l.calls {
			if call != l.calls[i%made] {
				t.Errorf("got %s, want as at first %s", call, l.calls[i%made])
			}
		}
		if len(l.calls) != 3*made {
			t.Errorf("got %d calls, want three times %d", len(l.calls), made)
		}
		other := ask(h, "POST", "/l/"+token, "tap=BBBBBBBBBBBBBBBBBBBBBB", "Content-Type", form, "Sec-Fetch-Site", "same-origin")
		if other.Cookies()[0].Value == first.Cookies()[0].Value {
			t.Error("two pages give one cookie")
		}
	}
}

func TestOmniLinkTapOfAnOldPageIsAnotherTap(t *testing.T) {
	l := &toy{}
	r := ask(served(l), "POST", "/l/"+token, "tap="+spentTap, "Content-Type", form, "X-Omnihub-Tap", "1")
	if r.StatusCode != 200 || len(l.calls) != 2 || strings.Contains(l.calls[1], spentTap) {
		t.Errorf("got %d, calls %v, want another tap after the one that was used", r.StatusCode, l.calls)
	}
}

func TestOmniLinkTapOfAnotherSiteIsRefused(t *testing.T) {
	good := "tap=" + tapID
	for name, x := range map[string]struct {
		body    string
		headers []string
	}{
		"another site":        {good, []string{"Content-Type", form, "Sec-Fetch-Site", "cross-site"}},
		"a sister site":       {good, []string{"Content-Type", form, "Sec-Fetch-Site", "same-site"}},
		"another origin":      {good, []string{"Content-Type", form, "Origin", "https://evil.example"}},
		"no tap":              {"", []string{"Content-Type", form}},
		"a tap of other form": {"tap=1", []string{"Content-Type", form}},
		"text":                {good, []string{"Content-Type", "text/plain"}},
		"a large body":        {good + "&x=" + strings.Repeat("x", 5000), []string{"Content-Type", form}},
		"no form":             {good + "&%zz", []string{"Content-Type", form}},
	} {
		for _, script := range []string{"0", "1"} {
			l := &toy{}
			r := ask(served(l), "POST", "/l/"+token, x.body, append(x.headers, "X-Omnihub-Tap", script)...)
			if r.StatusCode != 400 || len(l.calls) != 0 || len(r.Cookies()) != 0 {
				t.Errorf("%s: got %d, calls %v, want a refusal", name, r.StatusCode, l.calls)
			}
		}
	}
}

func TestOmniLinkRefusalsHaveTheirPages(t *testing.T) {
	texts := map[string]map[string]string{
		"missing": {"zh-TW": "<h1>此連結不存在，請洽客服詢問</h1>", "zh-CN": "<h1>此链接不存在，请联系客服</h1>", "en": "<h1>This link does not exist. Please ask our customer service.</h1>"},
		"expired": {
			"zh-TW": "<h1>連結已過期</h1>\n<p>請回到原本的聊天室，再按一次按鈕。</p>", "zh-CN": "<h1>链接已过期</h1>\n<p>请回到原来的聊天，再点一次按钮。</p>",
			"en": "<h1>This link has expired</h1>\n<p>Please go back to the chat and tap the button again.</p>",
		},
		"busy": {
			"zh-TW": "<h1>系統忙碌中</h1>\n<p>請稍後再試一次。</p>", "zh-CN": "<h1>系统繁忙</h1>\n<p>请稍后再试一次。</p>",
			"en": "<h1>We are busy just now</h1>\n<p>Please try again in a moment.</p>",
		},
	}
	for code, want := range map[hub.Code]struct {
		status int
		state  string
	}{
		hub.NotFound: {404, "missing"}, hub.Refused: {410, "missing"}, hub.DeadlinePassed: {410, "expired"}, hub.RateLimited: {429, "busy"},
		hub.AccountBroken: {409, "busy"}, hub.Transient: {503, "busy"}, hub.Internal: {503, "busy"},
	} {
		l := &toy{err: hub.E(code, "toy", nil)}
		h := served(l)
		for language, text := range texts[want.state] {
			for _, path := range []string{"/l/" + token, "/liff?c=x"} {
				r := ask(h, "GET", path, "", "Accept-Language", language)
				if body := textOf(r); r.StatusCode != want.status || !strings.Contains(body, text) || strings.Contains(body, "<script") {
					t.Errorf("%s: GET %s: got %d, want %d with %s", code, path, r.StatusCode, want.status, text)
				}
			}
			r := ask(h, "POST", "/l/"+token, "tap="+tapID, "Content-Type", form, "Accept-Language", language)
			if body := textOf(r); r.StatusCode != want.status || !strings.Contains(body, text) || len(r.Cookies()) != 0 {
				t.Errorf("%s: POST of the form: got %d, want %d with %s", code, r.StatusCode, want.status, text)
			}
		}
		r := ask(h, "POST", "/l/"+token, "tap="+tapID, "Content-Type", form, "X-Omnihub-Tap", "1")
		if body := textOf(r); r.StatusCode != want.status || body != `{"code":"`+string(code)+"\"}\n" {
			t.Errorf("%s: POST of the script: got %d %s", code, r.StatusCode, body)
		}
		r = ask(h, "POST", "/liff", `{"c":"x","id_token":"t"}`, "Content-Type", "application/json")
		if body := textOf(r); r.StatusCode != want.status || body != `{"state":"`+want.state+"\"}\n" {
			t.Errorf("%s: return: got %d %s, want %d %s", code, r.StatusCode, body, want.status, want.state)
		}
	}
}

func TestOmniLinkTokensOfNoFormAreNotLookedUp(t *testing.T) {
	l := &toy{}
	h := served(l)
	for _, path := range []string{"/l/" + strings.Repeat("x", 100), "/liff", "/liff?c=", "/liff?c=" + strings.Repeat("x", 100), "/liff?liff.state=%3Fc%3D", "/liff?liff.state=%25zz", "/l/", "/l/a/b", "/"} {
		if r := ask(h, "GET", path, ""); r.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", path, r.StatusCode)
		}
	}
	if r := ask(h, "PUT", "/l/"+token, ""); r.StatusCode != 405 {
		t.Errorf("PUT: got %d, want 405", r.StatusCode)
	}
	if len(l.calls) != 0 {
		t.Errorf("calls: got %v, want none", l.calls)
	}
}

func TestOmniLinkReturnTakesTheTokenAndNothingElse(t *testing.T) {
	for name, body := range map[string]string{
		"a user id": `{"c":"x","id_token":"t","userId":"U1"}`, "a profile": `{"c":"x","id_token":"t","profile":{}}`, "no code": `{"id_token":"t"}`, "no token": `{"c":"x"}`,
		"two objects": `{"c":"x","id_token":"t"}{}`, "a list": `[]`, "nothing": ``, "a long code": `{"c":"` + strings.Repeat("x", 65) + `","id_token":"t"}`,
		"a huge token": `{"c":"x","id_token":"` + strings.Repeat("t", 20_000) + `"}`,
	} {
		l := &toy{outcome: Linked}
		if r := ask(served(l), "POST", "/liff", body, "Content-Type", "application/json"); r.StatusCode != 400 || len(l.calls) != 0 {
			t.Errorf("%s: got %d, calls %v, want 400 and none", name, r.StatusCode, l.calls)
		}
	}
	good := `{"c":"x","id_token":"t"}`
	for _, headers := range [][]string{{"Content-Type", "text/plain"}, {"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}, {"Content-Type", "application/json", "Origin", "https://evil.example"}} {
		l := &toy{outcome: Linked}
		if r := ask(served(l), "POST", "/liff", good, headers...); r.StatusCode != 400 || len(l.calls) != 0 {
			t.Errorf("%v: got %d, calls %v, want 400 and none", headers, r.StatusCode, l.calls)
		}
	}
	for _, outcome := range []Outcome{Linked, Pending, Friend, Failed} {
		l := &toy{outcome: outcome}
		r := ask(served(l), "POST", "/liff", good, "Content-Type", "application/json", "Cookie", "__Host-oh_tap="+tapID, "Origin", "https://hub.example")
		if body := textOf(r); r.StatusCode != 200 || body != `{"state":"`+string(outcome)+"\"}\n" || l.calls[0] != "return x t "+hashOf(tapID) {
			t.Errorf("%s: got %d %s, calls %v", outcome, r.StatusCode, body, l.calls)
		}
	}
	for code, state := range map[hub.Code]string{hub.TokenExpired: "signin", hub.BadSignature: "failed"} {
		r := ask(served(&toy{err: hub.E(code, "toy", nil)}), "POST", "/liff", good, "Content-Type", "application/json")
		if body := textOf(r); r.StatusCode != 401 || body != `{"state":"`+state+"\"}\n" {
			t.Errorf("%s: got %d %s, want 401 %s", code, r.StatusCode, body, state)
		}
	}
}

func TestOmniLinkSignInFindsItsCode(t *testing.T) {
	for _, query := range []string{"c=code-1", "liff.state=" + url.QueryEscape("?c=code-1"), "liff.state=" + url.QueryEscape("?x=1&c=code-1") + "&x=2", "liff.state=" + url.QueryEscape("/?c=code-1")} {
		l := &toy{}
		r := ask(served(l), "GET", "/liff?"+query, "")
		if body := textOf(r); r.StatusCode != 200 || len(l.calls) != 1 || l.calls[0] != "arrive code-1" || !strings.Contains(body, `data-code="code-1"`) || !strings.Contains(body, `data-app="1234567890-AbcdEfgh"`) {
			t.Errorf("%s: got %d, calls %v", query, r.StatusCode, l.calls)
		}
	}
}
