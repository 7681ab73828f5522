package tag

import (
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// soon is how near the next daily check may be to be given work: one that runs just now
// may be past the place where it would be found.
const soon = hub.Millis(60 * 60 * 1000)

// tagging is what a tagging changes of a tag that stands at a home as it was seen.
func tagging(seen hub.TagState, home hub.HomeID, d hub.Tag, c Call, now hub.Millis) store.TagChange {
	to := word(seen, hub.TagOn, c)
	to.Until = d.Until(c.At)
	change := store.TagChange{Seen: seen}
	if c.At > seen.Forgot { // else its record would have been deleted by now
		change.Tagged = record(to, home)
	}
	if to.After(seen) {
		change.To, change.Tell = &to, to.Borne(now)
		change.Due = dueOf(to, now)
	}
	return change
}

// removal is what a removal changes of it.
func removal(seen hub.TagState, home hub.HomeID, c Call) store.TagChange {
	to := word(seen, hub.TagOff, c)
	change := store.TagChange{Seen: seen}
	if to.After(seen) {
		change.To, change.Removed, change.Tell = &to, record(to, home), seen.Standing == hub.TagOn
	}
	return change
}

// word is a new word on a tag.
func word(seen hub.TagState, standing hub.TagStanding, c Call) hub.TagState {
	to := seen
	to.Standing, to.At, to.ID, to.Source, to.By, to.Until = standing, c.At, c.ID, c.Source, c.By, 0
	return to
}

// record is the record of a word.
func record(t hub.TagState, home hub.HomeID) *hub.Tagging {
	return &hub.Tagging{
		Tag: t.Tag, Name: t.Name, Home: home, Account: t.Account, Channel: t.Channel,
		At: t.At, ID: t.ID, Source: t.Source, By: t.By, Until: t.Until,
	}
}

// dueOf is at which daily check a tag is to be ended that is borne: that of its end, or,
// if that has passed or is near, the next one that cannot be running yet.
func dueOf(t hub.TagState, now hub.Millis) hub.Millis {
	if t.Standing != hub.TagOn || t.Until == 0 {
		return 0
	}
	return max(t.Until, hub.TagCheck(now+soon))
}
