package main

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// connected connects an account with the credentials that a sample event was signed
// with, and gives the last part of its webhook's URL. At the platform stands the URL
// that the event names, as after a change of the keys of path ids.
func (e *edge) connected(kind hub.Channel, at string, secrets channel.Secrets, a settings.NewAccount) string {
	e.t.Helper()
	ctx, id := context.Background(), hub.ConnectionID(kind+"1")
	e.must(e.Setup.Connect(ctx, e.Team, id, kind, secrets, a))
	team, err := e.Store.Team(ctx, hubtest.Team, store.Strict)
	e.must(err)
	seen, err := e.Store.Connection(ctx, hubtest.Team, id, store.Strict)
	e.must(err)
	moved := seen
	moved.URL = at
	e.must(e.Store.Connect(ctx, store.Connecting{Keys: team.Keys, Seen: &seen, Connection: moved}))
	keys, err := e.Settings.Edge(ctx)
	e.must(err)
	return keys.PathID(hubtest.Team, id)
}

func (e *edge) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// TestSampleEventOfEachChannelIsQueued takes the event files of the channels beside LINE
// and WhatsApp: as they are they pass, and with another body they are refused.
func TestSampleEventOfEachChannelIsQueued(t *testing.T) {
	meta := func(secret string) channel.Secrets {
		return channel.Secrets{"app_secret": hub.Secret(secret), "verify_token": "v"}
	}
	viber := channel.Secrets{"auth_token": "4f3e2d1c0b9a8877-665544332211ffee-ddccbbaa99887755"}
	bot := settings.NewAccount{ID: "viber1", External: "pa:5678901234567890123", Welcome: hub.TextContent("歡迎光臨")}
	for name, c := range map[string]struct {
		secrets channel.Secrets
		account settings.NewAccount
		event   string // its id
		answer  string // a part of the answer's body
	}{
		"ingress-messenger-text.json": {
			meta("0badc0de89abcdef0123456789abcdef"),
			settings.NewAccount{ID: "messenger1", External: "104857392016482", Secrets: channel.Secrets{"access_token": "t"}}, "m_AbCdEf0123456789_sample_01", "",
		},
		"ingress-instagram-text.json": {
			meta("cafe0123456789abcdef0123456789ab"),
			settings.NewAccount{ID: "instagram1", External: "17841405822304914", Secrets: channel.Secrets{"access_token": "t"}}, "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx_sample_01", "",
		},
		"ingress-twilio-text.json": {
			channel.Secrets{"account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "89abcdef0123456789abcdef01234567"},
			settings.NewAccount{ID: "twilio1", External: "+14155550142"}, "SMfeed0000000000000000000000000001", "",
		},
		"ingress-viber-text.json":   {viber, bot, "5741311803571721087", ""},
		"ingress-viber-opened.json": {viber, bot, "5741311803571721093", "歡迎光臨"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t)
			var r events.APIGatewayV2HTTPRequest
			hubtest.Event(t, name, &r)
			at := "https://" + r.RequestContext.DomainName + r.RawPath
			r.PathParameters["connection"] = e.connected(hub.Channel(r.PathParameters["channel"]), at, c.secrets, c.account)
			forged := r
			forged.Body = strings.Replace(r.Body, "0", "1", 1)
			if out, err := e.handle(context.Background(), forged); err != nil || out.StatusCode != 401 {
				t.Errorf("another body: got %d, %v, want 401", out.StatusCode, err)
			}
			out, err := e.handle(context.Background(), r)
			if err != nil || out.StatusCode != 200 || !strings.Contains(out.Body, c.answer) || c.answer == "" && out.Body != "" {
				t.Errorf("got %d %q, %v, want 200 with %q", out.StatusCode, out.Body, err, c.answer)
			}
			got := e.Receive(e.Inbound)
			if len(got.Records) != 1 {
				t.Fatalf("got %d messages, want the event\n%s", len(got.Records), e.Logged)
			}
			envelope, err := chat.ReadEnvelope(got.Records[0].Body)
			if err != nil || !strings.Contains(envelope.Event, c.event) || envelope.Account != c.account.ID || envelope.Trace != "1-67890abc-0123456789abcdef01234567" {
				t.Errorf("got event %q of %q, trace %q, %v, want %q of %q", envelope.Event, envelope.Account, envelope.Trace, err, c.event, c.account.ID)
			}
		})
	}
}
