package api

import (
	"context"
	"slices"
	"strings"

	"omnihub/internal/api/problem"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// contactBrief is a contact as lists show it.
type contactBrief struct {
	ID       hub.HomeID      `json:"id"`
	MemberID *string         `json:"member_id"`
	Name     *string         `json:"name"`
	Email    *string         `json:"email"`
	Phone    *string         `json:"phone"`
	Picture  *string         `json:"picture"`
	Accounts []hub.AccountID `json:"accounts"`
	Channels []hub.Channel   `json:"channels"`
	Created  *string         `json:"created_at"`
}

func brief(k contact.Contact) contactBrief {
	var full contactShown
	full.showFields(k)
	out := contactBrief{k.Root, full.MemberID, full.Name, full.Email, full.Phone, full.Picture, []hub.AccountID{}, []hub.Channel{}, nil}
	created := k.Homes[0].Created
	for _, h := range k.Homes {
		created = min(created, h.Created)
	}
	for _, h := range k.Users() {
		out.Accounts, out.Channels = append(out.Accounts, h.Account), append(out.Channels, h.Channel)
	}
	slices.Sort(out.Accounts)
	slices.Sort(out.Channels)
	out.Accounts, out.Channels, out.Created = slices.Compact(out.Accounts), slices.Compact(out.Channels), instant(created)
	return out
}

// finders are the parameters that name a value which contacts are found by.
var finders = []string{hub.FieldMemberID, hub.FieldEmail, hub.FieldPhone, hub.FieldCRM}

// listContacts lists contacts: those that a value or a tag finds, or all, the newest
// first, of an account or a channel. Each is shown once, at the one of its homes that
// the list is about.
func (a *API) listContacts(ctx context.Context, c *call) (answer, error) {
	if err := c.oneFilter(); err != nil {
		return answer{}, err
	}
	read, shown := a.allHomes(c), c.oldest
	for _, field := range finders {
		if v := c.text(field); v != "" {
			read, shown = a.foundHomes(c, field, v), a.smallest
		}
	}
	if name := c.text("tag"); name != "" {
		id := hub.NewTagID(c.team.ID, strings.TrimSpace(name))
		read, shown = a.taggedHomes(c, id), a.says(c, id)
	}
	entries, next, err := paged(c, func(after string) ([]contact.Contact, string, error) {
		homes, next, err := read(ctx, after)
		if err != nil {
			return nil, "", err
		}
		var contacts []contact.Contact
		for _, home := range homes {
			k, err := a.Contacts.Contact(ctx, c.team.ID, home)
			if hub.CodeOf(err) == hub.NotFound {
				continue // gone since
			}
			if err != nil {
				return nil, "", err
			}
			once, err := shown(ctx, k, home)
			if err != nil {
				return nil, "", err
			}
			if once && !slices.ContainsFunc(contacts, func(o contact.Contact) bool { return o.Root == k.Root }) {
				contacts = append(contacts, k)
			}
		}
		return contacts, next, nil
	}, func(contact.Contact) bool { return true })
	return page(c, entries, next, brief), err
}

// oneFilter checks that the query names one list: by a value, by a tag, or of all.
func (c *call) oneFilter() error {
	var named []string
	for _, name := range append([]string{"tag"}, finders...) {
		if c.text(name) != "" {
			named = append(named, name)
		}
	}
	if places := c.text("account") != "" || c.text("channel") != ""; len(named) > 1 || len(named) == 1 && places {
		return problem.Parameter(named[0], "stands alone, beside cursor and limit")
	}
	return nil
}

// pages reads the homes of a list after a place.
type pages func(ctx context.Context, after string) (homes []hub.HomeID, next string, err error)

func homesOf(matches []store.Match) []hub.HomeID {
	out := make([]hub.HomeID, len(matches))
	for i, m := range matches {
		out[i] = m.Home
	}
	return out
}

func (a *API) allHomes(c *call) pages {
	return func(ctx context.Context, after string) ([]hub.HomeID, string, error) {
		matches, next, err := a.Contacts.List(ctx, c.team.ID, after, c.limit())
		if err != nil || c.text("account") == "" && c.text("channel") == "" {
			return homesOf(matches), next, err
		}
		homes, err := a.Store.Homes(ctx, c.team.ID, homesOf(matches))
		var ids []hub.HomeID
		for _, m := range matches {
			if slices.ContainsFunc(homes, func(h hub.Home) bool { return h.ID == m.Home && c.wants(h) }) {
				ids = append(ids, m.Home)
			}
		}
		return ids, next, err
	}
}

// wants tells whether a home is of the account and the channel that the query names.
func (c *call) wants(h hub.Home) bool {
	account, channel := c.text("account"), c.text("channel")
	return (account == "" || string(h.Account) == account) && (channel == "" || string(h.Channel) == channel)
}

// oldest tells whether a home is the oldest of its contact's that the query wants.
func (c *call) oldest(_ context.Context, k contact.Contact, home hub.HomeID) (bool, error) {
	var first hub.Home
	for _, h := range k.Homes {
		if c.wants(h) && (first.ID == "" || store.Older(h, first)) {
			first = h
		}
	}
	return first.ID == home, nil
}

func (a *API) foundHomes(c *call, field, value string) pages {
	return func(ctx context.Context, after string) ([]hub.HomeID, string, error) {
		matches, next, err := a.Contacts.Find(ctx, c.team.ID, field, value, hub.HomeID(after), min(c.limit(), contact.MaxFound))
		return homesOf(matches), string(next), asked(err)
	}
}

// smallest lets every home through that a value has found: the list shows a contact once.
func (a *API) smallest(context.Context, contact.Contact, hub.HomeID) (bool, error) { return true, nil }

func (a *API) taggedHomes(c *call, id hub.TagID) pages {
	return func(ctx context.Context, after string) ([]hub.HomeID, string, error) {
		bearers, next, err := a.Tags.Bearers(ctx, c.team.ID, id, after, c.limit())
		homes := make([]hub.HomeID, len(bearers))
		for i, b := range bearers {
			homes[i] = b.Home
		}
		return homes, next, err
	}
}

// says tells whether a home is the one by which its contact bears a tag: another home's
// later word may have taken it away.
func (a *API) says(c *call, id hub.TagID) func(context.Context, contact.Contact, hub.HomeID) (bool, error) {
	return func(ctx context.Context, k contact.Contact, home hub.HomeID) (bool, error) {
		borne, err := a.tagsOf(ctx, c, k)
		for _, t := range borne {
			if t.Tag == id && t.Home == home {
				return true, err
			}
		}
		return false, err
	}
}
