package line

import (
	"net/http"
	"strings"
	"testing"

	"omnihub/internal/channel"
)

func TestNoProxyIsAskedAndTheCallersClientIsLeftAlone(t *testing.T) {
	given := &http.Client{}
	for _, a := range []*Adapter{New(channel.Platform{}), New(channel.Platform{Client: given})} {
		transport, ok := a.client.Transport.(*http.Transport)
		if !ok || transport.Proxy != nil {
			t.Errorf("transport: got %T with a proxy, want one without", a.client.Transport)
		}
		if a.client.Timeout <= 0 || a.client.CheckRedirect == nil {
			t.Error("got a client without a timeout, or one that follows redirects")
		}
	}
	if given.Transport != nil || given.CheckRedirect != nil || given.Timeout != 0 {
		t.Errorf("the caller's client: got %+v, want it unchanged", given)
	}
}

func TestOrdinaryFindsTheFirstByteThatMatters(t *testing.T) {
	for _, filler := range []string{"a", "\x7f", "\x80", "\xff", "!", "#", "[", "]", " "} {
		for n := range 40 {
			for _, end := range []byte{'"', '\\', 0, 0x1f, '\n'} {
				text := strings.Repeat(filler, n) + string([]byte{end}) + strings.Repeat("\"", 9)
				if got := ordinary([]byte(text)); got != n {
					t.Fatalf("%q: got %d, want %d", text, got, n)
				}
			}
			if got := ordinary([]byte(strings.Repeat(filler, n))); got != n {
				t.Fatalf("%d of %q: got %d, want %d", n, filler, got, n)
			}
		}
	}
}
