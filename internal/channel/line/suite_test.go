package line_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

const (
	secret  = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	account = "U5a1f0c3e9b7d4826a1c0e5f79d3b2468"
	request = "123e4567-e89b-12d3-a456-426655440002"
)

var credentials = channel.Credentials{
	Secrets:  channel.Secrets{line.ChannelSecret: secret},
	Accounts: []string{account},
}

func sign(body []byte, c channel.Credentials) string {
	mac := hmac.New(sha256.New, []byte(c.Secrets[line.ChannelSecret].Reveal()))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func suite(t testing.TB) channeltest.Suite {
	message := channel.Outgoing{
		To: "U0d9c3f6a82b14e57903c6ad18f4e7b25", Content: hub.TextContent("您好 <b>&</b> 😀"),
		RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f",
	}
	return channeltest.Suite{
		New:         func(p channel.Platform) channel.Adapter { return line.New(p) },
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other: channel.Credentials{
			Secrets:  channel.Secrets{line.ChannelSecret: "ffeeddccbbaa99887766554433221100"},
			Accounts: []string{"Uffffffffffffffffffffffffffffffff"},
		},
		Sign:        sign,
		Header:      "x-line-signature",
		Vectors:     vectors(t),
		Redelivered: [][2]string{{"text", "text_redelivered"}},
		Unknown: []string{
			body(`{"type":"hologram","mode":"active","timestamp":1791170415123,"source":{"type":"user","userId":"U1"},"webhookEventId":"01A","hologram":{"text":"x"}}`),
			body(`{"type":"botSuspended","timestamp":1791170415123,"mode":"active","webhookEventId":"01B","deliveryContext":{"isRedelivery":false}}`),
			body(`{"type":"module","webhookEventId":"01C"}`),
			body(`{"type":"beacon","timestamp":1791170415123,"source":{"type":"user"},"webhookEventId":"01E"}`),
			body(`{"type":"beacon","timestamp":1791170415123,"source":{"type":"group","userId":"U1"},"webhookEventId":"01F"}`),
			body(`{"type":"postback","timestamp":1791170415123,"source":{"type":"user","userId":"U1"},"webhookEventId":"01D","postback":{"data":""}}`),
			body(`{"type":"future","source":"moon","timestamp":"soon","mode":7,"deliveryContext":[],"replyToken":{},"webhookEventId":null,"message":[1]}`),
			body(`{}`),
		},
		Unparsable: []string{
			"", "null", "[]", `"x"`, "0", "{}", `{"events":[]}`, `{"destination":"` + account + `"}`,
			`{"destination":"","events":[]}`, `{"destination":5,"events":[]}`, `{"destination":null,"events":[]}`,
			body(`1`), body(`"x"`), body(`null`), body(`[]`), body(`{},`), body(`,{}`),
			`{"destination":"` + account + `","events":null}`,
			`{"destination":"` + account + `","events":{}}`,
			`{"destination":"` + account + `","events":[],"events":[]}`,
			`{"destination":"` + account + `","destination":"` + account + `","events":[]}`,
			`{"destination":"` + account + `","events":[],}`,
			`{'destination':"` + account + `","events":[]}`,
			body(`{"type":"message","text":"` + "\x01" + `"}`), body(`{"type":"\x"}`), body(`{"type":"\u12g4"}`),
			body(`{"n":01}`), body(`{"n":1.}`), body(`{"n":-}`), body(`{"n":1e}`), body(`{"n":+1}`), body(`{"n":.5}`), body(`{"n":tru}`),
			body(`{"deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`),
			body(strings.Repeat(`{"a":`, 100_000)),
			body(strings.Repeat("{},", 1_000_000) + "{}"), body(strings.Repeat("{},", 10_000) + "{}"),
		},
		Host:    "api.line.me",
		Account: *with(func(*channel.Account) {}),
		Message: message,
		Token:   "689daf599db8f711dd084d4f1ea67276",
		Sends:   sends(),
		Wire:    "testdata/wire",
		Refused: refused(),
		Unfit:   unfit(),
		Answers: answers(),

		Profiles: profiles(),
		Quotas:   quotas(),
		Typings:  typings(),

		Checks:      checks(),
		Registers:   registers(),
		Registered:  registered(),
		Unregisters: unregisters(),

		Linked: *with(func(a *channel.Account) {
			a.Secrets[line.LIFFID], a.Secrets[line.BasicID] = "1234567890-AbcdEfgh", "@216ru"
		}),
		SignIns: signIns(),
	}
}

// body makes a webhook of events.
func body(events string) string {
	return `{"destination":"` + account + `","events":[` + events + `]}`
}

func vectors(t testing.TB) []channeltest.Vector {
	return channeltest.Vectors(t, func(key hub.Secret, _ string) channel.Credentials {
		return channel.Credentials{
			Secrets:  channel.Secrets{line.ChannelSecret: key},
			Accounts: []string{"U8e742f61d673b39c7fff3cecb7536ef0", account},
		}
	})
}

func TestContract(t *testing.T) { channeltest.Run(t, suite(t)) }
