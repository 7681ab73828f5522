package chaos

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// checkPeople looks whether each customer has one thread with one open conversation,
// and is one contact. A customer of whom the platform never told both ids together is
// two to everybody.
func (r *run) checkPeople(t *tables, report *Report) {
	type person struct {
		shown, threads, contacts map[string]bool
		traces                   []string
	}
	people := map[string]*person{}
	for _, h := range r.hooks {
		if h.group {
			continue
		}
		name := h.team + " " + h.customer.name
		for _, m := range t.messages[h.team+hub.ShortID(h.message)] {
			p := people[name]
			if p == nil {
				p = &person{shown: map[string]bool{}, threads: map[string]bool{}, contacts: map[string]bool{}}
				people[name] = p
			}
			p.shown[h.shown] = true
			p.traces = append(p.traces, fmt.Sprintf("by %q in %s of home %s, trace %s", h.shown, m.user, m.home, m.trace))
			p.threads[t.root(m.user)] = true
			root := t.homes[m.home]
			if root == "" {
				report.Homeless++
				report.example("homeless", "%s of %s, by %q: home %s, user %s", h.mark, name, h.shown, m.home, m.user)
			}
			p.contacts[root] = true
		}
	}
	report.People = len(people)
	live := map[string]bool{}
	for _, name := range sorted(people) {
		p := people[name]
		want := len(p.shown)
		if p.shown[byBoth] {
			want = 1
		}
		if len(p.threads) != want {
			report.SplitThreads++
			report.example("split threads", "%s: %v", name, sorted(p.threads))
		}
		if len(p.contacts) != want {
			report.SplitContacts++
			report.example("split contacts", "%s: roots %v, messages %v", name, sorted(p.contacts), p.traces)
		}
		for user := range p.threads {
			c := t.threads[user].conversation
			if c != "" {
				report.Opened++
			}
			if t.opened[c] == "" || t.closed[c] != "" {
				report.Astray++
				report.example("astray", "%s: thread %s, conversation %q, opened in %q, closed in %q", name, user, c, t.opened[c], t.closed[c])
			}
		}
	}
	for _, th := range t.threads {
		live[th.conversation] = true
	}
	for c := range t.opened {
		if !live[c] && t.closed[c] == "" {
			report.Astray++ // it goes on in nobody's thread
			report.example("astray", "conversation %s is open in no thread", c)
		}
	}
	for c := range t.closed {
		if t.opened[c] == "" {
			report.NeverOpened++
			report.example("never opened", "conversation %s, closed in %s", c, t.closed[c])
		}
	}
	for home, root := range t.homes {
		if t.homes[root] != root {
			report.Homeless++
			report.example("homeless", "home %s leads to %s, which is no root", home, root)
		}
	}
}

// checkThreads recomputes from the messages what each thread remembers of them: the
// newest, the open conversation's place in the index, and what came late.
func checkThreads(t *tables, report *Report) {
	newest, all := map[string]string{}, map[string]map[string]bool{}
	for _, list := range t.messages {
		for _, m := range list {
			root := t.root(m.user)
			newest[root] = max(newest[root], m.key)
			if all[root] == nil {
				all[root] = map[string]bool{}
			}
			all[root][m.key] = true
		}
	}
	wrong := func(format string, args ...any) {
		report.Miscounted++
		report.example("miscounted", format, args...)
	}
	for _, user := range sorted(t.threads) {
		th := t.threads[user]
		if th.see != "" {
			if t.root(user) == user || t.threads[t.root(user)].see != "" {
				wrong("thread %s leads in a circle", user)
			}
			continue
		}
		if th.lastKey != newest[user] {
			wrong("thread %s: newest message %q, want %q", user, th.lastKey, newest[user])
		}
		if at := hub.MessageKey(th.lastKey).At(); int64(at) != th.lastIn {
			wrong("thread %s: time of the newest message %d, want %d", user, th.lastIn, at)
		}
		if open := strings.HasPrefix(th.index, "O#"); open != (th.conversation != "") {
			wrong("thread %s: in the index of open threads %v, conversation %q", user, open, th.conversation)
		}
		for _, key := range th.late {
			if !all[user][key] {
				wrong("thread %s: late message %s is not there", user, key)
			}
		}
	}
}

// hashed is the form of the users, homes and other hashes that only one team has.
var hashed = regexp.MustCompile(`[a-z2-7]{32}`)

// checkTeams looks for references from one team's items to another's.
func checkTeams(t *tables, report *Report) {
	owner := map[string]string{}
	for _, it := range t.items {
		pk := text(it, "PK")
		if strings.Contains(pk, "#U#") || strings.Contains(pk, "#H#") {
			owner[pk[strings.LastIndex(pk, "#")+1:]] = teamOf(pk)
		}
	}
	for _, it := range t.items {
		team := teamOf(text(it, "PK"))
		if team == "" {
			continue
		}
		for name, v := range it {
			for _, words := range wordsOf(v) {
				for _, hash := range hashed.FindAllString(words, -1) {
					if of := owner[hash]; of != "" && of != team {
						report.Crossed++
						report.example("crossed", "%s of %s %s names %s of team %s", name, text(it, "PK"), text(it, "SK"), hash, of)
					}
				}
				if name != "PK" && strings.HasPrefix(words, "T#") && teamOf(words) != team {
					report.Crossed++
					report.example("crossed", "%s of %s %s names a key of team %s", name, text(it, "PK"), text(it, "SK"), teamOf(words))
				}
			}
		}
	}
}

// wordsOf are the texts in a value.
func wordsOf(v types.AttributeValue) []string {
	var out []string
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		out = append(out, v.Value)
	case *types.AttributeValueMemberSS:
		out = append(out, v.Value...)
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			out = append(out, wordsOf(e)...)
		}
	case *types.AttributeValueMemberM:
		for _, e := range v.Value {
			out = append(out, wordsOf(e)...)
		}
	}
	return out
}
