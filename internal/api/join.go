package api

import (
	"context"
	"slices"

	"omnihub/internal/api/problem"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
)

// pairGiven names the other home, or pairs of homes.
type pairGiven struct {
	With  hub.HomeID      `json:"with"`
	Why   string          `json:"why"`
	Pairs [][2]hub.HomeID `json:"pairs"`
	On    bool            `json:"marketing"`
}

// other is the other home that the path names.
func (c *call) other() hub.HomeID { return hub.HomeID(c.param("other")) }

// pair is two homes as the audit has them.
func pair(x, y hub.HomeID) string {
	a, b := hub.EdgeOf(x, y)
	return target(a) + "+" + string(b)
}

func (a *API) joinContacts(ctx context.Context, c *call) (answer, error) {
	var in pairGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	_, err := a.Contacts.JoinBy(ctx, c.team.ID, c.home(), in.With, hub.EvidencePerson, in.Why, c.audit("contact.join", pair(c.home(), in.With)))
	if err != nil {
		return answer{}, err
	}
	return a.oneContact(ctx, c, c.home())
}

type way struct {
	Joins []joinShown `json:"joins"`
}

func (a *API) whyJoined(ctx context.Context, c *call) (answer, error) {
	edges, err := a.Contacts.Why(ctx, c.team.ID, c.home(), c.other())
	return answer{body: way{showJoins(edges)}}, err
}

// reaches tells whether all pairs hang together with a contact: its joins do, and those
// that it had until they were undone.
func reaches(k contact.Contact, pairs [][2]hub.HomeID) bool {
	of := map[hub.HomeID]bool{}
	for _, h := range k.Homes {
		of[h.ID] = true
	}
	for range pairs {
		for _, p := range pairs {
			if of[p[0]] || of[p[1]] {
				of[p[0]], of[p[1]] = true, true
			}
		}
	}
	return !slices.ContainsFunc(pairs, func(p [2]hub.HomeID) bool { return !of[p[0]] })
}

// undoJoins undoes joins of the contact. Who undoes one that others hold together is told
// of those, and names them all in one call.
func (a *API) undoJoins(ctx context.Context, c *call) (answer, error) {
	var in pairGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	k, err := a.Contacts.Contact(ctx, c.team.ID, c.home())
	if err != nil {
		return answer{}, err
	}
	if !reaches(k, in.Pairs) {
		return answer{}, problem.Body("/pairs", "are joins of another contact")
	}
	if err := a.Contacts.Undo(ctx, c.team.ID, in.Pairs, c.audit("contact.undo", target(c.home()))); err != nil {
		return answer{}, err
	}
	return a.oneContact(ctx, c, c.home())
}

func (a *API) neverJoin(ctx context.Context, c *call) (answer, error) {
	var in pairGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return answer{}, a.Contacts.Never(ctx, c.team.ID, c.home(), c.other(), in.Why, c.audit("contact.never", pair(c.home(), c.other())))
}

func (a *API) takeNeverBack(ctx context.Context, c *call) (answer, error) {
	if _, err := a.Store.Home(ctx, c.team.ID, c.home()); err != nil {
		return answer{}, err
	}
	return answer{}, a.Contacts.TakeNeverBack(ctx, c.team.ID, c.home(), c.other(), c.audit("contact.take_never_back", pair(c.home(), c.other())))
}

type candidateShown struct {
	A        hub.HomeID    `json:"a"`
	B        hub.HomeID    `json:"b"`
	Reason   string        `json:"reason"`
	At       *string       `json:"at"`
	Decision *hub.Decision `json:"decision"`
	Decided  *string       `json:"decided_at"`
	By       *string       `json:"decided_by"`
}

func showCandidate(k hub.Candidate) candidateShown {
	return candidateShown{k.A, k.B, k.Reason, instant(k.At), some(k.Decision), instant(k.Decided), some(k.DecidedBy)}
}

// listCandidates lists what is to be decided, the newest first.
func (a *API) listCandidates(ctx context.Context, c *call) (answer, error) {
	open, next, err := paged(c, func(after string) ([]hub.Candidate, string, error) {
		return a.Contacts.Open(ctx, c.team.ID, after, c.limit())
	}, func(hub.Candidate) bool { return true })
	return page(c, open, next, showCandidate), err
}

func (a *API) candidatesOfContact(ctx context.Context, c *call) (answer, error) {
	all, err := a.Contacts.Candidates(ctx, c.team.ID, c.home())
	return page(c, all, "", showCandidate), err
}

func (a *API) dismissCandidate(ctx context.Context, c *call) (answer, error) {
	return answer{}, a.Contacts.Dismiss(ctx, c.team.ID, c.home(), c.other(), c.audit("contact.dismiss", pair(c.home(), c.other())))
}
