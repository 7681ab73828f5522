package twiliotest_test

import (
	"net/http"
	"net/url"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
)

func TestLinkOpensAChatAndItsButtonSendsTheText(t *testing.T) {
	w := newWorld(t)
	link, err := twilio.New(channel.Platform{}).ChatLink(channel.Account{External: shop}, "bind\nOL1")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(link)
	resp, err := http.PostForm(w.API.URL+"/wa.me"+u.Path, url.Values{"from": {"amy"}, "text": {u.Query().Get("text")}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	hooks := w.Got()
	if resp.StatusCode != 200 || len(hooks) != 1 || form(hooks[0]).Get("Body") != "bind\nOL1" || hooks[0].Signature == "" {
		t.Errorf("got %d, webhooks %+v, want the text, signed", resp.StatusCode, hooks)
	}
	if resp, err := http.Get(w.API.URL + "/wa.me/1"); err != nil || resp.StatusCode != 404 {
		t.Errorf("unknown number: got %v, %v, want 404", resp, err)
	}
}
