package messenger_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/messenger"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/hub"
)

var adapter = messenger.New(channel.Platform{})

func split(t *testing.T, body string) []channel.Slice {
	t.Helper()
	slices, err := adapter.Split(&channel.Request{Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return slices
}

func parse(t *testing.T, s channel.Slice) channel.Event {
	t.Helper()
	e, err := adapter.Parse(s.Head, s.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A body that was decoded and encoded again says the same, but nobody signed it.
func TestBodyThatWasEncodedAgainIsRefused(t *testing.T) {
	body, err := os.ReadFile("testdata/samples/text.json")
	if err != nil {
		t.Fatal(err)
	}
	signature := contracttest.Sign(body, credentials.Secrets[messenger.AppSecret])
	verify := func(body []byte) hub.Code {
		r := &channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": signature}}
		return hub.CodeOf(adapter.Verify(r, credentials))
	}
	if got := verify(body); got != "" {
		t.Fatalf("as received: got %s, want it accepted", got)
	}
	var decoded any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(decoded)
	if err != nil || bytes.Equal(again, body) {
		t.Fatalf("encoded again: got %s, %v, want other bytes", again, err)
	}
	for name, body := range map[string][]byte{
		"encoded again": again, "a line more": append(bytes.Clone(body), '\n'),
		"slashes": bytes.ReplaceAll(body, []byte(`\/`), []byte("/")), "capital escapes": bytes.ToUpper(body),
	} {
		if got := verify(body); got != hub.BadSignature {
			t.Errorf("%s: got %q, want %s", name, got, hub.BadSignature)
		}
	}
}

func TestOneMessageIDOnTwoPagesIsTwoMessages(t *testing.T) {
	one := func(page, user string) string {
		return `{"id":"` + page + `","time":1,"messaging":[{"sender":{"id":"` + user + `"},"recipient":{"id":"` + page + `"},"timestamp":1,"message":{"mid":"m_1","text":"x"}}]}`
	}
	slices := split(t, `{"object":"page","entry":[`+one("1001", "7")+`,`+one("1002", "7")+`]}`)
	if len(slices) != 2 || slices[0].Account != "1001" || slices[1].Account != "1002" || slices[0].Event != slices[1].Event {
		t.Errorf("got %+v, want one message of each Page", slices)
	}
}

func TestIDsOfEventsKeepApartWhatIsNotTheSame(t *testing.T) {
	reaction := func(mid, user, rest string) string {
		return items("messaging", strings.Replace(item(`"reaction":{"mid":"`+mid+`",`+rest+`}`), user7, user, 1))
	}
	seen := map[string]string{}
	for _, body := range []string{
		reaction("m_1", user7, `"action":"react","emoji":"a"`),
		reaction("m_1", user7, `"action":"react","emoji":"b"`),
		reaction("m_1", user7, `"action":"unreact","emoji":"a"`),
		reaction("m_1", user7, `"action":"unreact"`),
		reaction("m_2", user7, `"action":"react","emoji":"a"`),
		reaction("m_1", "6871204459123479", `"action":"react","emoji":"a"`),
		reaction("m_1:7", user7, `"action":"react","emoji":"a"`),
		items("messaging", item(`"read":{"watermark":1791170416023}`)),
		items("messaging", item(`"read":{"watermark":1791170416024}`)),
		items("messaging", item(`"delivery":{"watermark":1791170416023}`)),
		items("messaging", strings.Replace(item(`"read":{"watermark":1791170416023}`), user7, "6871204459123479", 1)),
		items("messaging", item(`"message":{"mid":"m_1","text":"x"}`)),
		items("messaging", item(`"message":{"mid":"m_1","is_deleted":true}`)),
		items("messaging", item(`"message_edit":{"mid":"m_1","text":"x","num_edit":1}`)),
		items("messaging", item(`"message_edit":{"mid":"m_1","text":"x","num_edit":2}`)),
		items("messaging", item(`"referral":{"ref":"x","source":"ADS"}`)),
		items("messaging", item(`"referral":{"ref":"y","source":"ADS"}`)),
	} {
		id := split(t, body)[0].Event
		if other := seen[id]; other != "" {
			t.Errorf("%s and %s: got one id, want two", other, body)
		}
		if strings.Contains(id, user7) {
			t.Errorf("%s: got the customer's id in it", id)
		}
		seen[id] = body
	}
}

const user7 = user

func TestAddressOfAMediumDoesNotMakeAnotherPayload(t *testing.T) {
	at := func(text, url string) channel.Slice {
		return split(t, items("messaging", item(`"message":{"mid":"m_1","text":"`+text+`","attachments":[{"type":"image","payload":{"url":"`+url+`"}}]}`)))[0]
	}
	first, again, other := at("x", "https://cdn.example/a?oh=1"), at("x", "https://cdn.example/a?oh=2"), at("y", "https://cdn.example/a?oh=1")
	if first.Hash != again.Hash {
		t.Errorf("signed anew: got %s and %s, want one hash", first.Hash, again.Hash)
	}
	if first.Hash == other.Hash {
		t.Errorf("another text: got one hash, want two")
	}
}

func TestTimeIsReadHoweverItIsWritten(t *testing.T) {
	for written, want := range map[string]hub.Millis{
		`"timestamp":1791170415123`: 1791170415123, `"timestamp":"1791170415123"`: 1791170415123,
		`"timestamp":1791170415`: 1791170415000, `"timestamp":"1791170415"`: 1791170415000,
		`"timestamp":0`: 1791170415523, `"timestamp":null`: 1791170415523, `"x":1`: 1791170415523,
		`"timestamp":-5`: 1791170415523, `"timestamp":1.5e12`: 1791170415523, `"timestamp":17911704151234`: 1791170415523, `"timestamp":{}`: 1791170415523,
	} {
		body := strings.Replace(items("messaging", item(`"message":{"mid":"m_1","text":"x"}`)), `"timestamp":1791170415123`, written, 1)
		if e := parse(t, split(t, body)[0]); e.At != want {
			t.Errorf("%s: got %d, want %d", written, e.At, want)
		}
	}
	body := strings.Replace(items("messaging", strings.Replace(item(`"message":{"mid":"m_1","text":"x"}`), `"timestamp":1791170415123,`, "", 1)), `"time":1791170415523,`, "", 1)
	if e := parse(t, split(t, body)[0]); e.At != 0 || e.Kind != channel.EventMessage {
		t.Errorf("no time at all: got %+v, want a message without one", e)
	}
}

func TestMessagesOfNobodyAreUnparsable(t *testing.T) {
	for _, body := range []string{
		items("messaging", `{"recipient":{"id":"`+page+`"},"timestamp":1,"message":{"mid":"m_1","text":"x"}}`),
		items("messaging", `{"sender":{},"recipient":{"id":"`+page+`"},"timestamp":1,"postback":{"payload":"x"}}`),
		`{"object":"page","entry":[{"time":1,"messaging":[` + item(`"message":{"mid":"m_1","text":"x"}`) + `]}]}`,
		`{"object":"page","entry":[{"id":"` + strings.Repeat("1", 300) + `","messaging":[` + item(`"message":{"mid":"m_1","text":"x"}`) + `]}]}`,
	} {
		s := split(t, body)[0]
		if e, err := adapter.Parse(s.Head, s.Raw); hub.CodeOf(err) != hub.Unparsable || s.User != "" {
			t.Errorf("%s: got %+v, %v, want %s", body, e, err, hub.Unparsable)
		}
	}
}

func TestOnlyReferencesThatCanBeOursComeWithEchoes(t *testing.T) {
	echo := func(metadata string) channel.Event {
		return parse(t, split(t, items("messaging", `{"sender":{"id":"`+page+`"},"recipient":{"id":"`+user+`"},"timestamp":1,"message":{"mid":"m_1","is_echo":true,"app_id":1,"text":"x","quick_reply":{"payload":"y"},"metadata":`+metadata+`}}`))[0])
	}
	for metadata, want := range map[string]string{
		`"m1.a.b"`: "m1.a.b", `"` + strings.Repeat("x", 512) + `"`: strings.Repeat("x", 512),
		`"` + strings.Repeat("x", 513) + `"`: "", `"two words"`: "", `"é"`: "", `7`: "", `null`: "", `{"a":1}`: "",
	} {
		if e := echo(metadata); e.Echo.Ref != want || e.Kind != channel.EventEcho || e.Message.Type != hub.Text {
			t.Errorf("%.40s: got %+v, want the reference %.40q", metadata, e, want)
		}
	}
}

// Who must not write after the window does not reach the platform, which would count it
// as a breach of its policy.
func TestOnlyPeopleWriteAfterTheWindow(t *testing.T) {
	guard := &channeltest.Guard{}
	a := messenger.New(channel.Platform{Client: guard.Client()})
	for class, want := range map[hub.Class]hub.Code{
		hub.ClassBot: hub.WindowClosed, hub.ClassTransactional: hub.WindowClosed, hub.ClassMarketing: hub.WindowClosed, "": hub.WindowClosed,
		hub.ClassPerson: hub.Transient, // the guard lets no call out
	} {
		_, err := a.Send(t.Context(), account(nil), channel.Outgoing{To: user, Content: hub.TextContent("x"), Class: class, AfterWindow: true})
		if hub.CodeOf(err) != want {
			t.Errorf("%q: got %v, want %s", class, err, want)
		}
	}
	if got := guard.Strays(); len(got) != 1 {
		t.Errorf("calls: got %v, want that of the person only", got)
	}
}

func TestMessagesToNobodyMakeNoCall(t *testing.T) {
	guard := &channeltest.Guard{}
	a := messenger.New(channel.Platform{Client: guard.Client()})
	for _, to := range []string{"", "me", "../../" + page, "wa:886912345678", "user_ref:", strings.Repeat("1", 33)} {
		_, err := a.Send(t.Context(), account(nil), channel.Outgoing{To: hub.Personal(to), Content: hub.TextContent("x")})
		if hub.CodeOf(err) != hub.Unreachable {
			t.Errorf("%q: got %v, want %s", to, err, hub.Unreachable)
		}
	}
	nowhere := account(nil)
	nowhere.External = "../me"
	if _, err := a.Send(t.Context(), nowhere, channel.Outgoing{To: user, Content: hub.TextContent("x")}); hub.CodeOf(err) != hub.AccountBroken {
		t.Errorf("from no Page: got %v, want %s", err, hub.AccountBroken)
	}
	for name, err := range map[string]error{
		"register": a.Register(t.Context(), nowhere), "unregister": a.Unregister(t.Context(), nowhere),
	} {
		if hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %v, want %s", name, err, hub.BadRequest)
		}
	}
	if got := guard.Strays(); len(got) != 0 {
		t.Errorf("calls: got %v, want none", got)
	}
}
