package line_test

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"omnihub/internal/channel"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

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
	check("/line/v2/bot/message/push", `{"to":"`+s.Message.To.Reveal()+`",`+text, s.Message.RetryKey)
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
		s.Message.Content.Text = text
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
			r := &channel.Request{Body: []byte(c.body), Header: map[string]string{"x-line-signature": sign([]byte(c.body), credentials)}}
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
		{"image", `{"type":"image","id":"1"}`, token, channel.Message{ID: "1", Type: hub.Image, Media: []channel.Media{{Type: hub.Image, ID: "1"}}}, hub.Secret(token)},
		{"video", `{"type":"video","id":"1","duration":5}`, token, channel.Message{ID: "1", Type: hub.Video, Media: []channel.Media{{Type: hub.Video, ID: "1"}}}, hub.Secret(token)},
		{"audio", `{"type":"audio","id":"1","duration":5}`, token, channel.Message{ID: "1", Type: hub.Audio, Media: []channel.Media{{Type: hub.Audio, ID: "1"}}}, hub.Secret(token)},
		{"message sticker", `{"type":"sticker","id":"1","keywords":["a"],"text":"謝謝"}`, token, channel.Message{ID: "1", Type: hub.Sticker, Text: "謝謝"}, hub.Secret(token)},
		{"sticker of many meanings", `{"type":"sticker","id":"1","keywords":["a","b",3,"d","e"]}`, token, channel.Message{ID: "1", Type: hub.Sticker, Text: "a, b"}, hub.Secret(token)},
		{"sticker of odd meanings", `{"type":"sticker","id":"1","keywords":"a","text":7}`, token, channel.Message{ID: "1", Type: hub.Sticker}, hub.Secret(token)},
		{"medium without provider", `{"type":"video","id":"1"}`, token, channel.Message{ID: "1", Type: hub.Video, Media: []channel.Media{{Type: hub.Video, ID: "1"}}}, hub.Secret(token)},
		{"medium of an odd provider", `{"type":"video","id":"1","contentProvider":{"type":"external","originalContentUrl":5}}`, token, channel.Message{ID: "1", Type: hub.Video}, hub.Secret(token)},
		{"file of odd size", `{"type":"file","id":"1","fileName":"a","fileSize":"5"}`, token, channel.Message{ID: "1", Type: hub.File, Text: "a", Media: []channel.Media{{Type: hub.File, ID: "1", Name: "a"}}}, hub.Secret(token)},
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
		{"dummy token of 0", `{"type":"image","id":"1"}`, strings.Repeat("0", 32), channel.Message{ID: "1", Type: hub.Image, Media: []channel.Media{{Type: hub.Image, ID: "1"}}}, ""},
		{"dummy token of f", `{"type":"image","id":"1"}`, strings.Repeat("f", 32), channel.Message{ID: "1", Type: hub.Image, Media: []channel.Media{{Type: hub.Image, ID: "1"}}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			event := strings.NewReplacer("%TOKEN", c.token, "%MESSAGE", c.message).Replace(frame)
			slices, err := a.Split(&channel.Request{Body: []byte(body(event))})
			if err != nil || len(slices) != 1 {
				t.Fatalf("split: got %d, %v, want one", len(slices), err)
			}
			got, err := a.Parse(slices[0].Head, slices[0].Raw)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Message, c.want) || got.Reply != c.reply {
				t.Errorf("got %+.200v with token %q, want %+.200v with %q", got.Message, got.Reply.Reveal(), c.want, c.reply.Reveal())
			}
		})
	}
}

func TestNoReplyInStandby(t *testing.T) {
	a := line.New(channel.Platform{})
	e, err := a.Parse([]byte(`{"destination":"U"}`), []byte(`{"type":"follow","mode":"standby","timestamp":1,"source":{"type":"user","userId":"U1"},"replyToken":"689daf599db8f711dd084d4f1ea67276"}`))
	if err != nil || !e.Standby || e.Reply != "" {
		t.Errorf("got %+v with token %q, %v, want standby and no token", e, e.Reply.Reveal(), err)
	}
}

func TestParseRefusesWhatCannotBeKept(t *testing.T) {
	a := line.New(channel.Platform{})
	for name, event := range map[string]string{
		"no source":         `{"type":"message","timestamp":1,"message":{"type":"text","id":"1","text":"x"}}`,
		"odd source":        `{"type":"message","timestamp":1,"source":{"type":"planet","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"no user":           `{"type":"message","timestamp":1,"source":{"type":"user"},"message":{"type":"text","id":"1"}}`,
		"no message":        `{"type":"message","timestamp":1,"source":{"type":"user","userId":"U1"}}`,
		"no message id":     `{"type":"message","timestamp":1,"source":{"type":"user","userId":"U1"},"message":{"type":"text"}}`,
		"nobody followed":   `{"type":"follow","timestamp":1}`,
		"follow at no time": `{"type":"follow","source":{"type":"user","userId":"U1"}}`,
		"unsend of nothing": `{"type":"unsend","timestamp":1,"source":{"type":"user","userId":"U1"}}`,
		"unsend by nobody":  `{"type":"unsend","timestamp":1,"unsend":{"messageId":"1"}}`,
		"edit of nothing":   `{"type":"messageEdited","timestamp":1,"source":{"type":"user","userId":"U1"},"message":{"type":"text","text":"x"}}`,
		"nobody tapped":     `{"type":"postback","timestamp":1,"postback":{"data":"x"}}`,
		"nobody linked":     `{"type":"accountLink","timestamp":1,"link":{"result":"ok","nonce":"n"}}`,
		"link of nothing":   `{"type":"accountLink","timestamp":1,"source":{"type":"user","userId":"U1"},"link":{"result":"ok"}}`,
		"no time":           `{"type":"message","source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"text as time":      `{"type":"message","timestamp":"1","source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"negative time":     `{"type":"message","timestamp":-1,"source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
		"time too long":     `{"type":"message","timestamp":10000000000000,"source":{"type":"user","userId":"U1"},"message":{"type":"text","id":"1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			slices, err := a.Split(&channel.Request{Body: []byte(body(event + `,{"type":"follow"}`))})
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
		slices, err := a.Split(&channel.Request{Body: []byte(body(" " + event + " "))})
		if err != nil {
			t.Fatal(err)
		}
		e, err := a.Parse(slices[0].Head, slices[0].Raw)
		if err != nil || e.ID != slices[0].Event {
			t.Fatalf("parse: got %q, %v, want %q", e.ID, err, slices[0].Event)
		}
		return slices[0].Event, slices[0].Hash
	}
	first, hash := name(`{"type":"beacon","deliveryContext":{"isRedelivery":false},"x":true}`)
	again, hashAgain := name(`{"type":"beacon","deliveryContext":{"isRedelivery":true},"x":true}`)
	other, _ := name(`{"type":"beacon","deliveryContext":{"isRedelivery":false},"x":false}`)
	if first == "" || first != again || hash != hashAgain {
		t.Errorf("got %q, then %q, want the same", first, again)
	}
	if first == other {
		t.Errorf("got %q for two events, want two names", first)
	}
}

// What stands in for a template in lists has less room than its text.
func TestTheAltTextOfATemplateIsCut(t *testing.T) {
	var got struct {
		Messages []struct{ AltText string }
	}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&got)
	}))
	defer server.Close()
	a, s := line.New(channel.Platform{BaseURL: server.URL}), suite(t)
	s.Message.Content = sends()["confirm_wide"]
	if _, err := a.Send(t.Context(), s.Account, s.Message); err != nil {
		t.Fatal(err)
	}
	alt := got.Messages[0].AltText
	if n := len(utf16.Encode([]rune(alt))); n < 1498 || n > 1500 || !strings.HasPrefix(s.Message.Content.Text, alt) {
		t.Errorf("got %d units, want the first 1500 or so of the text", n)
	}
}

func TestContentsThatNoJSONCanTellAreRefused(t *testing.T) {
	a, s := line.New(channel.Platform{BaseURL: "http://192.0.2.1"}), suite(t)
	for name, c := range map[string]hub.Content{
		"no number":   {Type: hub.Location, Place: &hub.Place{Latitude: math.NaN()}},
		"no end":      {Type: hub.Location, Place: &hub.Place{Longitude: math.Inf(1)}},
		"broken JSON": {Type: hub.Native, Native: json.RawMessage(`{"type":"text"`)},
	} {
		s.Message.Content = c
		if _, err := a.Send(t.Context(), s.Account, s.Message); hub.CodeOf(err) != hub.Unsupported {
			t.Errorf("%s: got %v, want %s", name, err, hub.Unsupported)
		}
	}
}

// An edited message of a kind that LINE does not let be edited today is kept raw.
func TestAnEditOfAnotherKindIsKept(t *testing.T) {
	a := line.New(channel.Platform{})
	e, err := a.Parse([]byte(`{"destination":"U"}`),
		[]byte(`{"type":"messageEdited","timestamp":1,"source":{"type":"group","groupId":"C1"},"message":{"type":"image","id":"1"}}`))
	if err != nil || e.Kind != channel.EventOther || e.User != "C1" {
		t.Errorf("got %+v, %v, want it kept raw", e, err)
	}
}

// An odd user id, which can only be of our own making, leaves no path but its own.
func TestAUserIDStaysWithinItsPath(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.RequestURI)
	}))
	defer server.Close()
	a, s := line.New(channel.Platform{BaseURL: server.URL}), suite(t)
	for _, user := range []string{"U/../../info?x=1#", "C/../x"} {
		_, _ = a.Profile(t.Context(), s.Account, user)
	}
	want := []string{"/line/v2/bot/profile/U%2F..%2F..%2Finfo%3Fx=1%23", "/line/v2/bot/group/C%2F..%2Fx/summary"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A person's id holds in all accounts of a provider; a group's and a room's are nobody's.
func TestAnIDNamesItsPersonByItself(t *testing.T) {
	a := line.New(channel.Platform{})
	const hex = "0d9c3f6a82b14e57903c6ad18f4e7b25"
	for id, want := range map[string][]channel.Alias{
		"U" + hex: {{Kind: channel.AliasUser, Value: "U" + hex}},
		"C" + hex: nil, "R" + hex: nil, hex: nil, "": nil, "wa:886912345678": nil,
	} {
		if got := a.Names(id); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}
