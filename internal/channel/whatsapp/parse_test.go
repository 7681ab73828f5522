package whatsapp_test

import (
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

// events splits a webhook and parses all of it.
func events(t *testing.T, body string) (slices []channel.Slice, out []channel.Event) {
	t.Helper()
	a := whatsapp.New(channel.Platform{})
	slices, err := a.Split(&channel.Request{Body: []byte(body)})
	if err != nil {
		t.Fatalf("split: got %v, want no error", err)
	}
	for _, s := range slices {
		e, err := a.Parse(s.Head, s.Raw)
		if err != nil {
			t.Fatalf("parse of %s: got %v, want no error", s.Raw, err)
		}
		if e.ID != s.Event || e.User != s.User || e.Account != s.Account {
			t.Fatalf("parse of %s: got %q %q %q, want as Split %q %q %q", s.Raw, e.ID, e.User, e.Account, s.Event, s.User, s.Account)
		}
		out = append(out, e)
	}
	return slices, out
}

// one parses a webhook of one event.
func one(t *testing.T, body string) channel.Event {
	t.Helper()
	_, list := events(t, body)
	if len(list) != 1 {
		t.Fatalf("got %d events, want 1", len(list))
	}
	return list[0]
}

func TestMessagesAreReadByType(t *testing.T) {
	media := func(m channel.Media, text string) channel.Message {
		return channel.Message{Type: m.Type, Text: text, Media: []channel.Media{m}}
	}
	text := func(kind hub.MessageType, s string) channel.Message { return channel.Message{Type: kind, Text: s} }
	long := strings.Repeat("漢字", 100_000)
	for _, c := range []struct {
		name, rest string
		want       channel.Message
	}{
		{"video", `"type":"video","video":{"id":"7","mime_type":"video/mp4","caption":"看"}`, media(channel.Media{Type: hub.Video, ID: "7", MIME: "video/mp4"}, "看")},
		{"sticker", `"type":"sticker","sticker":{"id":"7","mime_type":"image/webp","animated":true}`, media(channel.Media{Type: hub.Sticker, ID: "7", MIME: "image/webp"}, "")},
		{"document without caption", `"type":"document","document":{"id":"7","filename":"a.pdf"}`, media(channel.Media{Type: hub.File, ID: "7", Name: "a.pdf"}, "a.pdf")},
		{"medium with a number as id", `"type":"image","image":{"id":1479537139650973}`, media(channel.Media{Type: hub.Image, ID: "1479537139650973"}, "")},
		{"medium by address", `"type":"image","image":{"url":"https:\/\/x.example\/a?b=1"}`, media(channel.Media{Type: hub.Image, URL: "https://x.example/a?b=1"}, "")},
		{"medium of nothing", `"type":"image","image":{"caption":"x","id":{}}`, text(hub.Image, "x")},
		{"medium of another type", `"type":"image","image":"7"`, text(hub.OtherMsg, "[unsupported: image]")},
		{"place by name", `"type":"location","location":{"latitude":25.0478,"longitude":121.5172,"name":"車站"}`, text(hub.Location, "車站")},
		{"place by coordinates", `"type":"location","location":{"latitude":-25.0478,"longitude":121}`, text(hub.Location, "-25.0478,121")},
		{"place of nothing", `"type":"location","location":{"latitude":"x"}`, text(hub.Location, "")},
		{"cards", `"type":"contacts","contacts":[{"name":{"first_name":"美麗","last_name":"陳"},"phones":[{"wa_id":"886922000111"},{"phone":"02-1"}]},{"phones":[{"phone":"+1 5"}],"vcard":"x"},{"name":{"formatted_name":"無號"}},{},7]`,
			text(hub.Contacts, "美麗 陳: 886922000111, 02-1\n+1 5\n無號")},
		{"template button", `"type":"button","button":{"text":"好"}`, channel.Message{Type: hub.Choice, Text: "好", Data: "好"}},
		{"button of nothing", `"type":"button","button":{}`, text(hub.OtherMsg, "[unsupported: button]")},
		{"list row", `"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"a","title":"甲","description":"d"}}`, channel.Message{Type: hub.Choice, Text: "甲", Data: "a"}},
		{"interactive of another kind", `"type":"interactive","interactive":{"type":"call_permission_reply"}`, text(hub.OtherMsg, "[unsupported: call_permission_reply]")},
		{"form", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"{\"n\": 1.50, \"__proto__\":\"\\u738b\",\"n\":\"007\"}"}}`,
			channel.Message{Type: hub.Form, Text: "Sent", Data: `{"n": 1.50, "__proto__":"\u738b","n":"007"}`}},
		{"form of a list", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"[1]"}}`, text(hub.Form, "Sent")},
		{"form of no JSON", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"{\"a\":"}}`, text(hub.Form, "Sent")},
		{"form too deep", `"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"` + strings.Repeat(`{\"a\":`, 65) + "1" + strings.Repeat("}", 65) + `"}}`, text(hub.Form, "Sent")},
		{"order", `"type":"order","order":{"catalog_id":"1","text":"快一點","product_items":[{"product_retailer_id":"sku-1","quantity":2,"item_price":99.5,"currency":"TWD"},{"product_retailer_id":"sku-2","quantity":"1"},{"quantity":1},7]}`,
			text(hub.Order, "快一點\n2 × sku-1, 99.5 TWD\n1 × sku-2")},
		{"edit that is not given out", `"type":"unsupported","unsupported":{"type":"edit"},"errors":[{"code":131051}]`, text(hub.OtherMsg, "[unsupported: edit (131051)]")},
		{"not given to the API", `"type":"unsupported","errors":[{"code":131060,"title":"x"}]`, text(hub.OtherMsg, "[not available (131060)]")},
		{"unknown", `"type":"unknown","errors":[{"code":"131051"}]`, text(hub.OtherMsg, "[unsupported (131051)]")},
		{"type of the future", `"type":"hologram","hologram":{"text":"x"}`, text(hub.OtherMsg, "[unsupported: hologram]")},
		{"no type", `"text":{"body":"x"}`, text(hub.OtherMsg, "[unsupported]")},
		{"reaction to nothing", `"type":"reaction","reaction":{"emoji":"x"}`, text(hub.OtherMsg, "[unsupported: reaction]")},
		{"text of another type", `"type":"text","text":{"body":{"a":1}}`, text(hub.Text, "")},
		{"escapes", `"type":"t\u0065xt","text":{"b\u006fdy":"a\n\"\\\/\u00e4\ud83d\ude00"}`, text(hub.Text, "a\n\"\\/ä😀")},
		{"lone surrogates", `"type":"text","text":{"body":"a\ud83db\ude00"}`, text(hub.Text, "a\uFFFDb\uFFFD")},
		{"stray bytes", "\"type\":\"text\",\"text\":{\"body\":\"a\xff\xed\xa0\x80b\"}", text(hub.Text, "a\uFFFD\uFFFD\uFFFD\uFFFDb")},
		{"the last of two", `"type":"image","type":"text","text":{"body":"a"},"text":{"body":"b","body":"c"}`, text(hub.Text, "c")},
		{"600 KB", `"type":"text","text":{"body":"` + long + `"}`, text(hub.Text, long)},
		{"an answer", `"type":"text","text":{"body":"a"},"context":{"from":"886277001234","id":"wamid.0"}`, channel.Message{Type: hub.Text, Text: "a", Quotes: "wamid.0"}},
		{"forwarded", `"type":"text","text":{"body":"a"},"context":{"forwarded":true}`, text(hub.Text, "a")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := one(t, list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1791170415",`+c.rest+`}`))
			c.want.ID = "wamid.1"
			if got.Kind != channel.EventMessage || !reflect.DeepEqual(got.Message, c.want) {
				t.Errorf("got %s %+.300v, want %+.300v", got.Kind, got.Message, c.want)
			}
			if got.User != "wa:886912345678" || got.At != 1791170415000 {
				t.Errorf("got user %q at %d", got.User, got.At)
			}
		})
	}
}

func TestActsOnMessages(t *testing.T) {
	for name, c := range map[string]struct {
		rest string
		want channel.Action
	}{
		"reaction":           {`"type":"reaction","reaction":{"message_id":"wamid.0","emoji":"👍"}`, channel.Action{Kind: channel.Reaction, Target: "wamid.0", Value: "👍"}},
		"reaction withdrawn": {`"type":"reaction","reaction":{"message_id":"wamid.0"}`, channel.Action{Kind: channel.Reaction, Target: "wamid.0"}},
		"text edited":        {`"type":"edit","edit":{"original_message_id":"wamid.0","message":{"type":"text","text":{"body":"新"},"context":{"id":"x"}}}`, channel.Action{Kind: channel.Edit, Target: "wamid.0", Value: "新"}},
		"caption edited":     {`"type":"edit","edit":{"original_message_id":"wamid.0","message":{"type":"image","image":{"id":"7","caption":"新"}}}`, channel.Action{Kind: channel.Edit, Target: "wamid.0", Value: "新"}},
		"withdrawn":          {`"type":"revoke","revoke":{"original_message_id":"wamid.0"}`, channel.Action{Kind: channel.Unsend, Target: "wamid.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			frame := func(who string) string {
				return list("messages", `{`+who+`,"id":"wamid.1","timestamp":"1791170415",`+c.rest+`}`)
			}
			c.want.Actor = user
			if got := one(t, frame(`"from_user_id":"`+user+`"`)); got.Kind != channel.EventAction || got.Action != c.want || got.Actor != "" {
				t.Errorf("got %s %+v, want %+v", got.Kind, got.Action, c.want)
			}
			got := one(t, frame(`"from_user_id":"`+user+`","group_id":"Y2Fw"`))
			if got.User != "group:Y2Fw" || got.UserKind != hub.Group || got.Actor != user || got.Action != c.want || got.Aliases != nil {
				t.Errorf("in a group: got %+v, want it of %s in group:Y2Fw", got, user)
			}
		})
	}
}

func TestAMessageThatCannotBeKeptIsRefusedAlone(t *testing.T) {
	a := whatsapp.New(channel.Platform{})
	for name, message := range map[string]string{
		"no sender":             `{"id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"}}`,
		"a sender of letters":   `{"from":"status@broadcast","id":"wamid.1","timestamp":"1","type":"text"}`,
		"a sender too long":     `{"from":"1234567890123456","id":"wamid.1","timestamp":"1","type":"text"}`,
		"a parent as sender":    `{"from_user_id":"US.ENT.1","id":"wamid.1","timestamp":"1","type":"text"}`,
		"a group's nobody":      `{"group_id":"g","id":"wamid.1","timestamp":"1","type":"text"}`,
		"no id":                 `{"from":"886912345678","timestamp":"1","type":"text"}`,
		"an id of another type": `{"from":"886912345678","id":7,"timestamp":"1","type":"text"}`,
		"no time":               `{"from":"886912345678","id":"wamid.1","type":"text"}`,
		"time in words":         `{"from":"886912345678","id":"wamid.1","timestamp":"soon","type":"text"}`,
		"a negative time":       `{"from":"886912345678","id":"wamid.1","timestamp":-5,"type":"text"}`,
		"a time with a point":   `{"from":"886912345678","id":"wamid.1","timestamp":1.5,"type":"text"}`,
		"time in milliseconds":  `{"from":"886912345678","id":"wamid.1","timestamp":"1791170415123","type":"text"}`,
		"a number":              `7`, "null": `null`, "a list": `[]`, "a text": `"x"`,
	} {
		t.Run(name, func(t *testing.T) {
			slices, err := a.Split(&channel.Request{Body: []byte(list("messages", message+`,{"from":"886912345678","id":"wamid.2","timestamp":1791170415,"type":"text"}`))})
			if err != nil || len(slices) != 2 {
				t.Fatalf("split: got %d, %v, want 2: the other event must not be lost", len(slices), err)
			}
			if _, err := a.Parse(slices[0].Head, slices[0].Raw); hub.CodeOf(err) != hub.Unparsable {
				t.Errorf("got %v, want %s", err, hub.Unparsable)
			}
			if e, err := a.Parse(slices[1].Head, slices[1].Raw); err != nil || e.Message.ID != "wamid.2" || e.At != 1791170415000 {
				t.Errorf("the other: got %+v, %v, want it read", e, err)
			}
		})
	}
	noAccount := body(`{"field":"messages","value":{"messages":[{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"text"}]}}`)
	slices, err := a.Split(&channel.Request{Body: []byte(noAccount)})
	if err != nil || len(slices) != 1 || slices[0].Account != "" || slices[0].User != "" {
		t.Fatalf("no account: got %+v, %v, want one slice of nobody", slices, err)
	}
	if _, err := a.Parse(slices[0].Head, slices[0].Raw); hub.CodeOf(err) != hub.Unparsable {
		t.Errorf("no account: got %v, want %s", err, hub.Unparsable)
	}
}

func TestStatuses(t *testing.T) {
	status := func(rest string) string {
		return list("statuses", `{"id":"wamid.1","timestamp":"1791170415","recipient_id":"886912345678",`+rest+`}`)
	}
	for name, c := range map[string]struct {
		rest  string
		want  channel.Receipt
		event string
	}{
		"sent":              {`"status":"sent","biz_opaque_callback_data":"r<1>"`, channel.Receipt{State: hub.Sent, Ref: "r<1>"}, "wamid.1:sent"},
		"delivered":         {`"status":"delivered"`, channel.Receipt{State: hub.Delivered}, "wamid.1:delivered"},
		"read":              {`"status":"read"`, channel.Receipt{State: hub.Read}, "wamid.1:read"},
		"played":            {`"status":"played"`, channel.Receipt{State: hub.Read}, "wamid.1:played"},
		"failed, unsaid":    {`"status":"failed"`, channel.Receipt{State: hub.Failed, Code: hub.Permanent}, "wamid.1:failed"},
		"failed, oddly":     {`"status":"failed","errors":{"code":131026}`, channel.Receipt{State: hub.Failed, Code: hub.Permanent}, "wamid.1:failed"},
		"failed, unknown":   {`"status":"failed","errors":[{"code":987654}]`, channel.Receipt{State: hub.Failed, Code: hub.Permanent, Detail: "987654"}, "wamid.1:failed"},
		"failed, in quotes": {`"status":"failed","errors":[{"code":"131026"},{"code":131047}]`, channel.Receipt{State: hub.Failed, Code: hub.Unreachable, Detail: "131026"}, "wamid.1:failed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := one(t, status(c.rest))
			c.want.Target = "wamid.1"
			if got.Kind != channel.EventReceipt || got.Receipt != c.want || got.ID != c.event || got.User != "wa:886912345678" {
				t.Errorf("got %s %q %+v of %q, want %q %+v", got.Kind, got.ID, got.Receipt, got.User, c.event, c.want)
			}
		})
	}
	for number, code := range codes {
		got := one(t, status(`"status":"failed","errors":[{"code":`+itoa(number)+`}]`))
		if want := (channel.Receipt{Target: "wamid.1", State: hub.Failed, Code: code, Detail: itoa(number)}); got.Receipt != want {
			t.Errorf("error %d: got %+v, want %+v", number, got.Receipt, want)
		}
	}
	a := whatsapp.New(channel.Platform{})
	for name, s := range map[string]string{
		"of no message":     `{"status":"read","recipient_id":"886912345678"}`,
		"without recipient": `{"id":"wamid.1","status":"read"}`,
		"of no group":       `{"id":"wamid.1","status":"read","recipient_type":"group","recipient_participant_id":"886912345678"}`,
		"a number":          `7`,
	} {
		slices, err := a.Split(&channel.Request{Body: []byte(list("statuses", s))})
		if err != nil || len(slices) != 1 {
			t.Fatalf("%s: got %d, %v, want one slice", name, len(slices), err)
		}
		if _, err := a.Parse(slices[0].Head, slices[0].Raw); hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("%s: got %v, want %s", name, err, hub.Unparsable)
		}
	}
}

func TestNotices(t *testing.T) {
	change := func(field, value string) string { return body(`{"field":"` + field + `","value":` + value + `}`) }
	for name, c := range map[string]struct {
		body string
		want channel.Notice
	}{
		"paused": {change("message_template_status_update", `{"event":"PAUSED","message_template_id":12,"message_template_name":"n","message_template_language":"zh_TW","reason":"NONE","other_info":{"title":"FIRST_PAUSE","deep":{"x":1}}}`),
			channel.Notice{Topic: "template.status", Detail: map[string]string{"event": "PAUSED", "id": "12", "name": "n", "language": "zh_TW", "reason": "NONE", "other_info.title": "FIRST_PAUSE"}}},
		"no reason": {change("message_template_status_update", `{"event":"PENDING_DELETION","reason":null,"message_template_id":"12"}`),
			channel.Notice{Topic: "template.status", Detail: map[string]string{"event": "PENDING_DELETION", "id": "12"}}},
		"category": {change("template_category_update", `{"message_template_id":12,"message_template_name":"n","previous_category":"UTILITY","new_category":"MARKETING"}`),
			channel.Notice{Topic: "template.category", Detail: map[string]string{"id": "12", "name": "n", "previous_category": "UTILITY", "new_category": "MARKETING"}}},
		"quality": {change("message_template_quality_update", `{"previous_quality_score":"GREEN","new_quality_score":"RED","message_template_id":12}`),
			channel.Notice{Topic: "template.quality", Detail: map[string]string{"previous_quality_score": "GREEN", "new_quality_score": "RED", "id": "12"}}},
		"number": {change("phone_number_quality_update", `{"display_phone_number":"886277001234","event":"FLAGGED","current_limit":"TIER_1K"}`),
			channel.Notice{Topic: "number.quality", Detail: map[string]string{"display_phone_number": "886277001234", "event": "FLAGGED", "current_limit": "TIER_1K"}}},
		"ban": {change("account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE","done":true},"list":[1]}`),
			channel.Notice{Topic: "account", Detail: map[string]string{"event": "DISABLED_UPDATE", "ban_info.waba_ban_state": "DISABLE", "ban_info.done": "true"}}},
		"failure": {list("errors", `{"code":130429,"title":"Rate limit hit","message":"secret words","error_data":{"details":"secret"}}`),
			channel.Notice{Topic: "account", Detail: map[string]string{"event": "error", "code": "130429", "title": "Rate limit hit"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := one(t, c.body)
			if got.Kind != channel.EventNotice || !reflect.DeepEqual(got.Notice, c.want) || got.User != "" || got.At != 1791170415000 {
				t.Errorf("got %s %+v of %q at %d, want %+v", got.Kind, got.Notice, got.User, got.At, c.want)
			}
		})
	}
	first := one(t, change("account_update", `{"event":"X"}`))
	later := one(t, strings.Replace(change("account_update", `{"event":"X"}`), "1791170415", "1791170416", 1))
	if first.ID == later.ID {
		t.Errorf("the same news at two times: got one id %q, want two", first.ID)
	}
	many := one(t, change("account_update", `{`+strings.Repeat(`"a":"`+strings.Repeat("x", 513)+`",`, 10)+manyMembers(100)+`}`))
	if n := len(many.Notice.Detail); n != 32 {
		t.Errorf("got %d details, want 32 at most", n)
	}
}
