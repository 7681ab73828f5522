package contact

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// Contact is one person: the fold over joined homes.
type Contact struct {
	Root   hub.HomeID
	Homes  []hub.Home // by id
	Edges  []hub.Edge // the live ones, by their homes; none if there is one home
	Fields []Field    // of the profile, by name; those that are cleared are left out
	// MemberID is the contact's, and Holder the home that says it; both empty if it has
	// none. It does not stand in Fields: one contact has one, whenever it was set.
	MemberID hub.Personal
	Holder   hub.HomeID
}

// Users are the homes of the contact's channel users: all but those of imported persons.
func (c *Contact) Users() []hub.Home {
	var users []hub.Home
	for _, h := range c.Homes {
		if h.Account != "" {
			users = append(users, h)
		}
	}
	return users
}

// Field is a field of a contact's profile, and the home that says it.
type Field struct {
	hub.Register
	Home hub.HomeID
}

// Contact folds the contact that a home belongs to; every home of it gives the same.
// It shows the homes that were one contact when its root was read, and what is joined
// after that not yet. NotFound if the home does not exist.
func (b *Book) Contact(ctx context.Context, team hub.TeamID, home hub.HomeID) (Contact, error) {
	root, err := b.root(ctx, team, home)
	if err != nil {
		return Contact{}, err
	}
	c := Contact{Root: root.ID, Homes: []hub.Home{root}, MemberID: root.MemberID, Holder: root.Holder}
	if len(root.Members) > 1 {
		if c.Homes, err = b.Store.Homes(ctx, team, root.Members); err != nil {
			return Contact{}, err
		}
		if c.Edges, err = b.Store.Edges(ctx, team, root.Members); err != nil {
			return Contact{}, err
		}
	}
	profiles := map[hub.HomeID][]hub.Register{}
	for _, m := range root.Members {
		if profiles[m], err = b.Store.Registers(ctx, team, m); err != nil {
			return Contact{}, err
		}
	}
	c.Fields = fold(profiles)
	return c, nil
}

// fold gives for each field the register with the latest time, then of the greatest
// home id. Clearing is a value: the latest one, if it is empty, hides older ones of
// other homes.
func fold(profiles map[hub.HomeID][]hub.Register) []Field {
	latest := map[string]Field{}
	for home, registers := range profiles {
		for _, r := range registers {
			old, ok := latest[r.Field]
			if !ok || r.At > old.At || r.At == old.At && home > old.Home {
				latest[r.Field] = Field{Register: r, Home: home}
			}
		}
	}
	var fields []Field
	for _, f := range latest {
		if f.Value != "" && f.Field != hub.FieldMemberID {
			fields = append(fields, f)
		}
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Field, b.Field) })
	return fields
}

// Why tells on what evidence two homes are one contact: the live edges on the
// shortest way from one to the other, in its order; of several the way over the
// smallest ids. Empty for a home and itself. NotFound if they are not one contact, or
// a home does not exist.
func (b *Book) Why(ctx context.Context, team hub.TeamID, x, y hub.HomeID) ([]hub.Edge, error) {
	var path []hub.Edge
	err := settings.Settle(func() error {
		left, right, err := b.sides(ctx, team, x, y)
		if err != nil {
			return err
		}
		if left.ID != right.ID {
			return hub.E(hub.NotFound, "contact: why", fmt.Errorf("the two are not one contact"))
		}
		if x == y {
			return nil
		}
		edges, err := b.Store.Edges(ctx, team, right.Members)
		if err != nil {
			return err
		}
		if path = shortest(edges, x, y); path == nil {
			return hub.E(hub.Conflict, "contact: why", fmt.Errorf("the contact was parted since its root was read"))
		}
		return nil
	})
	return path, err
}

// shortest finds the shortest way from x to y, of several the one over the smallest
// ids; nil if there is none.
func shortest(edges []hub.Edge, x, y hub.HomeID) []hub.Edge {
	next := map[hub.HomeID]map[hub.HomeID]hub.Edge{}
	for _, e := range edges {
		for _, end := range [][2]hub.HomeID{{e.A, e.B}, {e.B, e.A}} {
			if next[end[0]] == nil {
				next[end[0]] = map[hub.HomeID]hub.Edge{}
			}
			next[end[0]][end[1]] = e
		}
	}
	far := map[hub.HomeID]int{y: 0} // steps to y
	for queue := []hub.HomeID{y}; len(queue) > 0; queue = queue[1:] {
		for h := range next[queue[0]] {
			if _, seen := far[h]; !seen {
				far[h] = far[queue[0]] + 1
				queue = append(queue, h)
			}
		}
	}
	if _, ok := far[x]; !ok {
		return nil
	}
	var path []hub.Edge
	for at := x; at != y; {
		var step hub.HomeID
		for h := range next[at] {
			if far[h] == far[at]-1 && (step == "" || h < step) {
				step = h
			}
		}
		path = append(path, next[at][step])
		at = step
	}
	return path
}
