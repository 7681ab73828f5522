package waid_test

import (
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/waid"
)

func TestAnIDNamesItsPersonByItself(t *testing.T) {
	for id, want := range map[string]waid.Person{
		"wa:886912345678":                {Phone: "886912345678"},
		"TW.13491208655302741918":        {User: "TW.13491208655302741918"},
		"TW." + strings.Repeat("a", 128): {User: "TW." + strings.Repeat("a", 128)},
		"TW." + strings.Repeat("a", 129): {},
		"wa:12345":                       {},
		"wa:" + strings.Repeat("1", 16):  {},
		"wa:0886912345678":               {},
		"wa:+886912345678":               {},
		"wa:TW.1":                        {},
		"886912345678":                   {},
		"TW.":                            {},
		"TW.ENT.1":                       {},
		"tw.1":                           {},
		"":                               {},
	} {
		got := waid.Named(id)
		if got != want {
			t.Errorf("%q: got %+v, want %+v", id, got, want)
		}
		if want != (waid.Person{}) && got.ID() != id {
			t.Errorf("%q: got it back as %q", id, got.ID())
		}
	}
}

func TestAPersonOfBothNamesGoesByTheBSUID(t *testing.T) {
	user, phone := waid.Person{User: "TW.1"}, waid.Person{Phone: "886912345678"}
	both := user.And(phone)
	if both.ID() != "TW.1" || phone.And(user) != both {
		t.Errorf("got %+v as %q, want both names and the BSUID", both, both.ID())
	}
	want := []channel.Alias{{Kind: channel.AliasUser, Value: "TW.1"}, {Kind: channel.AliasPhone, Value: "886912345678"}}
	if got := both.Aliases(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	other := waid.Person{User: "TW.2", Phone: "886912345678"}
	for _, c := range []struct {
		p, q waid.Person
		want bool
	}{
		{both, user, true}, {both, phone, true}, {user, phone, false}, {both, other, false}, {other, phone, true}, {waid.Person{}, waid.Person{}, false},
	} {
		if c.p.Same(c.q) != c.want || c.q.Same(c.p) != c.want {
			t.Errorf("%+v and %+v: got them the same %v, want %v", c.p, c.q, !c.want, c.want)
		}
	}
}
