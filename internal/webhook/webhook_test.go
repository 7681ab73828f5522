package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/webhook"
)

var ctx = context.Background()

// gate is an intake with what it needs, called under the name "gate".
type gate struct {
	*hubtest.Hub
	in *webhook.Intake
	t  testing.TB
}

func newGate(t testing.TB) *gate {
	h := hubtest.New(t)
	return &gate{h, &webhook.Intake{
		Settings: settings.NewReader(h.As("gate", nil), h.Keys("gate", nil), h.Clock.Now),
		Queue:    &queue.Queue{Client: h.SQS("test"), URL: h.Inbound.URL},
		Adapters: all.Adapters(channel.Platform{}), Now: h.Clock.Now, Log: h.Log,
	}, t}
}

// line posts a body to the LINE connection, signed with a secret, or unsigned with "".
func (g *gate) line(secret, body string) hub.Code {
	header := map[string]string{"content-type": "application/json"}
	if secret != "" {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		header["x-line-signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	_, err := g.in.Accept(ctx, "line", g.PathID, "trace-1", &channel.Request{Method: "POST", Header: header, Body: []byte(body)})
	return hub.CodeOf(err)
}

// want fails the test unless a request gets a code at the cost of so many calls.
func (g *gate) want(what string, code hub.Code, calls int, do func() hub.Code) {
	g.t.Helper()
	g.Cloud.Meter().Reset()
	if got := do(); got != code {
		g.t.Errorf("%s: got %q, want %q", what, got, code)
	}
	if got, _, _ := g.Calls("gate"); got != calls {
		g.t.Errorf("%s: got %d calls, want %d", what, got, calls)
	}
}

// text is a webhook with one message to a bot.
func text(bot, id string) string {
	return fmt.Sprintf(`{"destination":%q,"events":[{"type":"message","mode":"active","timestamp":%d,"source":{"type":"user","userId":"U0d9c3f6a82b14e57903c6ad18f4e7b25"},`+
		`"webhookEventId":%q,"deliveryContext":{"isRedelivery":false},"message":{"type":"text","id":%q,"text":"hello"}}]}`, bot, hubtest.Start.UnixMilli(), id, id)
}

func (g *gate) connect(secret string, accounts ...settings.NewAccount) {
	g.t.Helper()
	if err := g.Setup.Connect(ctx, g.Team, hubtest.LineConn, "line", channel.Secrets{"channel_secret": hub.Secret(secret)}, accounts...); err != nil {
		g.t.Fatal(err)
	}
}

func TestChangedSecretIsKnownAtTheFirstWebhookThatNeedsIt(t *testing.T) {
	g := newGate(t)
	g.want("cold", "", 5, func() hub.Code { return g.line(hubtest.LineSecret, text(hubtest.LineBot, "1")) }) // two keys opened; path keys, connection, team
	g.Clock.Advance(15 * time.Second)
	g.connect("another-secret")
	g.want("signed by the new secret", "", 1, func() hub.Code { return g.line("another-secret", text(hubtest.LineBot, "2")) })
	g.want("signed by the old one", hub.BadSignature, 0, func() hub.Code { return g.line(hubtest.LineSecret, text(hubtest.LineBot, "3")) })
	g.want("and again by the new one", "", 0, func() hub.Code { return g.line("another-secret", text(hubtest.LineBot, "4")) })
}

func TestChangedSecretEndsTheOldOneWithinAMinute(t *testing.T) {
	g := newGate(t)
	g.line(hubtest.LineSecret, text(hubtest.LineBot, "1"))
	g.connect("another-secret")
	g.Clock.Advance(61 * time.Second)
	// It fits what is known, so the connection is read anew, and then it does not fit.
	g.want("a minute later", hub.BadSignature, 2, func() hub.Code { return g.line(hubtest.LineSecret, text(hubtest.LineBot, "2")) })
	if err := g.Setup.Disconnect(ctx, hubtest.Team, hubtest.LineConn); err != nil {
		t.Fatal(err)
	}
	g.want("disconnected", "", 0, func() hub.Code { return g.line("another-secret", text(hubtest.LineBot, "3")) })
	g.Clock.Advance(61 * time.Second)
	g.want("a minute later", hub.NotFound, 1, func() hub.Code { return g.line("another-secret", text(hubtest.LineBot, "4")) })
}

func TestUnsignedRequestsNeverMakeSettingsBeRead(t *testing.T) {
	g := newGate(t)
	g.line(hubtest.LineSecret, text(hubtest.LineBot, "1"))
	g.want("ten minutes of unsigned requests", "", 0, func() hub.Code {
		for range 300 {
			if got := g.line("", text(hubtest.LineBot, "2")); got != hub.BadSignature {
				t.Fatalf("got %q", got)
			}
			g.Clock.Advance(2 * time.Second)
		}
		return ""
	})
	total := 0
	for range 300 {
		g.Cloud.Meter().Reset()
		if got := g.line("wrong", text(hubtest.LineBot, "2")); got != hub.BadSignature {
			t.Fatalf("got %q", got)
		}
		calls, _, _ := g.Calls("gate")
		total += calls
		g.Clock.Advance(2 * time.Second)
	}
	if total > 24 {
		t.Errorf("ten minutes of forged requests: got %d calls, want the connection and its team once a minute", total)
	}
}

func TestForgedRequestsDuringAnOutageAreStillRefused(t *testing.T) {
	g := newGate(t)
	g.line(hubtest.LineSecret, text(hubtest.LineBot, "1"))
	g.Clock.Advance(30 * time.Second)
	g.in.Settings.Store = g.As("gate", hubtest.Cut(0, false))
	for range 3 {
		g.want("forged", hub.BadSignature, 0, func() hub.Code { return g.line("wrong", text(hubtest.LineBot, "2")) })
		g.want("good", "", 0, func() hub.Code { return g.line(hubtest.LineSecret, text(hubtest.LineBot, "3")) })
		g.Clock.Advance(2 * time.Minute)
	}
}

func TestAccountThatWasJustConnectedIsNotUnknown(t *testing.T) {
	g := newGate(t)
	post := func(number, id string) hub.Code {
		body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",`+
			`"metadata":{"display_phone_number":"886","phone_number_id":%q},"contacts":[{"wa_id":"886912345678","profile":{"name":"Mei"}}],`+
			`"messages":[{"from":"886912345678","id":%q,"timestamp":"1791170415","type":"text","text":{"body":"hello"}}]}}]}]}`, number, id)
		mac := hmac.New(sha256.New, []byte(hubtest.WhatsAppSecret))
		mac.Write([]byte(body))
		_, err := g.in.Accept(ctx, "whatsapp", g.MetaPath, "trace-1", &channel.Request{
			Method: "POST", Header: map[string]string{"x-hub-signature-256": fmt.Sprintf("sha256=%x", mac.Sum(nil))}, Body: []byte(body),
		})
		return hub.CodeOf(err)
	}
	const number = "200000000000001"
	post(hubtest.WhatsAppNumber, "wamid.1")
	g.Clock.Advance(5 * time.Second)
	err := g.Setup.Connect(ctx, g.Team, hubtest.WhatsAppConn, "whatsapp", nil, settings.NewAccount{ID: "second", External: number, Secrets: channel.Secrets{"access_token": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	g.want("its first message", "", 1, func() hub.Code { return post(number, "wamid.2") })
	g.want("its second", "", 0, func() hub.Code { return post(number, "wamid.3") })
	g.Clock.Advance(5 * time.Second)
	for range 20 { // one that stays unknown
		g.want("of another number", "", 0, func() hub.Code { return post("200000000000002", "wamid.4") })
	}
	got := map[hub.AccountID]int{}
	kept := 0
	for _, r := range g.Receive(g.Inbound).Records {
		e, err := chat.ReadEnvelope(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got[e.Account]++; e.Chunk != nil {
			kept++
		}
	}
	if got["second"] != 2 || got[hubtest.WhatsAppAccount] != 1 || kept != 1 {
		t.Errorf("got %v, %d kept aside; want two of the new account, one of the old, one kept aside", got, kept)
	}
}

func TestMethodsAndSizesAreCheckedBeforeAnythingIsRead(t *testing.T) {
	g := newGate(t)
	for name, c := range map[string]struct {
		webhook.Request
		want hub.Code
	}{
		"channel":   {webhook.Request{Channel: "fax", Method: "POST", PathID: g.PathID}, hub.NotFound},
		"method":    {webhook.Request{Channel: "line", Method: "PUT", PathID: g.PathID}, hub.BadMethod},
		"GET":       {webhook.Request{Channel: "line", Method: "GET", PathID: g.PathID}, hub.BadMethod},
		"size":      {webhook.Request{Channel: "line", Method: "POST", PathID: g.PathID, Size: webhook.MaxBody + 1}, hub.TooLarge},
		"query":     {webhook.Request{Channel: "whatsapp", Method: "GET", PathID: g.MetaPath, RawQuery: strings.Repeat("a=b&", 1<<20)}, hub.BadRequest},
		"path form": {webhook.Request{Channel: "line", Method: "POST", PathID: "no form"}, hub.NotFound},
	} {
		c.Header = func() map[string]string { t.Errorf("%s: the headers were asked for", name); return nil }
		c.Body = func() ([]byte, error) { t.Errorf("%s: the body was asked for", name); return nil, nil }
		g.want(name, c.want, 0, func() hub.Code { _, err := g.in.Take(ctx, c.Request); return hub.CodeOf(err) })
	}
	// What is told of the size is not believed.
	_, err := g.in.Take(ctx, webhook.Request{Channel: "line", Method: "POST", PathID: g.PathID, Size: 10,
		Header: func() map[string]string { return nil }, Body: func() ([]byte, error) { return make([]byte, webhook.MaxBody+1), nil }})
	if hub.CodeOf(err) != hub.TooLarge {
		t.Errorf("a body larger than told: got %v, want too_large", err)
	}
}

// refusals are the lines of the log about them.
func (g *gate) refusals() []map[string]any {
	g.t.Helper()
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(g.Logged.String()), "\n") {
		var l map[string]any
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			g.t.Fatal(err)
		}
		if l["msg"] == "webhook refused" {
			lines = append(lines, l)
		}
	}
	return lines
}

func TestRefusalsAreLoggedOnceASecondPerKindWithTheirCount(t *testing.T) {
	g := newGate(t)
	made := strings.Replace(g.PathID, "line1", "line2", 1)
	for range 3 {
		for range 1000 {
			g.line("", "{}")
			_, _ = g.in.Accept(ctx, "line", made, "trace-1", &channel.Request{Method: "POST"})
		}
		g.Clock.Advance(time.Second)
	}
	g.line(hubtest.LineSecret, text(hubtest.LineBot, "1")) // a good one brings the rest out
	counts, lines := map[string]float64{}, g.refusals()
	for _, l := range lines {
		counts[l["code"].(string)] += l["count"].(float64)
		if signed := l["code"] == string(hub.BadSignature); signed != (l["connection"] == string(hubtest.LineConn)) || l["channel"] != "line" {
			t.Errorf("got %v, want the connection with a wrong signature only", l)
		}
	}
	if counts["signature_invalid"] != 3000 || counts["not_found"] != 3000 || len(lines) != 8 {
		t.Errorf("got %v in %d lines, want 3000 of each in 8", counts, len(lines))
	}
	// After a pause it begins anew, with a line at once.
	g.Clock.Advance(time.Minute)
	g.line(hubtest.LineSecret, text(hubtest.LineBot, "2"))
	g.line("", "{}")
	if got := g.refusals(); len(got) != 9 || got[8]["count"] != 1.0 {
		t.Errorf("got %d lines, want a ninth with count 1", len(got))
	}
}

func TestRefusalsHoldNothingThatTheCallerWrote(t *testing.T) {
	g := newGate(t)
	const mark = "CANARY"
	for _, r := range []webhook.Request{
		{Channel: mark, PathID: g.PathID}, {Channel: "line", PathID: mark}, {Channel: "line", PathID: "test." + strings.ToLower(mark) + ".aaaaaaaaaaaaaaaa"},
		{Channel: "line", PathID: g.PathID, Method: mark}, {Channel: "line", PathID: g.PathID}, {Channel: "whatsapp", PathID: g.MetaPath, Method: "GET"},
		{Channel: "whatsapp", PathID: g.MetaPath},
	} {
		if r.Method == "" {
			r.Method = "POST"
		}
		r.RawQuery = "hub.mode=subscribe&hub.verify_token=" + mark + "&hub.challenge=" + mark
		r.Header = func() map[string]string {
			return map[string]string{"x-line-signature": mark, "x-hub-signature-256": "sha256=" + mark, mark: mark}
		}
		r.Body = func() ([]byte, error) { return []byte(`{"destination":"` + mark + `"}`), nil }
		if _, err := g.in.Take(ctx, r); err == nil || strings.Contains(strings.ToUpper(err.Error()), mark) {
			t.Errorf("%+v: got %v, want an error without the caller's words", r.Channel, err)
		}
		g.Clock.Advance(time.Second)
	}
	if log := strings.ToUpper(g.Logged.String()); strings.Contains(log, mark) || len(g.refusals()) < 6 {
		t.Errorf("the log holds what the caller wrote, or too few lines:\n%s", log)
	}
}

// FuzzTake holds that whatever comes to the door without a signature is refused with
// a code of the edge, and that nothing lies on the queue after it.
func FuzzTake(f *testing.F) {
	g := newGate(f)
	seeds := []struct{ channel, path, method, query, name, value, body string }{
		{"line", g.PathID, "POST", "", "x-line-signature", "AAAA", text(hubtest.LineBot, "1")},
		{"whatsapp", g.MetaPath, "GET", "hub.mode=subscribe&hub.verify_token=x&hub.challenge=1", "", "", ""},
		{"whatsapp", g.MetaPath, "POST", "", "x-hub-signature-256", "sha256=" + strings.Repeat("0", 64), "{}"},
		{"line", g.MetaPath, "POST", "%zz", "X-Line-Signature", "a,b", ""},
		{"fax", "..", "DELETE", ";", "", "", ""},
	}
	for _, s := range seeds {
		f.Add(s.channel, s.path, s.method, s.query, s.name, s.value, []byte(s.body))
	}
	allowed := map[hub.Code]bool{hub.BadRequest: true, hub.BadSignature: true, hub.NotFound: true, hub.BadMethod: true, hub.TooLarge: true}
	f.Fuzz(func(t *testing.T, kind, path, method, query, name, value string, body []byte) {
		if strings.Contains(query, hubtest.WhatsAppVerify) {
			t.Skip()
		}
		_, err := g.in.Accept(ctx, hub.Channel(kind), path, "trace-1", &channel.Request{
			Method: method, RawQuery: query, Header: map[string]string{name: value}, Body: body,
		})
		if code := hub.CodeOf(err); !allowed[code] {
			t.Fatalf("got %v", err)
		}
		if g.Depth(g.Inbound) != 0 {
			t.Fatal("something lies on the queue")
		}
	})
}
