package channeltest

import (
	"fmt"
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// names: what the adapter tells of a user's id alone is what the platform's events tell
// of its person, and it asks nobody.
func (s Suite) names(t *testing.T) {
	guard := &Guard{}
	a := s.New(channel.Platform{Client: guard.Client()})
	n, ok := a.(channel.Namer)
	if !ok {
		return
	}
	if got := n.Names(s.Message.To.Reveal()); len(got) == 0 {
		t.Errorf("whom the text goes to: got no alias, want one")
	}
	if got := n.Names(""); len(got) > 0 {
		t.Errorf("no id: got %v, want no alias", got)
	}
	people, named := 0, 0
	for _, sample := range s.samples(t) {
		slices, err := a.Split(sample.request())
		if err != nil {
			t.Fatalf("%s: split: got %v, want no error", sample.name, err)
		}
		for _, slice := range slices {
			e, err := a.Parse(slice.Head, slice.Raw)
			if err != nil {
				t.Fatalf("%s: parse: got %v, want no error", sample.name, err)
			}
			for _, wrong := range faultsOfNames(e, n.Names(e.User)) {
				t.Errorf("%s: event %s: %s", sample.name, e.ID, wrong)
			}
			if e.UserKind == hub.Person {
				people++
				named += min(1, len(n.Names(e.User)))
			}
		}
	}
	if people == 0 || named == 0 {
		t.Errorf("got %d events of persons, %d with aliases by the id alone, want some of both", people, named)
	}
	if hosts := guard.Strays(); len(hosts) > 0 {
		t.Errorf("calls: got %v, want none", hosts)
	}
}

// faultsOfNames tells what is wrong with the aliases that the id of an event's user is
// by itself.
func faultsOfNames(e channel.Event, names []channel.Alias) (out []string) {
	if e.UserKind != hub.Person {
		if len(names) > 0 {
			out = append(out, fmt.Sprintf("got aliases %v of what is no person, want none", aliasesOf(names)))
		}
		return out
	}
	for _, a := range names {
		if !slices.Contains(e.Aliases, a) {
			out = append(out, fmt.Sprintf("got %v by the id alone, want aliases of the event, which are %v", aliasesOf([]channel.Alias{a}), aliasesOf(e.Aliases)))
		}
	}
	return out
}
