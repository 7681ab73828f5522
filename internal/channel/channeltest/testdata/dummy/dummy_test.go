package dummy_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/dummy"
	"omnihub/internal/hub"
)

func sign(body []byte, c channel.Credentials) string {
	mac := hmac.New(sha256.New, []byte(c.Secrets["secret"].Reveal()))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func TestContract(t *testing.T) {
	credentials := channel.Credentials{Secrets: channel.Secrets{"secret": "Jefe-Jefe"}, Accounts: []string{"shop"}}
	channeltest.Run(t, channeltest.Suite{
		New:         func(p channel.Platform) channel.Adapter { return dummy.New(p) },
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other:       channel.Credentials{Secrets: channel.Secrets{"secret": "another"}},
		Sign:        sign,
		Header:      "x-dummy",
		Hex:         true,
		// https://www.rfc-editor.org/rfc/rfc4231#section-4.3
		Vectors: []channeltest.Vector{{Name: "RFC 4231", Body: []byte("what do ya want for nothing?"),
			Signature:   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
			Credentials: channel.Credentials{Secrets: channel.Secrets{"secret": "Jefe"}}}},
		Unknown:    []string{`{"id":"2","at":1791170415123,"to":"shop","from":"ann","wave":true}`},
		Unparsable: []string{"", "null", "[]", "{}", `{"id":"2"}`},
		Host:       "api.dummy.example",
		Account:    channel.Account{ID: "acct", External: "shop", Secrets: channel.Secrets{"token": "canary-token"}},
		Message:    channel.Outgoing{To: "ann-of-the-dummies", Content: hub.TextContent("hello you"), RetryKey: "k"},
		Sends:      map[string]hub.Content{"text": hub.TextContent("hello you")},
		Wire:       "testdata/wire",
		Refused:    map[string]hub.Content{"image": {Type: hub.Image}},
		Answers:    []channeltest.Answer{{Name: "sent", Status: 200}, {Name: "refused", Status: 400, Code: hub.Permanent}},
	})
}

func TestItIsOnTheList(t *testing.T) {
	if a := all.Adapters(channel.Platform{})[dummy.Kind]; a == nil || a.Setup().External == "" {
		t.Error("got no dummy on the list of channels, want it")
	}
}
