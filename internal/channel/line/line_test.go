package line_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func sign(body []byte, s channel.Secrets) string {
	mac := hmac.New(sha256.New, []byte(s[line.ChannelSecret].Reveal()))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func suite(t *testing.T) channeltest.Suite {
	message := channel.Outgoing{
		To: "U0d9c3f6a82b14e57903c6ad18f4e7b25", Type: hub.Text, Text: "您好 <b>&</b> 😀",
		RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f",
	}
	with := func(change func(*channel.Outgoing)) channel.Outgoing {
		m := message
		change(&m)
		return m
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
			body(`{"type":"module","webhookEventId":"01C"},{"type":"accountLink","webhookEventId":"01D","link":{"result":"failed","nonce":"n"}}`),
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
		},
		Host:    "api.line.me",
		Account: channel.Account{ID: "acct", External: account, Secrets: channel.Secrets{line.ChannelToken: "canary+channel/token=="}},
		Message: message,
		Token:   "689daf599db8f711dd084d4f1ea67276",
		Refused: map[string]channel.Outgoing{
			"an image":                 with(func(m *channel.Outgoing) { m.Type = hub.Image }),
			"an empty text":            with(func(m *channel.Outgoing) { m.Text = "" }),
			"5001 letters":             with(func(m *channel.Outgoing) { m.Text = strings.Repeat("字", 5001) }),
			"2501 emoji of 2 units":    with(func(m *channel.Outgoing) { m.Text = strings.Repeat("😀", 2501) }),
			"one unit more than fits ": with(func(m *channel.Outgoing) { m.Text = strings.Repeat("😀", 2500) + "." }),
		},
		Answers: answers(),
	}
}

func answers() []channeltest.Answer {
	message := func(text string) string { return `{"message":"` + text + `"}` }
	id := map[string]string{"X-Line-Request-Id": request}
	sent := `{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7b"}]}`
	list := []channeltest.Answer{
		{Name: "accepted", Status: 200, Body: sent, Header: id, Sent: channel.Sent{PlatformID: "461230966842064897"}},
		{Name: "accepted, id as a number", Status: 200, Body: `{"sentMessages":[{"id":461230966842064897}]}`, Sent: channel.Sent{PlatformID: "461230966842064897"}},
		{Name: "accepted, empty", Status: 200, Body: `{}`},
		{Name: "accepted, no JSON", Status: 200, Body: `<html>`},
		{Name: "malformed", Status: 400, Body: message("The request body has 1 error(s)"), Header: id, Code: hub.Permanent},
		{Name: "unknown recipient", Status: 400, Body: message("Failed to send messages"), Code: hub.Unreachable},
		{Name: "token", Status: 401, Body: message("Authentication failed. Confirm that the access token in the authorization header is valid."), Code: hub.TokenExpired},
		{Name: "plan", Status: 403, Body: message("Access to this API is not available for your account"), Code: hub.Permanent},
		{Name: "not found", Status: 404, Body: message("Not found"), Code: hub.Permanent},
		{Name: "too large", Status: 413, Code: hub.Permanent},
		{Name: "media type", Status: 415, Code: hub.Permanent},
		{Name: "rate", Status: 429, Body: message("The API rate limit has been exceeded. Try again later."), Code: hub.RateLimited},
		{Name: "rate with time", Status: 429, Header: map[string]string{"Retry-After": "7"}, Code: hub.RateLimited, RetryAfter: 7 * time.Second},
		{Name: "rate with long time", Status: 429, Header: map[string]string{"Retry-After": "99999999999"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "rate with a day", Status: 429, Header: map[string]string{"Retry-After": "86400"}, Code: hub.RateLimited, RetryAfter: time.Hour},
		{Name: "rate with odd time", Status: 429, Header: map[string]string{"Retry-After": "-3"}, Code: hub.RateLimited},
		{Name: "quota", Status: 429, Body: message("You have reached your monthly limit."), Code: hub.QuotaExhausted},
		{Name: "one user", Status: 429, Body: message("A large number of messages were sent to the same user."), Code: hub.RateLimited, RetryAfter: 5 * time.Minute},
	}
	for _, a := range list {
		a.Reply, a.Name = true, "reply: "+a.Name
		list = append(list, a)
	}
	for _, status := range []int{300, 304, 408, 500, 502, 503, 504, 599} {
		name := "status " + string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
		list = append(list,
			channeltest.Answer{Name: name, Status: status, Code: hub.Unclear},
			channeltest.Answer{Name: "reply: " + name, Reply: true, Status: status, Code: hub.Unclear})
	}
	return append(list,
		channeltest.Answer{Name: "retry key again", Status: 409, Body: `{"message":"The retry key is already accepted","sentMessages":[{"id":"461230966842064897"}]}`,
			Sent: channel.Sent{PlatformID: "461230966842064897", Repeated: true}},
		channeltest.Answer{Name: "retry key again, nothing more", Status: 409, Body: message("The retry key is already accepted"), Sent: channel.Sent{Repeated: true}},
		channeltest.Answer{Name: "reply: conflict", Reply: true, Status: 409, Code: hub.Permanent},
		channeltest.Answer{Name: "reply: used token", Reply: true, Status: 400, Body: message("Invalid reply token"), Code: hub.ReplyTokenInvalid},
		channeltest.Answer{Name: "reply: malformed token", Reply: true, Status: 400,
			Body: message("The property, 'replyToken', in the request body is invalid (line: 1, column: 15)"), Code: hub.ReplyTokenInvalid},
	)
}

// body makes a webhook of events.
func body(events string) string {
	return `{"destination":"` + account + `","events":[` + events + `]}`
}

func vectors(t *testing.T) []channeltest.Vector {
	data, err := os.ReadFile("testdata/signature_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Origin, Key, Body, Signature string
		BodyFile                     string `json:"body_file"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var out []channeltest.Vector
	for _, v := range list {
		text := []byte(v.Body)
		if v.BodyFile != "" {
			if text, err = os.ReadFile(filepath.Join("testdata/samples", v.BodyFile)); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, channeltest.Vector{Name: v.Origin, Body: text, Signature: v.Signature, Credentials: channel.Credentials{
			Secrets:  channel.Secrets{line.ChannelSecret: hub.Secret(v.Key)},
			Accounts: []string{"U8e742f61d673b39c7fff3cecb7536ef0", account},
		}})
	}
	return out
}

func TestContract(t *testing.T) { channeltest.Run(t, suite(t)) }

func TestCallsAreAsLINEDocumentsThem(t *testing.T) {
	type call struct {
		method, path, body string
		header             http.Header
	}
	var got call
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = call{r.Method, r.URL.RequestURI(), string(body), r.Header}
	}))
	defer server.Close()
	a := line.New(channel.Platform{BaseURL: server.URL})
	s := suite(t)
	check := func(path, body, retryKey string) {
		t.Helper()
		if got.method != "POST" || got.path != path || got.body != body {
			t.Errorf("got %s %s %s, want POST %s %s", got.method, got.path, got.body, path, body)
		}
		for name, want := range map[string]string{
			"Authorization": "Bearer canary+channel/token==", "Content-Type": "application/json",
			"User-Agent": "omnihub", "X-Line-Retry-Key": retryKey,
		} {
			if values := got.header.Values(name); strings.Join(values, ",") != want || len(values) > 0 && want == "" {
				t.Errorf("%s: got %q, want %q", name, values, want)
			}
		}
	}
	if _, err := a.Send(t.Context(), s.Account, s.Message); err != nil {
		t.Fatal(err)
	}
	text := `"messages":[{"type":"text","text":"您好 \u003cb\u003e\u0026\u003c/b\u003e 😀"}]}`
	check("/line/v2/bot/message/push", `{"to":"`+s.Message.To+`",`+text, s.Message.RetryKey)
	if _, err := a.Reply(t.Context(), s.Account, s.Token, s.Message); err != nil {
		t.Fatal(err)
	}
	check("/line/v2/bot/message/reply", `{"replyToken":"`+s.Token.Reveal()+`",`+text, "")

	got = call{}
	keyless := s.Message
	keyless.RetryKey = ""
	if _, err := a.Send(t.Context(), s.Account, keyless); hub.CodeOf(err) != hub.Internal || got.path != "" {
		t.Errorf("without a retry key: got %v after a call to %q, want %s and none", err, got.path, hub.Internal)
	}
	s.Account.Secrets = channel.Secrets{line.ChannelToken: "two\nlines"}
	if _, err := a.Send(t.Context(), s.Account, s.Message); hub.CodeOf(err) != hub.TokenExpired || got.path != "" {
		t.Errorf("with a token of two lines: got %v, want %s", err, hub.TokenExpired)
	}
	if life := a.ReplyLife(); life != 50*time.Second {
		t.Errorf("reply life: got %v, want 50 s", life)
	}
}

func TestTheLongestTextFits(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	a, s := line.New(channel.Platform{BaseURL: server.URL}), suite(t)
	for _, text := range []string{strings.Repeat("字", 5000), strings.Repeat("😀", 2500)} {
		s.Message.Text = text
		if _, err := a.Send(t.Context(), s.Account, s.Message); err != nil {
			t.Errorf("%d bytes: got %v, want no error", len(text), err)
		}
	}
}

func TestVerifyRefusesAWebhookForAnotherAccount(t *testing.T) {
	a := line.New(channel.Platform{})
	for _, c := range []struct {
		name, body string
		accounts   []string
		want       hub.Code
	}{
		{"ours", `{"destination":"U1","events":[]}`, []string{"U1"}, ""},
		{"one of ours", `{"destination":"U1","events":[]}`, []string{"U2", "U1"}, ""},
		{"another's", `{"destination":"U1","events":[]}`, []string{"U2"}, hub.BadSignature},
		{"nobody's", `{"destination":"U1","events":[]}`, nil, hub.BadSignature},
		{"after the events", `{"events":[{}],"destination":"U1"}`, []string{"U2"}, hub.BadSignature},
		{"in escapes", `{"d\u0065stination":"\u0055\u0031","events":[]}`, []string{"U2"}, hub.BadSignature},
		{"ours in escapes", `{"d\u0065stination":"\u0055\u0031","events":[]}`, []string{"U1"}, ""},
		{"deeper only", `{"events":[{"destination":"U1"}]}`, []string{"U2"}, ""},
		{"not JSON", `{"destination":`, []string{"U2"}, ""},
		{"no text", `{"destination":7}`, []string{"U2"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &channel.Request{Body: []byte(c.body), Header: map[string]string{"x-line-signature": sign([]byte(c.body), credentials.Secrets)}}
			got := hub.CodeOf(a.Verify(r, channel.Credentials{Secrets: credentials.Secrets, Accounts: c.accounts}))
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseReadsWhatTheSamplesLack(t *testing.T) {
	const frame = `{"type":"message","mode":"active","timestamp":1791170415123,"source":{"type":"user","userId":"U1"},"webhookEventId":"01A","replyToken":"%TOKEN","message":%MESSAGE}`
	token := "689daf599db8f711dd084d4f1ea67276"
	long := strings.Repeat("漢字", 170_000) // 1 MB
	a := line.New(channel.Platform{})
	for _, c := range []struct {
		name, message, token string
		want                 channel.Message
		reply                hub.Secret
	}{
		{"image", `{"type":"image","id":"1"}`, token, channel.Message{ID: "1", Type: hub.Image}, hub.Secret(token)},
		{"video", `{"type":"video","id":"1","duration":5}`, token, channel.Message{ID: "1", Type: hub.Video}, hub.Secret(token)},
		{"audio", `{"type":"audio","id":"1","duration":5}`, token, channel.Message{ID: "1", Type: hub.Audio}, hub.Secret(token)},
		{"message sticker", `{"type":"sticker","id":"1","keywords":["a"],"text":"謝謝"}`, token, channel.Message{ID: "1", Type: hub.Sticker, Text: "謝謝"}, hub.Secret(token)},
		{"place by title", `{"type":"location","id":"1","title":"車站","latitude":1,"longitude":2}`, token, channel.Message{ID: "1", Type: hub.Location, Text: "車站"}, hub.Secret(token)},
		{"place by coordinates", `{"type":"location","id":"1","latitude":-25.5,"longitude":121}`, token, channel.Message{ID: "1", Type: hub.Location, Text: "-25.5,121"}, hub.Secret(token)},
		{"place of nothing", `{"type":"location","id":"1","latitude":"x","longitude":true}`, token, channel.Message{ID: "1", Type: hub.Location}, hub.Secret(token)},
		{"unknown type", `{"type":"hologram","id":"1","text":"x"}`, token, channel.Message{ID: "1", Type: hub.OtherMsg}, hub.Secret(token)},
		{"no type", `{"id":"1"}`, token, channel.Message{ID: "1", Type: hub.OtherMsg}, hub.Secret(token)},
		{"text of another type", `{"type":"text","id":"1","text":{"a":1}}`, token, channel.Message{ID: "1", Type: hub.Text}, hub.Secret(token)},
		{"escapes", `{"type":"\u0074ext","id":"1","text":"a\n\"\\\/\u00e4\ud83d\ude00"}`, token, channel.Message{ID: "1", Type: hub.Text, Text: "a\n\"\\/ä😀"}, hub.Secret(token)},
		{"lone surrogates", `{"type":"text","id":"1","text":"a\ud83db\ude00"}`, token, channel.Message{ID: "1", Type: hub.Text, Text: "a\uFFFDb\uFFFD"}, hub.Secret(token)},
		{"NUL", `{"type":"text","id":"1","text":"a\u0000b\uffff"}`, token, channel.Message{ID: "1", Type: hub.Text, Text: "a\x00b\uffff"}, hub.Secret(token)},
		{"stray bytes", "{\"type\":\"text\",\"id\":\"1\",\"text\":\"a\xff\xed\xa0\x80b\"}", token, channel.Message{ID: "1", Type: hub.Text, Text: "a\uFFFD\uFFFD\uFFFD\uFFFDb"}, hub.Secret(token)},
		{"1 MB", `{"type":"text","id":"1","text":"` + long + `"}`, token, channel.Message{ID: "1", Type: hub.Text, Text: long}, hub.Secret(token)},
		{"dummy token of 0", `{"type":"image","id":"1"}`, strings.Repeat("0", 32), channel.Message{ID: "1", Type: hub.Image}, ""},
		{"dummy token of f", `{"type":"image","id":"1"}`, strings.Repeat("f", 32), channel.Message{ID: "1", Type: hub.Image}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			event := strings.NewReplacer("%TOKEN", c.token, "%MESSAGE", c.message).Replace(frame)
			slices, err := a.Split([]byte(body(event)))
			if err != nil || len(slices) != 1 {
				t.Fatalf("split: got %d, %v, want one", len(slices), err)
			}
			got, err := a.Parse(slices[0].Head, slices[0].Raw)
			if err != nil {
				t.Fatal(err)
			}
			if got.Message != c.want || got.Reply != c.reply {
				t.Errorf("got %+.200v with token %q, want %+.200v with %q", got.Message, got.Reply.Reveal(), c.want, c.reply.Reveal())
			}
		})
	}
}

func TestNoReplyInStandby(t *testing.T) {
	a := line.New(channel.Platform{})
	e, err := a.Parse([]byte(`{"destination":"U"}`), []byte(`{"type":"follow","mode":"standby","replyToken":"689daf599db8f711dd084d4f1ea67276"}`))
	if err != nil || !e.Standby || e.Reply != "" {
		t.Errorf("got %+v with token %q, %v, want standby and no token", e, e.Reply.Reveal(), err)
	}
}

func TestParseRefusesAMessageThatCannotBeKept(t *testing.T) {
	a := line.New(channel.Platform{})
	for name, event := range map[string]string{
		"no source":     `{"type":"message","timestamp":1,"message":{"type":"text","id":"1","text":"x"}}`,
		"odd source":    `{"type":"message","timestamp":1,"source":{"type":"planet","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"no user":       `{"type":"message","timestamp":1,"source":{"type":"user"},"message":{"type":"text","id":"1"}}`,
		"no message":    `{"type":"message","timestamp":1,"source":{"type":"user","userId":"U1"}}`,
		"no message id": `{"type":"message","timestamp":1,"source":{"type":"user","userId":"U1"},"message":{"type":"text"}}`,
		"no time":       `{"type":"message","source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"text as time":  `{"type":"message","timestamp":"1","source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"negative time": `{"type":"message","timestamp":-1,"source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"time too long": `{"type":"message","timestamp":10000000000000,"source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			slices, err := a.Split([]byte(body(event + `,{"type":"follow"}`)))
			if err != nil || len(slices) != 2 {
				t.Fatalf("split: got %d, %v, want 2: the other event must not be lost", len(slices), err)
			}
			if _, err := a.Parse(slices[0].Head, slices[0].Raw); hub.CodeOf(err) != hub.Unparsable {
				t.Errorf("got %v, want %s", err, hub.Unparsable)
			}
		})
	}
}

func TestAnEventWithoutAnIDIsNamedByItsContent(t *testing.T) {
	a := line.New(channel.Platform{})
	name := func(event string) (string, string) {
		t.Helper()
		slices, err := a.Split([]byte(body(" " + event + " ")))
		if err != nil {
			t.Fatal(err)
		}
		e, err := a.Parse(slices[0].Head, slices[0].Raw)
		if err != nil || e.ID != slices[0].Event {
			t.Fatalf("parse: got %q, %v, want %q", e.ID, err, slices[0].Event)
		}
		return slices[0].Event, slices[0].Hash
	}
	first, hash := name(`{"type":"follow","deliveryContext":{"isRedelivery":false},"x":true}`)
	again, hashAgain := name(`{"type":"follow","deliveryContext":{"isRedelivery":true},"x":true}`)
	other, _ := name(`{"type":"follow","deliveryContext":{"isRedelivery":false},"x":false}`)
	if first == "" || first != again || hash != hashAgain {
		t.Errorf("got %q, then %q, want the same", first, again)
	}
	if first == other {
		t.Errorf("got %q for two events, want two names", first)
	}
}
