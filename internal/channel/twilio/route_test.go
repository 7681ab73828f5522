package twilio_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

func cut(t *testing.T, r channel.Request) (channel.Slice, channel.Event) {
	t.Helper()
	a := twilio.New(channel.Platform{})
	slices, err := a.Split(&r)
	if err != nil || len(slices) != 1 {
		t.Fatalf("%s: split: got %d, %v, want one event", r.Body, len(slices), err)
	}
	e, err := a.Parse(slices[0].Head, slices[0].Raw)
	if err != nil {
		t.Fatalf("%s: parse: %v", r.Body, err)
	}
	return slices[0], e
}

func post(body string) channel.Request { return channel.Request{Method: "POST", Body: []byte(body)} }

// TestAStatusUnderItsOlderName: MessageStatus and SmsStatus say the same; what has only
// the older one is no message of a customer's.
func TestAStatusUnderItsOlderName(t *testing.T) {
	body := formOf("From", "To", "MessageStatus", "delivered")
	want, _ := cut(t, post(body))
	s, e := cut(t, post(strings.Replace(body, "MessageStatus", "SmsStatus", 1)))
	if e.Kind != channel.EventReceipt || e.Receipt.State != hub.Delivered || s.Account != number || s.User != user || s.Event != want.Event {
		t.Errorf("got %+v for %+v, want a delivery to %s", e, s, user)
	}
}

// Nothing in Twilio's requests tells the time, so that an hour later the same bytes come
// again; parameters in another order or spelling are the same too.
func TestARedeliveredMessageAnHourLaterIsTheSameMessage(t *testing.T) {
	for _, name := range []string{"text.form", "media_image.form", "status_read.form"} {
		body := string(sample(t, name))
		first, event := cut(t, post(body))
		if event.At != 0 {
			t.Errorf("%s: got the time %d, want none: the first arrival's is kept", name, event.At)
		}
		again := post(body)
		again.Header = map[string]string{"i-twilio-idempotency-token": "5c6d", "date": time.Unix(1791170415, 0).Add(time.Hour).String()}
		parts := strings.Split(strings.ReplaceAll(body, "%2B", "%2b"), "&")
		slices.Reverse(parts)
		for how, r := range map[string]channel.Request{"again": again, "in another order": post(strings.Join(parts, "&"))} {
			second, e := cut(t, r)
			if second.Event != first.Event || second.Hash != first.Hash || second.Account != first.Account || second.User != first.User {
				t.Errorf("%s, %s: got %s %s, want %s %s", name, how, second.Event, second.Hash, first.Event, first.Hash)
			}
			if !reflect.DeepEqual(e, event) {
				t.Errorf("%s, %s: got %+v, want %+v", name, how, e, event)
			}
		}
		other, _ := cut(t, post(body+"&Body=x"))
		if other.Hash == first.Hash || other.Event != first.Event {
			t.Errorf("%s with another body: got %s %s, want the same event with another hash", name, other.Event, other.Hash)
		}
	}
}

func TestAMessageByGetIsTheSameAsByPost(t *testing.T) {
	body := sample(t, "button_reply.form")
	byPost, want := cut(t, post(string(body)))
	byGet, got := cut(t, channel.Request{Method: "GET", RawQuery: string(body)})
	if byGet.Event != byPost.Event || byGet.Hash != byPost.Hash || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %+v, want %+v, %+v", byGet, got, byPost, want)
	}
}

func TestCallbacksNameTheMessageByOurOwnName(t *testing.T) {
	body := sample(t, "status_delivered.form")
	for query, want := range map[string]string{
		"": "", "c=tw1": "", "ref=m1.demo": "m1.demo", "c=tw1&ref=a%2Bb%23c%26d": "a+b#c&d", "ref=": "", "xref=a": "",
		"ref=" + strings.Repeat("x", 512): strings.Repeat("x", 512), "ref=" + strings.Repeat("x", 513): "",
		"ref=a%00b": "", "ref=%E5%AD%97": "", "ref=a+b": "a b", "ref=%zz": "",
	} {
		s, e := cut(t, channel.Request{Method: "POST", RawQuery: query, Body: body})
		if e.Kind != channel.EventReceipt || e.Receipt.Ref != want || e.Receipt.Target == "" || len(s.Head) > 1024 {
			t.Errorf("%q: got %+v, want the reference %q", query, e.Receipt, want)
		}
	}
	if _, e := cut(t, channel.Request{Method: "POST", RawQuery: "ref=m1.demo", Body: sample(t, "text.form")}); e.Receipt.Ref != "" {
		t.Errorf("a customer's message: got the reference %q, want none", e.Receipt.Ref)
	}
	a := twilio.New(channel.Platform{})
	if e, err := a.Parse([]byte(`{"ref":"m1"}`), body); err != nil || e.Receipt.Ref != "m1" {
		t.Errorf("got %+v, %v, want the head's reference", e, err)
	}
}

func TestFailedCallbacksHaveTheCodesOfAnswers(t *testing.T) {
	for n, want := range codes {
		_, e := cut(t, post(formOf("From", "To", "MessageStatus", "undelivered", "ErrorCode", json.Number(itoa(n)).String())))
		if e.Receipt.State != hub.Failed || e.Receipt.Code != want || e.Receipt.Detail != itoa(n) {
			t.Errorf("%d: got %+v, want %s", n, e.Receipt, want)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestWhoSomebodyIs(t *testing.T) {
	const bsuid = "TW.13491208655302741918"
	for name, c := range map[string]struct {
		body string
		want []string // the user's id, then the aliases
	}{
		"a number":                 {inbound("Body", "x"), []string{user, "phone 886912345678"}},
		"a number and a BSUID":     {inbound("Body", "x", "ExternalUserId", "whatsapp:"+bsuid), []string{bsuid, "user " + bsuid, "phone 886912345678"}},
		"by its other name":        {inbound("Body", "x", "ExternalUserIdentifier", bsuid), []string{bsuid, "user " + bsuid, "phone 886912345678"}},
		"a username":               {inbound("Body", "x", "From", "whatsapp:"+bsuid), []string{bsuid, "user " + bsuid}},
		"a username, said twice":   {inbound("Body", "x", "From", "whatsapp:"+bsuid, "ExternalUserId", "whatsapp:TW.2"), []string{bsuid, "user " + bsuid}},
		"no BSUID":                 {inbound("Body", "x", "ExternalUserId", "whatsapp:+886912345678"), []string{user, "phone 886912345678"}},
		"a parent's BSUID":         {inbound("Body", "x", "ExternalUserId", "whatsapp:TW.ENT.5"), []string{user, "phone 886912345678"}},
		"in the channel's context": {inbound("Body", "x", "ChannelMetadata", `{"data":{"context":{"ExternalUserId":"whatsapp:`+bsuid+`"}}}`), []string{bsuid, "user " + bsuid, "phone 886912345678"}},
		"of a callback":            {formOf("From", "To", "MessageStatus", "read", "To", "whatsapp:"+bsuid), []string{bsuid, "user " + bsuid}},
	} {
		s, e := cut(t, post(c.body))
		got := []string{e.User}
		for _, a := range e.Aliases {
			got = append(got, string(a.Kind)+" "+a.Value.Reveal())
		}
		if !slices.Equal(got, c.want) || s.User != e.User {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	a := twilio.New(channel.Platform{})
	for _, id := range []string{"", "wa:", "wa:0123456", "wa:12345", "wa:+886912345678", "886912345678", "TW.ENT.5", "tw.5", "group:1", "TW.", "TW." + strings.Repeat("1", 129)} {
		if names := a.Names(id); len(names) > 0 {
			t.Errorf("%q: got %v, want no alias", id, names)
		}
	}
}

func TestMessagesOfNobodyAreRefused(t *testing.T) {
	a := twilio.New(channel.Platform{})
	for _, body := range []string{
		inbound("From", "whatsapp:886912345678", "Body", "x"), inbound("From", "", "Body", "x"), inbound("From", "+886912345678", "Body", "x"),
		formOf("From", "To", "MessageStatus", "sent", "To", ""), formOf("From", "To", "MessageStatus", "read", "To", "whatsapp:+x"),
	} {
		got, err := a.Split(&channel.Request{Method: "POST", Body: []byte(body)})
		if err != nil || len(got) != 1 || got[0].User != "" || got[0].Account != number {
			t.Errorf("%s: split: got %+v, %v, want an event of the number", body, got, err)
			continue
		}
		if _, err := a.Parse(got[0].Head, got[0].Raw); hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("%s: parse: got %v, want %s", body, err, hub.Unparsable)
		}
	}
}

func TestWhatMessagesSay(t *testing.T) {
	for name, c := range map[string]struct {
		body       string
		kind       hub.MessageType
		text, data string
		media      int
	}{
		"text":                  {inbound("Body", " a\nb "), hub.Text, " a\nb ", "", 0},
		"no UTF-8":              {"MessageSid=SMfeed00000000000000000000000000ff&To=whatsapp%3A%2B14155238886&From=whatsapp%3A%2B886912345678&Body=a%FFb%ED%A0%80", hub.Text, "a\uFFFDb\uFFFD", "", 0},
		"nothing":               {inbound(), hub.OtherMsg, "[unsupported: empty]", "", 0},
		"of an unknown type":    {inbound("MessageType", "poll"), hub.OtherMsg, "[unsupported: poll]", "", 0},
		"a tap, by its payload": {inbound("MessageType", "text", "ButtonPayload", "p", "Body", "Yes"), hub.Choice, "Yes", "p", 0},
		"a tap without payload": {inbound("ButtonText", "Yes", "Body", "Yes"), hub.Choice, "Yes", "Yes", 0},
		"a row":                 {inbound("ListId", "r", "ListTitle", "Row", "Body", "x"), hub.Choice, "Row", "r", 0},
		"a place":               {inbound("Latitude", "25.0478", "Longitude", "121.5", "Label", "Station"), hub.Location, "Station", "", 0},
		"a place by its point":  {inbound("Latitude", "25.0478", "Longitude", "121.5"), hub.Location, "25.0478,121.5", "", 0},
		"half a place":          {inbound("Latitude", "25.0478", "Body", "x"), hub.Text, "x", "", 0},
		"files":                 {inbound("MediaUrl0", "https://x/0", "MediaContentType0", "audio/ogg", "MediaUrl1", "https://x/1", "Body", "c"), hub.Audio, "c", "", 2},
		"files after a gap":     {inbound("MediaUrl1", "https://x/1", "Body", "c"), hub.Text, "c", "", 0},
		"a sticker":             {inbound("MessageType", "sticker", "MediaUrl0", "https://x/0", "MediaContentType0", "image/webp"), hub.Sticker, "", "", 1},
		"a card":                {inbound("MediaUrl0", "https://x/0", "MediaContentType0", "text/vcard", "Body", "Ann"), hub.Contacts, "Ann", "", 1},
		"a file of no type":     {inbound("MediaUrl0", "https://x/0"), hub.File, "", "", 1},
		"a filled-in form":      {inbound("InteractiveData", `{"a":[1]}`, "Body", "Sent"), hub.Form, "Sent", `{"a":[1]}`, 0},
		"a form of no object":   {inbound("FlowData", `{"a"`, "Body", "Sent"), hub.Text, "Sent", "", 0},
		"forwarded":             {inbound("Body", "x", "Forwarded", "true"), hub.Text, "x", "", 0},
	} {
		_, e := cut(t, post(c.body))
		m := e.Message
		if e.Kind != channel.EventMessage || m.Type != c.kind || m.Text != c.text || m.Data != c.data || len(m.Media) != c.media {
			t.Errorf("%s: got %s %+v, want %+v", name, e.Kind, m, c)
		}
	}
}

func TestFilesThatAreSwitchedOffAreNotShown(t *testing.T) {
	a := twilio.New(channel.Platform{})
	off := channel.Secrets{twilio.AttachmentsIn: "Off"}
	_, with := cut(t, post(string(sample(t, "media_image.form"))))
	_, bare := cut(t, post(inbound("MediaUrl0", "https://x/0", "MediaContentType0", "image/png")))
	_, text := cut(t, post(string(sample(t, "text.form"))))
	for _, c := range []struct {
		e        channel.Event
		settings channel.Secrets
		kind     hub.MessageType
		text     string
		media    int
	}{
		{with, nil, hub.Image, "收據", 1}, {with, channel.Secrets{twilio.AttachmentsIn: "on"}, hub.Image, "收據", 1},
		{with, off, hub.Text, "收據", 0}, {bare, off, hub.OtherMsg, "[attachment not taken]", 0}, {text, off, hub.Text, text.Message.Text, 0},
	} {
		got := a.Admit(c.e, c.settings).Message
		if got.Type != c.kind || got.Text != c.text || len(got.Media) != c.media || got.ID != c.e.Message.ID {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
	if len(with.Message.Media) != 1 {
		t.Error("the event that was given was changed")
	}
	acct := *numberOf(number, twilio.AttachmentsOut, "OFF")
	for name, content := range sends() {
		_, err := a.Send(t.Context(), acct, channel.Outgoing{To: user, Content: content})
		refused := hub.CodeOf(err) == hub.Unsupported && strings.Contains(err.Error(), "switched off")
		if want := content.Media != nil || name == "template_image"; refused != want {
			t.Errorf("%s: got %v, want it refused %v", name, err, want)
		}
	}
}

func TestSendIsRefusedBeforeACallIfTheAccountCannotSend(t *testing.T) {
	a := twilio.New(channel.Platform{BaseURL: "http://192.0.2.1"})
	good := channel.Outgoing{To: user, Content: hub.TextContent("x"), Ref: "m1"}
	change := func(f func(*channel.Account)) channel.Account {
		acct := *numberOf(number)
		f(&acct)
		return acct
	}
	for name, c := range map[string]struct {
		acct channel.Account
		to   hub.Personal
		want hub.Code
		says string
	}{
		"no plus":           {*numberOf("14155238886"), user, hub.AccountBroken, "its +"},
		"no SID":            {*numberOf(number, twilio.AccountSID, "AC1/../x"), user, hub.AccountBroken, "account_sid"},
		"no token":          {*numberOf(number, twilio.AuthToken, ""), user, hub.TokenExpired, "auth token"},
		"no service":        {*numberOf(number, twilio.MessagingServiceSID, "MG1"), user, hub.AccountBroken, "messaging_service_sid"},
		"no recipient":      {*numberOf(number), "U123", hub.Unreachable, "recipient"},
		"a parent's BSUID":  {*numberOf(number), "TW.ENT.5", hub.Unreachable, "recipient"},
		"underscore":        {change(func(a *channel.Account) { a.Webhook = "https://my_hub.example.tw/x" }), user, hub.AccountBroken, "underscore"},
		"odd webhook":       {change(func(a *channel.Account) { a.Webhook = "ftp://x/" }), user, hub.AccountBroken, "webhook"},
		"webhook of no URL": {change(func(a *channel.Account) { a.Webhook = ":" }), user, hub.AccountBroken, "webhook"},
	} {
		m := good
		m.To = c.to
		_, err := a.Send(t.Context(), c.acct, m)
		if hub.CodeOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %s that says %q", name, err, c.want, c.says)
		}
	}
}

func TestReferencesComeBackAsTheyWent(t *testing.T) {
	for _, ref := range []string{"m1.demo", "a+b/c=d&e#f?g%h", strings.Repeat("~", 512)} {
		callback := "?ref=" + url.QueryEscape(ref)
		_, e := cut(t, channel.Request{Method: "POST", RawQuery: callback[1:], Body: sample(t, "status_read.form")})
		if e.Receipt.Ref != ref {
			t.Errorf("got %q, want %q", e.Receipt.Ref, ref)
		}
	}
}
