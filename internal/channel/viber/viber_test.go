package viber_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/viber"
	"omnihub/internal/hub"
)

// split gives the one event of a body.
func split(t *testing.T, body string) (channel.Slice, channel.Event) {
	t.Helper()
	a := viber.New(channel.Platform{})
	slices, err := a.Split(&channel.Request{Body: []byte(body)})
	if err != nil || len(slices) != 1 {
		t.Fatalf("%s: got %d events, %v, want 1", body, len(slices), err)
	}
	e, err := a.Parse(slices[0].Head, slices[0].Raw)
	if err != nil {
		t.Fatalf("%s: got %v, want no error", body, err)
	}
	return slices[0], e
}

// TestTokensBeyondFloatsStayApart: two tokens that a float64 takes for one are two
// messages.
func TestTokensBeyondFloatsStayApart(t *testing.T) {
	const body = `{"event":"message","timestamp":1791170415123,"message_token":TOKEN,"sender":{"id":"9vK3"},"message":{"type":"text","text":"x"}}`
	one, message := split(t, strings.Replace(body, "TOKEN", "4912661846655238145", 1))
	two, other := split(t, strings.Replace(body, "TOKEN", "4912661846655238146", 1))
	if float64(4912661846655238145) != float64(4912661846655238146) {
		t.Fatal("a float64 tells these tokens apart: they prove nothing")
	}
	if one.Event == two.Event || message.Message.ID != "4912661846655238145" || other.Message.ID != "4912661846655238146" {
		t.Errorf("got %q with %q, and %q with %q, want the exact tokens", one.Event, message.Message.ID, two.Event, other.Message.ID)
	}
	for _, name := range []string{"delivered", "seen", "failed"} {
		_, a := split(t, `{"event":"`+name+`","message_token":4912661846655238145,"user_id":"9vK3"}`)
		_, b := split(t, `{"event":"`+name+`","message_token":4912661846655238146,"user_id":"9vK3"}`)
		if a.Receipt.Target != "4912661846655238145" || b.Receipt.Target != "4912661846655238146" || a.ID == b.ID {
			t.Errorf("%s: got %q and %q, want the exact tokens", name, a.Receipt.Target, b.Receipt.Target)
		}
	}
}

func TestEventsOfOneTokenHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	for _, body := range []string{
		`{"event":"delivered","message_token":1,"user_id":"a"}`, `{"event":"delivered","message_token":1,"user_id":"b"}`,
		`{"event":"delivered","message_token":1}`, `{"event":"seen","message_token":1,"user_id":"a"}`,
		`{"event":"failed","message_token":1,"user_id":"a"}`, `{"event":"message","message_token":1,"sender":{"id":"a"}}`,
		`{"event":"delivered:1","message_token":1,"user_id":"a"}`, `{"event":"delivered","message_token":11,"user_id":"a"}`,
		`{"event":"delivered"}`, `{"event":"delivered","user_id":"a"}`,
	} {
		slice, _ := split(t, body)
		if other := seen[slice.Event]; other != "" {
			t.Errorf("%s and %s: got one name %q, want two", body, other, slice.Event)
		}
		seen[slice.Event] = body
		if strings.Contains(slice.Event, `:a`) {
			t.Errorf("%s: got the customer's id in %q, want it out of the keys", body, slice.Event)
		}
	}
}

func TestTimeThatCannotBeIsNone(t *testing.T) {
	for value, want := range map[string]hub.Millis{
		"1791170415123": 1791170415123, "1000000000000": 1000000000000, "9999999999999": 9999999999999,
		"4977069964384421269": 0, "1791170415": 0, "0": 0, "-179117041512": 0, "1791170415.12": 0, `"1791170415123"`: 0, "null": 0, "1.79117041e12": 0,
	} {
		_, e := split(t, `{"event":"subscribed","timestamp":`+value+`,"message_token":1,"user":{"id":"a"}}`)
		if e.At != want {
			t.Errorf("%s: got %d, want %d", value, e.At, want)
		}
	}
}

func TestTryingOutAWebhookIsNoEvent(t *testing.T) {
	slices, err := viber.New(channel.Platform{}).Split(&channel.Request{Body: []byte(`{"event":"webhook","timestamp":4977069964384421269,"message_token":1478683725125}`)})
	if err != nil || len(slices) != 0 {
		t.Errorf("got %d events, %v, want none", len(slices), err)
	}
}

func TestSignatureInTheQueryCountsForNothing(t *testing.T) {
	a := viber.New(channel.Platform{})
	body := []byte(`{"event":"webhook"}`)
	r := &channel.Request{Method: "POST", RawQuery: "sig=" + sign(body, credentials), Header: map[string]string{}, Body: body}
	if err := a.Verify(r, credentials); hub.CodeOf(err) != hub.BadSignature {
		t.Errorf("got %v, want %s", err, hub.BadSignature)
	}
}

// TestConversationStartedIsNoSubscription: the account may not write to who only looks.
func TestConversationStartedIsNoSubscription(t *testing.T) {
	body, err := os.ReadFile("testdata/samples/conversation_started.json")
	if err != nil {
		t.Fatal(err)
	}
	_, e := split(t, string(body))
	if e.Kind != channel.EventEntry || e.Entry.Ref != "qr_store_01" || e.Profile.Name != "林小華" {
		t.Errorf("got %s with %+v of %q, want an entry by the link's mark, and who came", e.Kind, e.Entry, e.Profile.Name.Reveal())
	}
}

// TestWelcomeIsAsDocumented: the documented answer comes out of a native content byte
// for byte, and out of buttons in the same form.
func TestWelcomeIsAsDocumented(t *testing.T) {
	want, err := os.ReadFile("testdata/welcome.json")
	if err != nil {
		t.Fatal(err)
	}
	a := viber.New(channel.Platform{})
	started, _ := split(t, `{"event":"conversation_started","message_token":1,"user":{"id":"a"}}`)
	if got, ok := a.Answer(channel.Credentials{}, started, welcome(t)); !ok || !bytes.Equal(got, want) {
		t.Errorf("native: got %s, %v, want %s", got, ok, want)
	}
	got, ok := a.Answer(channel.Credentials{}, started, hub.Content{Type: hub.Buttons, Text: "歡迎！點選下方按鈕開始。", Buttons: []hub.Button{{Title: "開始", Data: "START"}}})
	if !ok {
		t.Fatal("buttons: got no answer, want one")
	}
	of := func(body []byte) (members map[string]any) {
		if err := json.Unmarshal(bytes.ReplaceAll(body, []byte("\u2063"), nil), &members); err != nil {
			t.Fatal(err)
		}
		delete(members, "sender")        // the bot's own name, if none is given
		delete(members, "tracking_data") // the brand's own
		return members
	}
	if g, w := of(got), of(want); !reflect.DeepEqual(g, w) {
		t.Errorf("buttons: got %v, want %v", g, w)
	}
	if bytes.Contains(got, []byte("receiver")) {
		t.Errorf("got %s, want no receiver", got)
	}
	creds := channel.Credentials{Secrets: channel.Secrets{viber.SenderName: "小店"}}
	if got, ok := a.Answer(creds, started, hub.TextContent("歡迎")); !ok || !bytes.Contains(got, []byte(`"sender":{"name":"小店"}`)) {
		t.Errorf("got %s, %v, want the sender that the bot is connected with", got, ok)
	}
	for name, content := range unfit() {
		if body, ok := a.Answer(channel.Credentials{}, started, content); ok {
			t.Errorf("%s: got %s, want no answer", name, body)
		}
	}
}

// against gives an adapter whose platform answers with a body, and what it was asked.
func against(t *testing.T, answer string) (*viber.Adapter, *[]byte) {
	var asked []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return viber.New(channel.Platform{BaseURL: server.URL, Client: (&channeltest.Guard{}).Client()}), &asked
}

// TestTapsAreToldFromWords: what a button sends comes back as a choice, however late;
// what the customer types, or another system's button sends, as a text.
func TestTapsAreToldFromWords(t *testing.T) {
	a, asked := against(t, says(0, "ok"))
	m := channel.Outgoing{To: user, Ref: "m1", Content: hub.Content{Type: hub.Buttons, Text: "x", Buttons: []hub.Button{
		{Title: "好", Data: "answer=yes"}, {Title: "Q&A <1>", Data: `{"q":"<&>"}`}, {Title: "看", URL: "https://x.example/"}}}}
	if _, err := a.Send(t.Context(), account(), m); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Tracking string `json:"tracking_data"`
		Keyboard struct{ Buttons []struct{ ActionBody string } }
	}
	if err := json.Unmarshal(*asked, &sent); err != nil || len(sent.Keyboard.Buttons) != 3 {
		t.Fatalf("got %s, %v, want three buttons", *asked, err)
	}
	tap := func(text, tracking string) channel.Message {
		text, tracking = jsonText(t, text), jsonText(t, tracking)
		_, e := split(t, from(`{"type":"text","text":`+text+`,"tracking_data":`+tracking+`}`))
		return e.Message
	}
	chosen := func(text, data string) channel.Message {
		return channel.Message{ID: "5741311803571721199", Type: hub.Choice, Text: text, Data: data}
	}
	words := func(text string) channel.Message {
		return channel.Message{ID: "5741311803571721199", Type: hub.Text, Text: text}
	}
	bodies := sent.Keyboard.Buttons
	for name, c := range map[string]struct{ got, want channel.Message }{
		"first":                {tap(bodies[0].ActionBody, sent.Tracking), chosen("好", "answer=yes")},
		"second":               {tap(bodies[1].ActionBody, sent.Tracking), chosen("Q&A <1>", `{"q":"<&>"}`)},
		"after other messages": {tap(bodies[1].ActionBody, `{"ref":"m2"}`), chosen(`{"q":"<&>"}`, `{"q":"<&>"}`)},
		"without tracking":     {tap(bodies[0].ActionBody, ""), chosen("answer=yes", "answer=yes")},
		"the mark was lost":    {tap("answer=yes", sent.Tracking), chosen("好", "answer=yes")},
		"typed":                {tap("您好", sent.Tracking), words("您好")},
		"typed, another's":     {tap("answer=yes", `flow=booking;step=2`), words("answer=yes")},
		"typed, odd tracking":  {tap("answer=yes", `{"choices":["answer=yes"]}`), words("answer=yes")},
		"typed, broken":        {tap("answer=yes", `{"choices":{"answer=yes":"x"}`), words("answer=yes")},
		"nothing but the mark": {tap("\u2063", sent.Tracking), words("\u2063")},
		"nothing":              {tap("", `{"choices":{"":"x"}}`), words("")},
		"a title of no text":   {tap("a", `{"choices":{"a":7}}`), chosen("a", "a")},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, c.got, c.want)
		}
	}
}

func jsonText(t *testing.T, text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestWaitsGrowUntilTheHourIsOver: Viber does not tell an account that is too fast from
// a customer who does not answer.
func TestWaitsGrowUntilTheHourIsOver(t *testing.T) {
	a, _ := against(t, says(12, "Too many requests"))
	for try, want := range []time.Duration{5 * time.Second, 20 * time.Second, 80 * time.Second, 320 * time.Second, 1280 * time.Second, time.Hour, time.Hour} {
		_, err := a.Send(t.Context(), account(), channel.Outgoing{To: user, Content: hub.TextContent("x"), Try: try})
		if got := hub.RetryAfterOf(err); hub.CodeOf(err) != hub.RateLimited || got != want {
			t.Errorf("try %d: got %v after %v, want %s after %v", try, err, got, hub.RateLimited, want)
		}
	}
}

func TestSendRefusesWhatTheAccountCannotSay(t *testing.T) {
	a, asked := against(t, says(0, "ok"))
	acct := account()
	acct.Secrets[viber.SenderName] = hub.Secret(words(29))
	if _, err := a.Send(t.Context(), acct, channel.Outgoing{To: user, Content: hub.TextContent("x")}); hub.CodeOf(err) != hub.AccountBroken {
		t.Errorf("a name of 29 characters: got %v, want %s", err, hub.AccountBroken)
	}
	if _, err := a.Send(t.Context(), account(), channel.Outgoing{Content: hub.TextContent("x")}); hub.CodeOf(err) != hub.Unreachable {
		t.Errorf("to nobody: got %v, want %s", err, hub.Unreachable)
	}
	if _, err := a.Send(t.Context(), account(), channel.Outgoing{To: user, Content: native(`{"type":"text"`)}); hub.CodeOf(err) != hub.Unsupported {
		t.Errorf("broken: got %v, want %s", err, hub.Unsupported)
	}
	if len(*asked) > 0 {
		t.Errorf("got a call %s, want none", *asked)
	}
	acct.Secrets = channel.Secrets{viber.AuthToken: token}
	if _, err := a.Send(t.Context(), acct, channel.Outgoing{To: user, Content: hub.TextContent("x")}); err != nil || bytes.Contains(*asked, []byte("sender")) {
		t.Errorf("no name: got %v with %s, want no sender", err, *asked)
	}
}

func TestTrackingDataKeepsItsLimit(t *testing.T) {
	a, asked := against(t, says(0, "ok"))
	for name, c := range sends() {
		if _, err := a.Send(t.Context(), account(), channel.Outgoing{To: user, Content: c, Ref: strings.Repeat("r", 512)}); err != nil {
			t.Fatalf("%s: got %v, want it sent", name, err)
		}
		var body struct {
			Tracking string `json:"tracking_data"`
		}
		if err := json.Unmarshal(*asked, &body); err != nil || len(body.Tracking) > 4000 || len(*asked) > 30_000 {
			t.Errorf("%s: got %d bytes, %d of them tracking_data, %v, want at most 30000 and 4000", name, len(*asked), len(body.Tracking), err)
		}
		if name != "native_own" && !strings.Contains(body.Tracking, `"ref":"rrr`) {
			t.Errorf("%s: got tracking_data %.40q, want our reference in it", name, body.Tracking)
		}
	}
}

func TestOnlyOurOwnWebhookIsTakenOut(t *testing.T) {
	a, asked := against(t, info("https://crm.example.com/viber"))
	if err := a.Unregister(t.Context(), account()); err != nil || string(*asked) != "{}" {
		t.Errorf("got %v after the call %s, want another's webhook left alone", err, *asked)
	}
}

func TestRegisteringTellsWhyViberDidNotTakeTheWebhook(t *testing.T) {
	for words, want := range map[string]string{
		"java.net.ConnectException: Connection refused":                                "nothing listens",
		"javax.net.ssl.SSLHandshakeException: General problem":                         "certificate",
		"sun.security.validator: unable to find valid certification path, certificate": "certificate",
		"java.net.UnknownHostException: x":                                             "does not know the host",
		"java.net.SocketTimeoutException":                                              "not answered in time",
		"HttpResponse[HTTP/1.1 401 canary]":                                            "not answered with 200",
	} {
		a, _ := against(t, says(1, words))
		err := a.Register(t.Context(), account())
		if hub.CodeOf(err) != hub.Refused || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %s that says %q", words, err, hub.Refused, want)
		}
	}
}
