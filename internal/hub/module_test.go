package hub

import (
	"strings"
	"testing"
)

func TestButtonDataReadBackAndFitEveryChannel(t *testing.T) {
	id := ModuleID(strings.Repeat("a", 16))
	data := ButtonData(id, 999_999, "abc234")
	if len(data) > 64 {
		t.Errorf("got %d bytes, want at most 64", len(data))
	}
	module, version, button, ok := ParseButtonData(data)
	if !ok || module != id || version != 999_999 || button != "abc234" {
		t.Errorf("got %s, %d, %s, %v", module, version, button, ok)
	}
	for _, other := range []string{
		"", "b1.", "b1.x.1.abc234", "b2." + data[3:], data + ".x", "b1." + string(id) + ".0.abc234", "b1." + string(id) + ".-1.abc234",
		"b1." + string(id) + ".1.", "b1." + string(id) + ".x.abc234", "menu", "b1." + string(id) + ".1." + strings.Repeat("x", 64),
	} {
		if _, _, _, ok := ParseButtonData(other); ok {
			t.Errorf("%q: got read, want it refused", other)
		}
	}
}

func TestPartsOfAnAnswerShareItsKey(t *testing.T) {
	k := NewMessageKey(1791170415123, "id~7")
	for i := range 12 {
		if got := k.Answer().Part(i).Answered(); got != k.Answer() {
			t.Errorf("part %d: got %s, want %s", i, got, k.Answer())
		}
	}
	for i := range MaxParts - 1 {
		if a, b := k.Answer().Part(i), k.Answer().Part(i+1); a >= b {
			t.Errorf("got %s before %s, want them in order also as texts", b, a)
		}
	}
	for _, other := range []MessageKey{k, k.Welcome(), k.Part(3), "", "x~ay~b"} {
		if got := other.Answered(); got != other {
			t.Errorf("%s: got %s, want it as it is", other, got)
		}
	}
}

func TestButtonsOfAModuleAreFoundByTheirPlaceAndId(t *testing.T) {
	m := Module{Cards: []ModuleCard{
		{Buttons: []ModuleButton{{ID: "a", Module: "m1"}}},
		{Columns: []ModuleColumn{{}, {Buttons: []ModuleButton{{ID: "b"}, {ID: "c", Module: "m2"}}}}, QuickReplies: []ModuleButton{{ID: "d", Module: "m1"}}},
	}}
	paths := ""
	m.Buttons(func(path string, b *ModuleButton) { paths += path + "=" + b.ID + " " })
	if want := "cards[0].buttons[0]=a cards[1].quick_replies[0]=d cards[1].columns[1].buttons[0]=b cards[1].columns[1].buttons[1]=c "; paths != want {
		t.Errorf("got %s, want %s", paths, want)
	}
	if b := m.Button("c"); b == nil || b.Module != "m2" || m.Button("x") != nil {
		t.Errorf("got %+v", b)
	}
	if got := m.Names(); len(got) != 2 || got[0] != "m1" || got[1] != "m2" {
		t.Errorf("got %v, want each once", got)
	}
}
