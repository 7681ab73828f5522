package channeltest

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// asker is a Handshaker made of a function.
type asker func(q url.Values, token string) (string, error)

func (a asker) Handshake(r *channel.Request, c channel.Credentials) (string, error) {
	q, err := url.ParseQuery(r.RawQuery)
	if err != nil {
		return "", hub.E(hub.BadRequest, "x: handshake", errors.New("no query"))
	}
	return a(q, c.Secrets["verify_token"].Reveal())
}

var challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// The part about handshakes finds what it is made to find.
func TestHandshakeFaultsAreFound(t *testing.T) {
	s := Suite{
		Credentials: channel.Credentials{Secrets: channel.Secrets{"verify_token": "open+sesame", "app_secret": "f00dbabe"}},
		Other:       channel.Credentials{Secrets: channel.Secrets{"verify_token": "another"}},
		Handshake:   &Handshake{Token: "open+sesame", Mode: "mode", Verify: "token", Challenge: "challenge", Subscribe: "subscribe"},
	}
	bad := hub.E(hub.BadSignature, "x: handshake", errors.New("wrong token"))
	good := func(same func(got, want string) bool, fits func(string) bool, anyMode bool) asker {
		return func(q url.Values, token string) (string, error) {
			switch {
			case !same(q.Get("token"), token):
				return "", bad
			case !anyMode && q.Get("mode") != "subscribe" || !fits(q.Get("challenge")):
				return "", hub.E(hub.BadRequest, "x: handshake", errors.New("malformed"))
			}
			return q.Get("challenge"), nil
		}
	}
	equal := func(got, want string) bool {
		return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
	}
	for name, c := range map[string]struct {
		h    asker
		want string // "" = nothing to find
	}{
		"right":               {good(equal, challenge.MatchString, false), ""},
		"token by prefix":     {good(strings.HasPrefix, challenge.MatchString, false), "a forged token"},
		"token as prefix":     {good(func(g, w string) bool { return g != "" && strings.HasPrefix(w, g) }, challenge.MatchString, false), "a forged token"},
		"no token set":        {good(func(g, w string) bool { return g == w }, challenge.MatchString, false), "no token set, none given"},
		"any challenge":       {good(equal, func(s string) bool { return s != "" }, false), "<script>"},
		"no challenge":        {good(equal, func(s string) bool { return s == "" || challenge.MatchString(s) }, false), "no challenge: got"},
		"challenge by a line": {good(equal, regexp.MustCompile(`(?m)^[A-Za-z0-9_-]{1,256}$`).MatchString, false), "challenge a\n"},
		"any mode":            {good(equal, challenge.MatchString, true), "mode unsubscribe"},
		"a token that is shown": {func(q url.Values, token string) (string, error) {
			return "", hub.E(hub.BadSignature, "x", errors.New(token))
		}, "the error's text holds"},
		"another code": {func(q url.Values, token string) (string, error) {
			if !equal(q.Get("token"), token) {
				return "", hub.E(hub.NotFound, "x", nil)
			}
			return q.Get("challenge"), nil
		}, "want one of"},
	} {
		got := strings.Join(s.handshakeFaults(c.h), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want it to say %q", name, got, c.want)
		}
	}
}

// The part about events finds what each kind lacks, or bears without need.
func TestFaultsOfEventsAreFound(t *testing.T) {
	caps := channel.Capabilities{Receipts: []hub.State{hub.Delivered, hub.Failed}, ReceiptRef: true, Aliases: true, Groups: true}
	person := channel.Event{ID: "e", Account: "a", User: "U1", UserKind: hub.Person, Aliases: []channel.Alias{{Kind: channel.AliasUser, Value: "U1"}}}
	with := func(change func(*channel.Event)) channel.Event {
		e := person
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		e    channel.Event
		want string // "" = nothing to find
	}{
		"message": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Text}
		}), ""},
		"message without id": {with(func(e *channel.Event) { e.Kind, e.Message = channel.EventMessage, channel.Message{Type: hub.Text} }), "id and type"},
		"text with data": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Text, Data: "d"}
		}), "choices and forms only"},
		"choice of nothing": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Choice}
		}), "what a choice bears"},
		"form of a list": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Form, Data: "[]"}
		}), "JSON object"},
		"form of null": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Form, Data: "null"}
		}), "JSON object"},
		"form that is kept raw": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Form}
		}), ""},
		"medium nowhere": {with(func(e *channel.Event) {
			e.Kind, e.Message = channel.EventMessage, channel.Message{ID: "1", Type: hub.Image, Media: []channel.Media{{Type: hub.Image}}}
		}), "where a medium is"},
		"message and action": {with(func(e *channel.Event) {
			e.Kind, e.Message, e.Action.Target = channel.EventMessage, channel.Message{ID: "1", Type: hub.Text}, "2"
		}), "other kinds"},
		"unsend": {with(func(e *channel.Event) {
			e.Kind, e.Action = channel.EventAction, channel.Action{Kind: channel.Unsend, Target: "1", Actor: "U1"}
		}), ""},
		"unsend by nobody": {with(func(e *channel.Event) {
			e.Kind, e.Action = channel.EventAction, channel.Action{Kind: channel.Unsend, Target: "1"}
		}), "actor"},
		"receipt": {with(func(e *channel.Event) {
			e.Kind, e.Receipt = channel.EventReceipt, channel.Receipt{Ref: "r", State: hub.Delivered}
		}), ""},
		"receipt of no message": {with(func(e *channel.Event) { e.Kind, e.Receipt.State = channel.EventReceipt, hub.Delivered }), "the message of a receipt"},
		"receipt of another state": {with(func(e *channel.Event) {
			e.Kind, e.Receipt = channel.EventReceipt, channel.Receipt{Target: "1", State: hub.Read}
		}), "says to report"},
		"failure without code": {with(func(e *channel.Event) {
			e.Kind, e.Receipt = channel.EventReceipt, channel.Receipt{Target: "1", State: hub.Failed}
		}), "a code of each failure"},
		"watermark of no time":    {with(func(e *channel.Event) { e.Kind, e.Watermark.State = channel.EventWatermark, hub.Read }), "time of a watermark"},
		"subscription of nobody":  {channel.Event{Kind: channel.EventSubscription, Account: "a"}, "user of a subscription"},
		"identity without former": {with(func(e *channel.Event) { e.Kind = channel.EventIdentity }), "former ids"},
		"link without nonce":      {with(func(e *channel.Event) { e.Kind, e.Link.OK = channel.EventLink, true }), "nonce"},
		"notice of a category":    {channel.Event{Kind: channel.EventNotice, Notice: channel.Notice{Topic: "template.category"}}, ""},
		"notice of another topic": {channel.Event{Kind: channel.EventNotice, Notice: channel.Notice{Topic: "weather"}}, "known topic"},
		"unknown kind":            {channel.Event{Kind: "dance"}, "a known kind"},
		"no kind of user":         {channel.Event{Kind: channel.EventOther, Account: "a", User: "U1"}, "kind of user"},
		"another's alias": {with(func(e *channel.Event) {
			e.Kind, e.Aliases = channel.EventOther, []channel.Alias{{Kind: channel.AliasUser, Value: "U2"}}
		}), "own id among the aliases"},
		"a phone with a plus": {with(func(e *channel.Event) {
			e.Kind, e.Aliases = channel.EventOther, append(e.Aliases, channel.Alias{Kind: channel.AliasPhone, Value: "+886912345678"})
		}), "known kinds and forms"},
		"token in standby": {with(func(e *channel.Event) { e.Kind, e.Standby, e.Reply = channel.EventOther, true, "t" }), "standby"},
	} {
		got := strings.Join(faultsOf(c.e, caps, false), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want it to say %q", name, got, c.want)
		}
	}
}

// The part about names finds aliases that the platform's events do not tell.
func TestFaultsOfNamesAreFound(t *testing.T) {
	id, phone := channel.Alias{Kind: channel.AliasUser, Value: "U1"}, channel.Alias{Kind: channel.AliasPhone, Value: "886912345678"}
	person := channel.Event{User: "U1", UserKind: hub.Person, Aliases: []channel.Alias{id, phone}}
	group := channel.Event{User: "G1", UserKind: hub.Group}
	for name, c := range map[string]struct {
		e     channel.Event
		names []channel.Alias
		want  string // "" = nothing to find
	}{
		"right":             {person, []channel.Alias{id}, ""},
		"none":              {person, nil, ""},
		"another's":         {person, []channel.Alias{id, {Kind: channel.AliasUser, Value: "U2"}}, "U2"},
		"of another kind":   {person, []channel.Alias{{Kind: channel.AliasUser, Value: phone.Value}}, "by the id alone"},
		"of a group":        {group, []channel.Alias{{Kind: channel.AliasUser, Value: "G1"}}, "no person"},
		"of nobody":         {channel.Event{}, []channel.Alias{id}, "no person"},
		"a group with none": {group, nil, ""},
	} {
		got := strings.Join(faultsOfNames(c.e, c.names), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want it to say %q", name, got, c.want)
		}
	}
}

// The part about capabilities finds facts that cannot be.
func TestNonsenseIsFound(t *testing.T) {
	text := channel.Shape{Body: channel.Limit{Max: 5}, BodyNeeded: true}
	shows := func(form hub.MessageType, s channel.Shape) channel.Capabilities {
		return channel.Capabilities{Shows: map[hub.MessageType]channel.Shape{hub.Text: text, form: s}}
	}
	with := func(change func(*channel.Capabilities)) channel.Capabilities {
		c := shows(hub.Location, channel.Shape{})
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		c    channel.Capabilities
		want string
	}{
		"right":                 {with(func(*channel.Capabilities) {}), ""},
		"no text":               {channel.Capabilities{}, "text: got"},
		"a window of the past":  {with(func(c *channel.Capabilities) { c.Window = -time.Hour }), "window"},
		"a pace without burst":  {with(func(c *channel.Capabilities) { c.Pair.Every = time.Second }), "pair"},
		"an unknown receipt":    {with(func(c *channel.Capabilities) { c.Receipts = []hub.State{hub.Queued} }), "receipts"},
		"a receipt twice":       {with(func(c *channel.Capabilities) { c.Receipts = []hub.State{hub.Read, hub.Read} }), "each once"},
		"names without receipt": {with(func(c *channel.Capabilities) { c.ReceiptRef = true }), "our own name"},
		"bare quick replies":    {with(func(c *channel.Capabilities) { c.QuickReplies.Max = 3 }), "a limit of titles"},
		"a choice to show":      {shows(hub.Choice, channel.Shape{}), "no form"},
		"an image of nothing":   {shows(hub.Image, channel.Shape{}), "a medium of its type"},
		"buttons without any":   {shows(hub.Buttons, text), "limits of buttons"},
		"a list without rows":   {shows(hub.Menu, channel.Shape{Sections: 1}), "limits of a list"},
		"a form without opener": {shows(hub.Form, text), "opens it"},
	} {
		got := fmt.Sprint(nonsense(c.c))
		if (c.want == "") != (got == "[]") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want it to say %q", name, got, c.want)
		}
	}
}
