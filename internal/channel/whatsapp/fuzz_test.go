package whatsapp_test

import (
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

func FuzzVerify(f *testing.F) { suite(f).FuzzVerify(f) }

func FuzzHandshake(f *testing.F) { suite(f).FuzzHandshake(f) }

func FuzzSplit(f *testing.F) {
	frame := []string{
		"object", "entry", "id", "time", "changes", "field", "value", "metadata", "phone_number_id", "contacts", "messages", "statuses", "errors",
	}
	suite(f).FuzzSplit(f, reference, frame, slices.Concat(unknown(), []string{list("errors", `{"code":1},7`), list("messages", `7`)})...)
}

// reference reads a body with the standard decoder: "<number> <raw>" for each event.
func reference(body []byte) (out []string, ok bool) {
	top := channeltest.MembersOf(body)
	entries, ok := channeltest.ElementsOf(top["entry"])
	if channeltest.TextOf(top["object"]) != "whatsapp_business_account" || !ok {
		return nil, false
	}
	out = []string{}
	for _, entry := range entries {
		changes, ok := channeltest.ElementsOf(channeltest.MembersOf(entry)["changes"])
		if !ok {
			out = append(out, " "+string(entry))
			continue
		}
		for _, change := range changes {
			m := channeltest.MembersOf(change)
			whole, there := m["value"]
			if !there {
				whole = change
			}
			value := channeltest.MembersOf(m["value"])
			number := channeltest.WordOf(channeltest.MembersOf(value["metadata"])["phone_number_id"])
			known := false
			var list []string
			field := channeltest.TextOf(m["field"])
			// In the body's order, which a map does not keep.
			for _, name := range channeltest.NamesOf(m["value"]) {
				elements, ok := channeltest.ElementsOf(value[name])
				if ok && (name == "messages" || name == "statuses" || name == "errors") {
					known = true
					for _, e := range elements {
						list = append(list, number+" "+string(e))
					}
				}
			}
			if !known || field != "" && field != "messages" {
				list = []string{number + " " + string(whole)}
			}
			out = append(out, list...)
		}
	}
	return out, true
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	seeds := [][2]string{{`{"list":"","field":"account_update","time":1}`, `{"a":{"b":1},"message_template_c":true}`}}
	for _, rest := range []string{
		`"type":"order","order":{"product_items":[{"product_retailer_id":"a"}]}`, `"type":"edit","edit":{"original_message_id":"w","message":{"type":"text","text":{"body":"b"}}}`,
		`"type":"contacts","contacts":[{"phones":[{"phone":"1"}]}]`, `"type":"text","group_id":"g","text":{"body":"\ud83d"}`,
	} {
		seeds = append(seeds, [2]string{`{"list":"messages","number":"1"}`, `{"from":"886912345678","id":"w","timestamp":"1",` + rest + `}`})
	}
	s.FuzzParse(f, s.Bodies(f, unknown()[0]), seeds, func(t *testing.T, head, raw []byte, e channel.Event) {
		switch e.Kind {
		case channel.EventMessage, channel.EventAction:
			if e.At == 0 {
				t.Fatalf("got %+v, want a time", e)
			}
		case channel.EventNotice:
			if len(e.Notice.Detail) > 32 {
				t.Fatalf("got a notice of %d members", len(e.Notice.Detail))
			}
		}
		top, around := channeltest.MembersOf(raw), channeltest.MembersOf(head)
		switch channeltest.TextOf(around["list"]) {
		case "messages":
			if id := channeltest.IDOf(top["id"]); len(top["type"]) < 256 && e.Type != channeltest.TextOf(top["type"]) || id != "" && e.ID != id || e.Account != channeltest.WordOf(around["number"]) {
				t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
			}
			if e.Message.Type == hub.Text && e.Message.Text != channeltest.TextOf(channeltest.MembersOf(top["text"])["body"]) {
				t.Fatalf("got %q, want what the standard decoder reads of %q", e.Message.Text, raw)
			}
		case "statuses":
			if len(top["status"]) < 256 && e.Type != channeltest.TextOf(top["status"]) || e.Kind == channel.EventReceipt && e.Receipt.Target != channeltest.IDOf(top["id"]) {
				t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
			}
		}
	})
}
