package viber_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/viber"
	"omnihub/internal/hub"
)

const (
	token   = "4f3e2d1c0b9a8877-665544332211ffee-ddccbbaa99887766"
	bot     = "pa:75346594275468546724"
	user    = "9vK3mQ7xR2pL5tYw8sZ1aA=="
	webhook = "https://hub.example.tw/webhooks/viber/v1"
)

var credentials = channel.Credentials{
	Secrets:  channel.Secrets{viber.AuthToken: token},
	Accounts: []string{bot},
}

func account() channel.Account {
	return channel.Account{
		ID: "acct", External: bot, Webhook: webhook,
		Secrets: channel.Secrets{
			viber.AuthToken: token, viber.SenderName: "Canary shop", viber.SenderAvatar: "https://cdn.example.tw/face.jpg",
		},
	}
}

func sign(body []byte, c channel.Credentials) string {
	mac := hmac.New(sha256.New, []byte(c.Secrets[viber.AuthToken].Reveal()))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func suite(t testing.TB) channeltest.Suite {
	return channeltest.Suite{
		New:         func(p channel.Platform) channel.Adapter { return viber.New(p) },
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other: channel.Credentials{
			Secrets:  channel.Secrets{viber.AuthToken: "44dafb7e0f40021e-61a47a1e6778d187-f2c5a676a07050b3"},
			Accounts: []string{"pa:1"},
		},
		Sign:        sign,
		Header:      "x-viber-content-signature",
		Hex:         true,
		InBody:      true,
		Vectors:     vectors(t),
		Redelivered: [][2]string{{"message_text", "message_text_again"}},
		Further:     further(),
		Unknown:     unknown(),
		Unparsable:  broken(),
		Host:        "chatapi.viber.com",
		Account:     account(),
		Message: channel.Outgoing{
			To: user, Content: hub.TextContent("您好 <b>&</b> 😀"),
			RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f", Ref: "m1.demo.abc",
		},
		Sends:       sends(),
		Wire:        "testdata/wire",
		Refused:     refused(),
		Unfit:       unfit(),
		Answers:     answers(),
		Profiles:    profiles(),
		Checks:      checks(),
		Registers:   registers(),
		Unregisters: unregisters(),
		Registered:  registered(),
		Welcome: &channeltest.Welcome{
			Samples: []string{"conversation_started", "conversation_started_again"},
			Contents: map[string]hub.Content{
				"text":    hub.TextContent("歡迎！"),
				"buttons": {Type: hub.Buttons, Text: "歡迎！點選下方按鈕開始。", Buttons: []hub.Button{{Title: "開始", Data: "START"}}},
				"native":  welcome(t),
			},
		},
	}
}

func TestContract(t *testing.T) { channeltest.Run(t, suite(t)) }

// welcome is the documented answer to conversation_started.
func welcome(t testing.TB) hub.Content {
	body, err := os.ReadFile("testdata/welcome.json")
	if err != nil {
		t.Fatal(err)
	}
	return hub.Content{Type: hub.Native, Text: "歡迎！", Native: body}
}

// from makes a message of the samples' customer.
func from(message string) string {
	return `{"event":"message","timestamp":1791170415123,"message_token":5741311803571721199,"sender":{"id":"` + user + `","name":"林小華"},"message":` + message + `}`
}

func further() []string {
	return []string{
		from(`{"type":"video","media":"https://dl-media.viber.example/1.mp4","thumbnail":"https://dl-media.viber.example/1.jpg","size":26000,"duration":12}`),
		from(`{"type":"file","media":"https://dl-media.viber.example/1.pdf","file_name":"訂單.pdf","file_size":9000}`),
		from(`{"type":"sticker","sticker_id":40133}`), from(`{"type":"sticker","sticker_id":"40133","media":"https://s.viber.example/40133.png"}`),
		from(`{"type":"contact","contact":{"name":"Ann","phone_number":"+886912345678"}}`), from(`{"type":"contact"}`),
		from(`{"type":"url","media":"https://example.tw/"}`), from(`{"type":"rich_media","rich_media":{}}`), from(`{"type":"hologram"}`),
		from(`{}`), from(`7`), from(`{"type":"text"}`), from(`{"type":"picture"}`), from(`{"type":"location","location":{"lat":"x"}}`),
		`{"event":"conversation_started","timestamp":1791170415123,"message_token":1,"user":{"id":"` + user + `"}}`,
		`{"event":"conversation_started","timestamp":1791170415123,"message_token":1,"user":{"id":"` + user + `"},"type":"open","context":""}`,
		`{"event":"message","message_token":1478683725125,"timestamp":4977069964384421269,"sender":{"id":"` + user + `"},"message":{"type":"text","text":"no time"}}`,
	}
}

// unknown are events that are not documented, and documented ones that name nobody or
// no message.
func unknown() []string {
	return []string{
		`{"event":"client_status","timestamp":1791170415123,"message_token":1,"user":{"id":"` + user + `"},"status":{"code":0}}`,
		`{"event":"hologram"}`, `{"event":"a:1","message_token":2}`, `{"event":"delivered","message_token":5741311803571721094,"chat_id":"x"}`,
		`{"event":"delivered","user_id":"` + user + `"}`, `{"event":"seen","message_token":1}`, `{"event":"failed","message_token":"x","user_id":"` + user + `"}`,
		`{"event":"message","message_token":1,"message":{"type":"text","text":"x"}}`,
		`{"event":"message","sender":{"id":"` + user + `"},"message":{"type":"text","text":"x"}}`,
		`{"event":"message","message_token":4.9e18,"sender":{"id":"` + user + `"},"message":{"type":"text","text":"x"}}`,
		`{"event":"subscribed","message_token":1,"user":"` + user + `"}`, `{"event":"unsubscribed","message_token":1}`,
		`{"event":"conversation_started","message_token":1,"user":{}}`,
		`{"event":"seen","message_token":"` + strings.Repeat("7", 21) + `","user_id":"` + user + `"}`,
		`{"event":"seen","message_token":1,"user_id":"` + strings.Repeat("x", 300) + `"}`,
	}
}

// broken are bodies that are not what Viber documents.
func broken() []string {
	whole := from(`{"type":"text","text":"x"}`)
	out := []string{
		"", "null", "[]", `"x"`, "0", "{}", `{"event":""}`, `{"event":7}`, `{"event":null}`, `{"message_token":1}`,
		`{"event":"message",}`, `{'event':"message"}`, `{"event":"message","n":01}`, `{"event":"message","n":1.}`, `{"event":"message","n":tru}`,
		`{"event":"message","t":"` + "\x01" + `"}`, `{"event":"message","t":"\x"}`, `{"event":"message","t":"\u12g4"}`, `[` + whole + `]`,
		`{"event":"message","deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		`{"event":"message","deep":` + strings.Repeat(`{"a":`, 100_000),
	}
	for _, member := range []string{
		`"event":"message"`, `"timestamp":1791170415123`, `"message_token":5741311803571721199`, `"sender":{"id":"` + user + `","name":"林小華"}`,
		`"message":{"type":"text","text":"x"}`,
	} {
		out = append(out, strings.Replace(whole, member, member+","+member, 1))
	}
	for _, member := range []string{`"user":{}`, `"user_id":"x"`, `"chat_hostname":"x"`} {
		out = append(out, strings.Replace(whole, `"event"`, member+","+member+`,"event"`, 1))
	}
	return out
}

func vectors(t testing.TB) []channeltest.Vector {
	return channeltest.Vectors(t, func(key hub.Secret, _ string) channel.Credentials {
		return channel.Credentials{Secrets: channel.Secrets{viber.AuthToken: key}}
	})
}
