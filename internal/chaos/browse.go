package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// What opens a card's page.
const (
	phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	robot = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
)

// surfer opens pages. It follows no redirect: these lead to the platforms.
var surfer = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// browser is one in which a link is opened. It says what it meets to the link.
type browser struct {
	r      *run
	l      *link
	cookie string // what ties it to its taps, as it was told
	// leaves tells after a try without an answer that nobody will try again; nil = always
	// somebody does.
	leaves func() bool
}

const tapCookie = "__Host-oh_tap"

// seen is the cookie of the link's browser.
func (l *link) seen() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cookie
}

// pageTap is the tap's id in a page.
var pageTap = regexp.MustCompile(`name="tap" value="([A-Za-z0-9_-]+)"`)

// tap opens a card's page and taps its button: by a script or by the form alone, by two
// requests at the same time, as of who is impatient, and once more with the answer in
// hand. All of it is one tap, and leads to one place.
func (r *run) tap(ctx context.Context, l *link, t *tap) {
	b := browser{r: r, l: l, cookie: l.seen()}
	b.get(ctx, l.address, robot)
	found := pageTap.FindSubmatch(b.get(ctx, l.address, phone))
	if found == nil {
		l.complain("the card's page has no button")
		return
	}
	t.id = string(found[1])
	l.mu.Lock()
	l.taps = append(l.taps, t)
	script := len(l.taps)%2 == 1
	l.mu.Unlock()
	var both sync.WaitGroup
	impatient := b // it has no other cookie than the first request
	for _, b := range []*browser{&b, &impatient} {
		both.Go(func() { b.press(ctx, t, script) })
	}
	both.Wait()
	b.press(ctx, t, !script)
	b.get(ctx, l.address, robot)
}

// press sends the button's form until there is an answer.
func (b *browser) press(ctx context.Context, t *tap, script bool) {
	status, answer := b.post(ctx, b.l.address, "application/x-www-form-urlencoded", "tap="+url.QueryEscape(t.id), script)
	var out struct{ URL string }
	switch {
	case status == http.StatusOK && script:
		_ = json.Unmarshal(answer, &out) // an answer of another kind has no address
	case status == http.StatusSeeOther && !script:
		out.URL = string(answer)
	}
	b.l.mu.Lock()
	before := t.url
	if t.url == "" {
		t.url = out.URL
	}
	if b.cookie != "" {
		b.l.cookie = b.cookie
	}
	b.l.mu.Unlock()
	if out.URL == "" || before != "" && out.URL != before {
		b.l.complain("a tap was answered %d and led to %d letters, where the same tap led to %d before", status, len(out.URL), len(before))
		return
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		b.l.complain("where a tap leads: %v", err)
		return
	}
	words := strings.Fields(u.Query().Get("text") + " " + u.Query().Get("c"))
	if len(words) == 0 {
		b.l.complain("a tap leads to no code")
		return
	}
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	b.r.hidden[strings.TrimPrefix(words[len(words)-1], demoTeam+".")] = "a code"
	b.r.hidden[b.cookie] = "what ties a browser"
}

// get opens a page, as often as it takes.
func (b *browser) get(ctx context.Context, address, agent string) []byte {
	status, body := b.insist(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
		if err == nil {
			req.Header.Set("User-Agent", agent)
		}
		return req, err
	})
	if status != http.StatusOK {
		b.l.complain("a page was answered %d", status)
	}
	return body
}

// post sends what a page sends, as often as it takes. The answer of a redirect is where it
// leads.
func (b *browser) post(ctx context.Context, address, kind, body string, script bool) (int, []byte) {
	return b.insist(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, "POST", address, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("User-Agent", phone)
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		if script {
			req.Header.Set("X-Omnihub-Tap", "1")
		}
		if b.cookie != "" {
			req.AddCookie(&http.Cookie{Name: tapCookie, Value: b.cookie})
		}
		return req, nil
	})
}

// insist makes a request until its answer is not that the hub is busy.
func (b *browser) insist(ctx context.Context, make func() (*http.Request, error)) (status int, body []byte) {
	wait := firstWait
	for try := 1; ; try++ {
		status, body = b.once(make)
		if ctx.Err() != nil || try == insistence || status != 0 && status != http.StatusTooManyRequests && status < http.StatusInternalServerError {
			return status, body
		}
		if b.leaves != nil && b.leaves() || pause(ctx, wait) != nil {
			return status, body
		}
		wait = min(2*wait, longestWait)
	}
}

// once makes a request; a status of 0 tells that there was no answer.
func (b *browser) once(make func() (*http.Request, error)) (int, []byte) {
	req, err := make()
	if err != nil {
		return http.StatusBadRequest, nil
	}
	resp, err := surfer.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, nil
	}
	for _, c := range resp.Cookies() {
		if c.Name == tapCookie {
			b.cookie = c.Value
		}
	}
	if resp.StatusCode == http.StatusSeeOther {
		body = []byte(resp.Header.Get("Location"))
	}
	return resp.StatusCode, body
}

// postJSON posts to an address of the stack, and reads what it answers.
func postJSON(ctx context.Context, address string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, "POST", address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("chaos: %s: %s", address, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
