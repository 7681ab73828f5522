package whatsapp_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
)

func TestTheWayACustomerCame(t *testing.T) {
	for name, c := range map[string]struct {
		referral string
		want     channel.Entry
	}{
		"an advertisement":      {`{"source_type":"ad","source_id":"120226305854810726","ctwa_clid":"Aff-1","source_url":"https://fb.me/x"}`, channel.Entry{Source: "ad", Ad: "120226305854810726", Ref: "Aff-1"}},
		"its id as a number":    {`{"source_type":"ad","source_id":120226305854810726}`, channel.Entry{Source: "ad", Ad: "120226305854810726"}},
		"a post":                {`{"source_type":"post","source_id":"120226305854810726"}`, channel.Entry{Source: "post"}},
		"nothing":               {`{}`, channel.Entry{}},
		"another form":          {`"ad"`, channel.Entry{}},
		"a click without end":   {`{"source_type":"ad","ctwa_clid":"` + strings.Repeat("x", 1025) + `"}`, channel.Entry{Source: "ad"}},
		"a source that is none": {`{"source_type":["ad"],"source_id":"1"}`, channel.Entry{}},
	} {
		body := list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"},"referral":`+c.referral+`}`)
		e := one(t, body)
		if e.Kind != channel.EventMessage || e.Message.Text != "x" || e.Entry != c.want {
			t.Errorf("%s: got %q %+v, want the message, and %+v", name, e.Message.Text, e.Entry, c.want)
		}
	}
	// What acts on a message brings nobody.
	e := one(t, list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"reaction","reaction":{"message_id":"wamid.0"},"referral":{"source_type":"ad"}}`))
	if e.Kind != channel.EventAction || e.Entry != (channel.Entry{}) {
		t.Errorf("a reaction: got %s %+v, want no entry", e.Kind, e.Entry)
	}
}
