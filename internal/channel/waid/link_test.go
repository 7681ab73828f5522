package waid_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

func TestLinkOpensAChatWithATextAsItIs(t *testing.T) {
	text := "我要綁定 100% & more+\nOL0123456789ABCDEFGHJKMNPQRSTXY"
	link, err := waid.NewLinks(channel.Platform{}, "whatsapp").To("op", "886277001234", text)
	if err != nil || !strings.HasPrefix(link, "https://wa.me/886277001234?text=") {
		t.Fatalf("got %s, %v, want a link to wa.me", link, err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("text") != text || strings.Contains(link, "+") {
		t.Errorf("got %s, %v, want the text in it, without +", link, err)
	}
	bare, err := waid.NewLinks(channel.Platform{}, "whatsapp").To("op", "886277001234", "")
	if err != nil || bare != "https://wa.me/886277001234" {
		t.Errorf("without a text: got %s, %v, want no query", bare, err)
	}
}

func TestLinkRefusesWhatItCannotHold(t *testing.T) {
	l := waid.NewLinks(channel.Platform{}, "whatsapp")
	for name, x := range map[string]struct{ digits, text string }{
		"no number":      {"", "x"},
		"a plus":         {"+886277001234", "x"},
		"a way out":      {"../evil", "x"},
		"a national one": {"0912345678", "x"},
		"a long text":    {"886277001234", strings.Repeat("字", 501)},
		"no UTF-8":       {"886277001234", "\xff"},
	} {
		if link, err := l.To("op", x.digits, x.text); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %s, %v, want a refusal", name, link, err)
		}
	}
	if _, err := l.To("op", "886277001234", strings.Repeat("字", 500)); err != nil {
		t.Errorf("500 characters: got %v, want them taken", err)
	}
}

func TestLinksOfTheLocalStackStayThere(t *testing.T) {
	l := waid.NewLinks(channel.Platform{BaseURL: "http://127.0.0.1:4600"}, "twilio")
	link, err := l.To("op", "14155238886", "hi you")
	if want := "http://127.0.0.1:4600/twilio/wa.me/14155238886?text=hi%20you"; err != nil || link != want {
		t.Errorf("got %s, %v, want %s", link, err, want)
	}
	if got := l.Landing().Origins; !reflect.DeepEqual(got, []string{"http://127.0.0.1:4600"}) {
		t.Errorf("origins: got %v, want the fake's", got)
	}
	if got := waid.NewLinks(channel.Platform{}, "twilio").Landing(); got.App != "WhatsApp" || got.Origins[0] != "https://wa.me" {
		t.Errorf("got %+v, want WhatsApp's own", got)
	}
}

func TestDigitsAreReadAsPeopleWriteNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"+886 2 7700 1234": "886277001234", "+1 (415) 523-8886": "14155238886", "886277001234": "886277001234", "call me": "callme", "": "",
	} {
		if got := waid.Digits(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
