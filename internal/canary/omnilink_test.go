package canary

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// traveller goes over from a channel to another one by OmniLink, in one browser.
type traveller struct {
	*scene
	cookie string
	known  map[string]bool // what is a canary already
}

var (
	cardLink = regexp.MustCompile(`https?://[^"\\ ]+/l/demo\.[A-Za-z0-9_-]{22}`)
	pageTap  = regexp.MustCompile(`name="tap" value="([A-Za-z0-9_-]+)"`)
	linkCode = regexp.MustCompile(`OL[0-9A-Z]{28}$`)
	staying  = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
)

// overTo plays what customers, robots and forgers do with cards, pages, codes and sign-ins.
func (s *scene) overTo() {
	s.t.Helper()
	for _, a := range s.demo.Accounts {
		if number := a.Secrets["display_number"]; number != "" {
			s.flock.add(setting, "the number of "+a.ID, number)
			s.flock.add(setting, "the number of "+a.ID, strings.NewReplacer(" ", "", "+", "").Replace(number))
		}
	}
	v := &traveller{scene: s, known: map[string]bool{}}
	for _, kind := range []string{"line", "whatsapp"} {
		v.act(kind, platforms()[kind], fake.Act{Text: said + " " + email + " " + phone})
	}
	s.must(s.Idle(s.ctx, time.Minute))
	v.byChat()
	v.bySignIn()
	v.strangePages()
	s.must(s.Idle(s.ctx, time.Minute))
	s.searchedForLinks()
}

// hide makes a canary of something that only its bearer may have.
func (v *traveller) hide(k kind, name, value string) {
	if !v.known[value] {
		v.known[value] = true
		v.flock.add(k, name, value)
	}
}

// card asks for a card in a channel, and answers where its page is.
func (v *traveller) card(kind, keyword string) string {
	v.t.Helper()
	v.act(kind, platforms()[kind], fake.Act{Text: keyword})
	v.must(v.Idle(v.ctx, time.Minute))
	calls, err := v.Sent(v.ctx, kind, "")
	v.must(err)
	for _, c := range slices.Backward(calls) {
		if found := cardLink.FindString(c.Body); found != "" {
			v.hide(bearer, "the token of a card of "+kind, found[len(found)-22:])
			return found
		}
	}
	v.t.Fatalf("%s: %q brought no card\n%s", kind, keyword, v.Log())
	return ""
}

// request asks a page of the hub's, as its own pages do. Refusals are kept as what the hub
// said: they repeat nothing of what was asked.
func (v *traveller) request(method, address, kind, body string, want int) []byte {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.ctx, method, address, strings.NewReader(body))
	v.must(err)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.Header.Set("X-Omnihub-Tap", "1")
	}
	if v.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "__Host-oh_tap", Value: v.cookie})
	}
	resp, err := staying.Do(req)
	v.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	v.must(err)
	for _, c := range resp.Cookies() {
		v.cookie = c.Value
		v.hide(secret, "what ties a browser to its taps", c.Value)
	}
	if resp.StatusCode != want {
		v.t.Errorf("%s of %d bytes: got %d, want %d: %.200s", method, len(body), resp.StatusCode, want, answer)
	}
	if resp.StatusCode >= 400 {
		fmt.Fprintf(&v.answers, "%s %v %s\n", resp.Status, resp.Header, bytes.ReplaceAll(answer, []byte(req.URL.EscapedPath()), nil))
	}
	return answer
}

const urlencoded = "application/x-www-form-urlencoded"

// tap opens a card's page and taps it, and answers where that leads.
func (v *traveller) tap(address string) *url.URL {
	v.t.Helper()
	found := pageTap.FindSubmatch(v.request("GET", address, "", "", 200))
	if found == nil {
		v.t.Fatalf("the card's page has no button")
	}
	// Whoever knows it can make what ties the browser to the tap.
	v.hide(secret, "the id of a tap", string(found[1]))
	answer := v.request("POST", address, urlencoded, "tap="+string(found[1]), 200)
	to, err := url.Parse(strings.ReplaceAll(matches(`"url":"([^"]+)"`, string(answer))[0], `\u0026`, "&"))
	v.must(err)
	v.hide(secret, "a code", linkCode.FindString(to.Query().Get("text")+to.Query().Get("c")))
	return to
}

// byChat goes from LINE to WhatsApp, with codes that are good, used, expired and made up.
func (v *traveller) byChat() {
	v.t.Helper()
	p := platforms()["whatsapp"]
	address := v.card("line", "whatsapp")
	expired, good := v.tap(address).Query().Get("text"), ""
	_, err := v.AdvanceClock(v.ctx, 16*time.Minute)
	v.must(err)
	v.act("whatsapp", p, fake.Act{Text: expired})
	good = v.tap(address).Query().Get("text")
	code := linkCode.FindString(good)
	last := map[bool]string{true: "0", false: "1"}[strings.HasSuffix(code, "1")]
	v.act("whatsapp", p, fake.Act{Text: good[:len(good)-1] + last}) // no code: its check is wrong
	v.act("whatsapp", p, fake.Act{Text: good + " " + email})        // the text has another end
	v.act("whatsapp", p, fake.Act{Text: said + "\n" + good})
	v.must(v.Idle(v.ctx, time.Minute))
	v.act("whatsapp", p, fake.Act{Text: good, From: name + " too"})
	v.must(v.Idle(v.ctx, time.Minute))
}

// bySignIn goes from WhatsApp to LINE, with id tokens that are good and that are forged, and
// while the platform fails.
func (v *traveller) bySignIn() {
	v.t.Helper()
	code := v.tap(v.card("whatsapp", "line")).Query().Get("c")
	v.request("GET", v.API+"/liff?c="+url.QueryEscape(code), "", "", 200)
	back := func(token, more string, want int) {
		v.t.Helper()
		v.request("POST", v.API+"/liff", "application/json", `{"c":"`+code+`","id_token":"`+token+`"`+more+`}`, want)
	}
	for _, forged := range []string{
		`"key":"none"`, `"key":"foreign"`, `"key":"other"`, `"key":"hs256","secret":"s"`, `"claims":{"aud":"1"}`, `"claims":{"iss":"https://evil.example"}`,
		`"claims":{"nonce":"canary"}`, `"claims":{"exp":1}`, `"claims":{"sub":"canary-subject"}`, `"claims":{"iat":99999999999,"exp":1}`,
	} {
		back(v.idToken(forged), "", 401)
	}
	good := v.idToken("")
	back(forged+"."+good, "", 401)
	back(good, `,"userId":"`+v.to["line"]+`"`, 400)
	back(good, `,"displayName":"`+name+`"`, 400)
	v.must(v.Faults(v.ctx, map[string]any{"line": raw(`{"down":true}`)}))
	back(good, "", 503)
	v.must(v.Faults(v.ctx, map[string]any{"line": nil}))
	back(good, "", 200)
	back(good, "", 200)
	v.must(v.Idle(v.ctx, time.Minute))
}

// idToken lets the customer sign in at LINE, as somebody else wants the token.
func (v *traveller) idToken(forged string) string {
	v.t.Helper()
	in := `{"liff_id":"` + v.account("line").Secrets["liff_id"] + `","from":"` + name + `"`
	if forged != "" {
		in += "," + forged
	}
	req, err := http.NewRequestWithContext(v.ctx, "POST", v.Platform+"/line/liff/token", strings.NewReader(in+"}"))
	v.must(err)
	resp, err := http.DefaultClient.Do(req)
	v.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	v.must(err)
	found := matches(`"id_token":"([^"]+)"`, string(answer))
	if len(found) == 0 {
		v.t.Fatalf("no id token for %s: %s", forged, answer)
	}
	v.hide(secret, "an id token", found[0])
	claims := strings.Split(found[0], ".")[1]
	v.hide(secret, "what an id token says", claims)
	return found[0]
}

// strangePages are requests that the pages refuse.
func (v *traveller) strangePages() {
	v.t.Helper()
	address := v.card("line", "whatsapp")
	none := v.API + "/l/demo." + strings.Repeat("x", 22)
	v.request("GET", none+"?text="+url.QueryEscape(forged), "", "", 404)
	v.request("POST", none, urlencoded, "tap="+strings.Repeat("A", 22), 404)
	v.request("POST", address, urlencoded, "tap="+url.QueryEscape(forged+email), 400)
	v.request("POST", address, "text/plain", "tap="+forged, 400)
	v.request("POST", address, urlencoded, strings.Repeat(said, 400), 400)
	v.request("GET", v.API+"/liff?c=demo."+forged+url.QueryEscape(email), "", "", 404)
	v.request("POST", v.API+"/liff", "application/json", `{"c":"demo.`+forged+`","id_token":"`+forged+`"}`, 404)
	v.request("POST", v.API+"/liff", "application/json", `{"c":"`+said+`"`, 400)
}

// searchedForLinks makes sure that what is looked for went where it may be.
func (s *scene) searchedForLinks() {
	s.t.Helper()
	stored, count, codes := map[string]bool{}, map[kind]int{}, 0
	for _, v := range values(s.ctx, s.t, s.Stack) {
		for _, c := range s.flock.canaries {
			if (c.kind == bearer || c.kind == setting) && c.in(v.bytes) {
				stored[c.name+" in "+v.table] = true
			}
		}
		if strings.HasSuffix(string(v.bytes), "OL…") && v.path == "tx" {
			stored["what was said with a code in "+v.table] = true
		}
	}
	for _, c := range s.flock.canaries {
		count[c.kind]++
		if c.name == "a code" {
			codes++
		}
	}
	for _, want := range []string{
		"the token of a card of line in omnihub-MessagesTable", "the token of a card of whatsapp in omnihub-MessagesTable", "what was said with a code in omnihub-MessagesTable",
	} {
		if !stored[want] {
			s.t.Errorf("nothing of this is stored: %s, only %v", want, stored)
		}
	}
	if count[bearer] < 2 || codes < 3 || count[secret] < 15+2*codes {
		s.t.Errorf("got %d tokens, %d codes and %d secrets with them, want more", count[bearer], codes, count[secret])
	}
	for _, sign := range []string{"omnilink completed", "state=linked", "state=refused", "omnilink return", "code=signature_invalid"} {
		s.sign(sign)
	}
	if n := strings.Count(s.answers.String(), "\n"); n < 18 {
		s.t.Errorf("got %d refusals of the pages, want those to all bad requests", n)
	}
	linked := 0
	events, err := s.Events(s.ctx, 0)
	s.must(err)
	for _, e := range events {
		if e.DetailType == "omnilink.linked" {
			linked++
		}
	}
	if linked < 2 {
		s.t.Errorf("the bus was told of %d links, want 2", linked)
	}
}
