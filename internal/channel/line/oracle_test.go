package line_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"
	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"

	"omnihub/internal/channel"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// LINE's own library reads each sample as the adapter does. It is an oracle for
// tests only: it is several times slower, and older than some event types.
func TestSamplesReadAsLINEsOwnLibraryReadsThem(t *testing.T) {
	files, err := filepath.Glob("testdata/samples/*.json")
	if err != nil || len(files) < 37 {
		t.Fatalf("got %d samples, %v, want 37", len(files), err)
	}
	a := line.New(channel.Platform{})
	known := map[string]int{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			signature := sign(body, credentials)
			r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("x-line-signature", signature)
			want, err := webhook.ParseRequest(secret, r)
			if err != nil {
				t.Fatalf("oracle: %v", err)
			}
			if err := a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-line-signature": signature}}, credentials); err != nil {
				t.Fatal(err)
			}
			slices, err := a.Split(&channel.Request{Body: body})
			if err != nil || len(slices) != len(want.Events) {
				t.Fatalf("events: got %d, %v, want %d", len(slices), err, len(want.Events))
			}
			for i, slice := range slices {
				got, err := a.Parse(slice.Head, slice.Raw)
				if err != nil {
					t.Fatal(err)
				}
				if got.Account != want.Destination || got.Type != want.Events[i].GetType() {
					t.Errorf("event %d: got %s for %s, want %s for %s", i, got.Type, got.Account, want.Events[i].GetType(), want.Destination)
				}
				if _, ok := want.Events[i].(webhook.UnknownEvent); ok {
					continue
				}
				known[got.Type]++
				got.Account, got.Reply = "", got.Reply+"." // so that tokens are compared in clear
				if want := oracleEvent(want.Events[i]); shown(got) != shown(want) {
					t.Errorf("event %d:\n got %s\nwant %s", i, shown(got), shown(want))
				}
			}
		})
	}
	for _, kind := range strings.Fields("message postback follow unfollow join leave unsend accountLink memberJoined memberLeft videoPlayComplete beacon membership") {
		if known[kind] == 0 {
			t.Errorf("got no sample of the type %s that the library knows, want one", kind)
		}
	}
}

func shown(e channel.Event) string {
	return fmt.Sprintf("%+v token %q", e, e.Reply.Reveal())
}

// oracleEvent is what the library makes of an event, in the hub's words.
func oracleEvent(from webhook.EventInterface) channel.Event {
	v := reflect.ValueOf(from)
	field := func(name string) any {
		if f := v.FieldByName(name); f.IsValid() {
			return f.Interface()
		}
		return nil
	}
	out := channel.Event{
		Kind: channel.EventOther, Type: from.GetType(), ID: field("WebhookEventId").(string), At: hub.Millis(field("Timestamp").(int64)),
		Standby: field("Mode").(webhook.EventMode) == webhook.EventMode_STANDBY,
	}
	if d := field("DeliveryContext").(*webhook.DeliveryContext); d != nil {
		out.Redelivered = d.IsRedelivery
	}
	token, _ := field("ReplyToken").(string)
	out.Reply = hub.Secret(token) + "."
	switch s := field("Source").(type) {
	case webhook.UserSource:
		out.User, out.UserKind, out.Aliases = s.UserId, hub.Person, []channel.Alias{{Kind: channel.AliasUser, Value: hub.Personal(s.UserId)}}
	case webhook.GroupSource:
		out.User, out.UserKind, out.Actor = s.GroupId, hub.Group, s.UserId
	case webhook.RoomSource:
		out.User, out.UserKind, out.Actor = s.RoomId, hub.Group, s.UserId
	}
	switch e := from.(type) {
	case webhook.MessageEvent:
		out.Kind, out.Message = channel.EventMessage, oracleMessage(e.Message)
	case webhook.PostbackEvent:
		p := e.Postback.Params
		if p["newRichMenuAliasId"]+p["status"] == "" {
			out.Kind = channel.EventMessage
			out.Message = channel.Message{ID: out.ID, Type: hub.Choice, Data: e.Postback.Data, Text: p["date"] + p["time"] + p["datetime"]}
		}
	case webhook.FollowEvent, webhook.JoinEvent:
		out.Kind, out.Subscribed = channel.EventSubscription, true
	case webhook.UnfollowEvent, webhook.LeaveEvent:
		out.Kind = channel.EventSubscription
	case webhook.UnsendEvent:
		out.Kind, out.Action = channel.EventAction, channel.Action{Kind: channel.Unsend, Target: e.Unsend.MessageId, Actor: out.Actor}
		if out.Actor == "" {
			out.Action.Actor = out.User
		}
	case webhook.AccountLinkEvent:
		out.Kind = channel.EventLink
		out.Link.OK, out.Link.Nonce = e.Link.Result == webhook.LinkContentRESULT_OK, e.Link.Nonce
	}
	return out
}

func oracleMessage(from webhook.MessageContentInterface) channel.Message {
	file := func(of hub.MessageType, id string, p *webhook.ContentProvider) []channel.Media {
		if p != nil && p.Type == webhook.ContentProviderTYPE_EXTERNAL {
			return []channel.Media{{Type: of, URL: p.OriginalContentUrl}}
		}
		return []channel.Media{{Type: of, ID: id}}
	}
	switch m := from.(type) {
	case webhook.TextMessageContent:
		return channel.Message{ID: m.Id, Type: hub.Text, Text: m.Text, Quotes: m.QuotedMessageId}
	case webhook.ImageMessageContent:
		return channel.Message{ID: m.Id, Type: hub.Image, Media: file(hub.Image, m.Id, m.ContentProvider)}
	case webhook.VideoMessageContent:
		return channel.Message{ID: m.Id, Type: hub.Video, Media: file(hub.Video, m.Id, m.ContentProvider)}
	case webhook.AudioMessageContent:
		return channel.Message{ID: m.Id, Type: hub.Audio, Media: file(hub.Audio, m.Id, m.ContentProvider)}
	case webhook.FileMessageContent:
		return channel.Message{ID: m.Id, Type: hub.File, Text: m.FileName,
			Media: []channel.Media{{Type: hub.File, ID: m.Id, Name: m.FileName, Size: int64(m.FileSize)}}}
	case webhook.LocationMessageContent:
		return channel.Message{ID: m.Id, Type: hub.Location, Text: m.Title + "\n" + m.Address}
	case webhook.StickerMessageContent:
		out := channel.Message{ID: m.Id, Type: hub.Sticker, Text: m.Text, Quotes: m.QuotedMessageId}
		if out.Text == "" {
			out.Text = strings.Join(m.Keywords[:min(3, len(m.Keywords))], ", ")
		}
		return out
	}
	return channel.Message{}
}

// LINE's own library knows every object that the adapter sends, and every member of
// it: what it reads and writes again lacks nothing.
func TestObjectsAreThoseOfLINEsOwnLibrary(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v, want some", len(files), err)
	}
	seen := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var calls []struct {
			Path string
			Body struct{ Messages []json.RawMessage }
		}
		if err := json.Unmarshal(data, &calls); err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			for _, sent := range c.Body.Messages {
				seen++
				known, err := messaging_api.UnmarshalMessage(sent)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				if _, ok := known.(messaging_api.UnknownMessage); ok {
					t.Errorf("%s: got an object of an unknown type", file)
				}
				again, err := json.Marshal(known)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				var got, want any
				if json.Unmarshal(sent, &got) != nil || json.Unmarshal(again, &want) != nil {
					t.Fatalf("%s: no JSON", file)
				}
				if where := missing(got, want, ""); where != "" {
					t.Errorf("%s: the library does not know %s: %s", file, where, again)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("got %d objects, want 30", seen)
	}
}

// missing names what of a is not in b; "" if b has all of it.
func missing(a, b any, at string) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return at
		}
		for name := range a {
			if where := missing(a[name], b[name], at+"/"+name); where != "" {
				return where
			}
		}
		return ""
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return at
		}
		for i := range a {
			if where := missing(a[i], b[i], fmt.Sprint(at, "/", i)); where != "" {
				return where
			}
		}
		return ""
	}
	if a != b {
		return at
	}
	return ""
}
