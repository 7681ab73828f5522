package line_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"

	"omnihub/internal/channel"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// LINE's own library reads each sample as the adapter does. It is an oracle for
// tests only: it is several times slower, and older than some event types.
func TestSamplesReadAsLINEsOwnLibraryReadsThem(t *testing.T) {
	files, err := filepath.Glob("testdata/samples/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("got %d samples, %v, want 15", len(files), err)
	}
	a := line.New(channel.Platform{})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			signature := sign(body, credentials.Secrets)
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
			slices, err := a.Split(body)
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
				if e, ok := want.Events[i].(webhook.MessageEvent); ok {
					if got, want := summary(got), oracleSummary(e); got != want {
						t.Errorf("event %d:\n got %s\nwant %s", i, got, want)
					}
				}
			}
		})
	}
}

// summary is what both sides tell of a message.
func summary(e channel.Event) string {
	return fmt.Sprintf("%s at %d from %s/%s token %q standby %v again %v: %s %s %q",
		e.ID, e.At, e.User, e.Actor, e.Reply.Reveal(), e.Standby, e.Redelivered, e.Message.Type, e.Message.ID, e.Message.Text)
}

func oracleSummary(e webhook.MessageEvent) string {
	out := channel.Event{
		ID: e.WebhookEventId, At: hub.Millis(e.Timestamp), Reply: hub.Secret(e.ReplyToken),
		Standby: e.Mode == webhook.EventMode_STANDBY, Redelivered: e.DeliveryContext.IsRedelivery,
	}
	switch s := e.Source.(type) {
	case webhook.UserSource:
		out.User = s.UserId
	case webhook.GroupSource:
		out.User, out.Actor = s.GroupId, s.UserId
	}
	switch m := e.Message.(type) {
	case webhook.TextMessageContent:
		out.Message = channel.Message{ID: m.Id, Type: hub.Text, Text: m.Text}
	case webhook.ImageMessageContent:
		out.Message = channel.Message{ID: m.Id, Type: hub.Image}
	case webhook.FileMessageContent:
		out.Message = channel.Message{ID: m.Id, Type: hub.File, Text: m.FileName}
	case webhook.LocationMessageContent:
		out.Message = channel.Message{ID: m.Id, Type: hub.Location, Text: m.Title + "\n" + m.Address}
	case webhook.StickerMessageContent:
		out.Message = channel.Message{ID: m.Id, Type: hub.Sticker, Text: m.Text}
	}
	return summary(out)
}
