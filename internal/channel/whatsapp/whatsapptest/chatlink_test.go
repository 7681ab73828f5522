package whatsapptest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/whatsapp"
)

// browse asks for a page as a browser with one cookie.
func browse(t *testing.T, method, link, cookie string, form url.Values) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, link, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "whatsapp_customer", Value: cookie})
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

func TestLinkOpensAChatAndItsButtonSendsTheText(t *testing.T) {
	w := newWorld(t)
	display := displayOf(w.Act(fake.Act{From: "mei", Text: "x"}).Body)
	w.Got()
	const text = "我要綁定 & <b>\nOL0123456789ABCDEFGHJKMNPQRSTXY"
	link, err := whatsapp.New(channel.Platform{}).ChatLink(channel.Account{Secrets: channel.Secrets{whatsapp.DisplayNumber: "+" + "886277001234"}}, text)
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(link, "?")
	at := w.API.URL + "/wa.me/" + display + "?" + query
	status, page := browse(t, "GET", at, "amy", nil)
	if status != 200 || !strings.Contains(page, `value="amy"`) || !strings.Contains(page, "我要綁定 &amp; &lt;b&gt;\nOL0123456789ABCDEFGHJKMNPQRSTXY</textarea>") {
		t.Errorf("page: got %d %s, want the text to be sent by amy", status, page)
	}
	if hooks := w.Got(); len(hooks) != 0 {
		t.Errorf("opened: got %d webhooks, want none", len(hooks))
	}
	status, page = browse(t, "POST", at, "", url.Values{"from": {"amy"}, "text": {strings.ReplaceAll(text, "\n", "\r\n")}})
	hooks := w.Got()
	if status != 200 || !strings.Contains(page, "Sent.") || len(hooks) != 1 {
		t.Fatalf("sent: got %d %s, %d webhooks, want one", status, page, len(hooks))
	}
	if m := w.one(hooks[0].Body).Messages; len(m) != 1 || m[0].Text.Body != text || hooks[0].Signature == "" {
		t.Errorf("got %s, want the text, signed", hooks[0].Body)
	}
	if status, page := browse(t, "GET", w.API.URL+"/wa.me/1?text=x", "amy", nil); status != 404 || strings.Contains(page, "<form") {
		t.Errorf("unknown number: got %d %s, want nothing to send", status, page)
	}
	w.Answer(503)
	if status, page := browse(t, "POST", at, "", url.Values{"from": {"amy"}, "text": {"x"}}); status != 502 || !strings.Contains(page, "not taken") {
		t.Errorf("the hub fails: got %d %s, want it told", status, page)
	}
}
