package scenario

import (
	"maps"
	"strings"
	"testing"

	"omnihub/internal/browser"
)

// TestOmniLinkJoinIsUndone: after the undo both contacts are what they were, to the byte,
// beside the notes that they keep: that there was a link and that it was undone, and the
// tags that each got for itself.
func TestOmniLinkJoinIsUndone(t *testing.T) {
	for _, id := range []string{"undo", "undoline"} {
		t.Run(id, func(t *testing.T) {
			s := enter(t)
			from, to := cast(id)
			if to.channel() == "line" {
				s.befriends(to)
			} else {
				s.writes(to, "hello")
				s.pass(longBefore)
			}
			there := s.contact(to)
			tab, source := s.opened(id, browser.Phone("zh-TW"), from, to)
			s.member(there, "M-9 of "+id)
			s.asks("PATCH", "/contacts/"+source, object{"email": id + "@example.com", "note": "likes tea"}, 200)
			taps(tab)
			before := append(s.contactOf(source), s.contactOf(there)...)
			if to.channel() == "line" {
				s.signsIn(tab, "allow")
				tab.WaitText("[data-state=linked]", "完成！")
				s.rest()
			} else {
				s.sends(tab)
				q := s.question(from, "zh-TW") // who arrives has a member id
				s.answers(from, q.yes)
			}
			s.joined(source, there, from, to, sourceTag, targetTag)
			one := s.asks("POST", "/contacts/"+source+"/joins:undo", object{"pairs": [][]string{{source, there}}}, 200)
			if got := homesOf(one); len(got) != 1 {
				t.Errorf("got the homes %v after the undo, want one", got)
			}
			s.rest()
			s.apart(source, there)
			after := append(s.contactOf(source), s.contactOf(there)...)
			if lost := only(before, after); len(lost) != 0 {
				t.Errorf("got the contacts without %q, want all that was before", lost)
			}
			noted := map[string]int{}
			for _, line := range only(after, before) {
				kind, rest, _ := strings.Cut(line, " ")
				if _, key, ok := strings.Cut(rest, " "); ok && kind == "fact" {
					_, key, _ = strings.Cut(key, "#")
					what, _, _ := strings.Cut(key, "#")
					kind += " " + what
				}
				noted[kind]++
			}
			if want := map[string]int{"edge": 1, "never_join": 1, "audit": 1, "fact omnilink": 1, "fact tag": 2, "tag": 2}; !maps.Equal(noted, want) {
				t.Errorf("got the notes %v of the link and its undo, want %v", noted, want)
			}
			s.counted(id, known)
			s.listed(id, from, to, succeeded)
		})
	}
}
