package all_test

import (
	"regexp"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
)

func TestEveryAdapterStandsUnderItsKind(t *testing.T) {
	adapters := all.Adapters(channel.Platform{})
	if len(adapters) == 0 {
		t.Fatal("got no adapters, want some")
	}
	form := regexp.MustCompile(`^[a-z]{2,16}$`) // it stands in URLs and keys
	for kind, a := range adapters {
		if a.Kind() != kind || !form.MatchString(string(kind)) {
			t.Errorf("got %q under %q, want its own plain name", a.Kind(), kind)
		}
		if a.Capabilities().Check(hub.TextContent("hello")) != nil {
			t.Errorf("%s: got no text, want every channel to show one", kind)
		}
	}
	for _, kind := range []hub.Channel{"instagram", "line", "messenger", "twilio", "viber", "whatsapp"} {
		if adapters[kind] == nil {
			t.Errorf("got no %s", kind)
		}
	}
}
