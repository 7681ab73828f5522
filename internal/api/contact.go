package api

import (
	"context"
	"strings"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/tag"
	"omnihub/internal/team/apikey"
)

// attributeMark stands before the key of a custom attribute in a field's name.
const attributeMark = "attr."

type contactShown struct {
	ID         hub.HomeID        `json:"id"`
	MemberID   *string           `json:"member_id"`
	Name       *string           `json:"name"`
	Email      *string           `json:"email"`
	Phone      *string           `json:"phone"`
	Birthday   *string           `json:"birthday"`
	Language   *string           `json:"language"`
	Note       *string           `json:"note"`
	CRM        *string           `json:"crm_id"`
	Username   *string           `json:"username"`
	Picture    *string           `json:"picture"`
	Status     *string           `json:"status"`
	Attributes map[string]string `json:"attributes"`
	Fields     []fieldSaid       `json:"fields"`
	Tags       []tagBorne        `json:"tags"`
	Homes      []homeShown       `json:"homes"`
	Joins      []joinShown       `json:"joins"`
}

// fieldSaid tells who says what stands in a field.
type fieldSaid struct {
	Field  string     `json:"field"`
	At     *string    `json:"at"`
	Source string     `json:"source"`
	Home   hub.HomeID `json:"home"`
}

type tagBorne struct {
	ID     hub.TagID  `json:"id"`
	Name   string     `json:"name"`
	At     *string    `json:"at"`
	Until  *string    `json:"until"`
	Source string     `json:"source"`
	Home   hub.HomeID `json:"home"`
}

type homeShown struct {
	ID           hub.HomeID         `json:"id"`
	Account      *hub.AccountID     `json:"account"`
	Channel      *hub.Channel       `json:"channel"`
	External     *string            `json:"external_id"`
	Kind         hub.UserKind       `json:"kind"`
	Created      *string            `json:"created_at"`
	Thread       *hub.UserKey       `json:"thread"`
	LastReceived *string            `json:"last_received_at"`
	LastAct      *string            `json:"last_interaction_at"`
	LastTeam     *string            `json:"last_team_message_at"`
	LastAds      *string            `json:"last_marketing_at"`
	Subscription *subscriptionShown `json:"subscription"`
}

type joinShown struct {
	A        hub.HomeID   `json:"a"`
	B        hub.HomeID   `json:"b"`
	Evidence hub.Evidence `json:"evidence"`
	Detail   string       `json:"detail"`
	At       *string      `json:"at"`
	By       string       `json:"by"`
}

func showJoins(edges []hub.Edge) []joinShown {
	out := []joinShown{}
	for _, e := range edges {
		out = append(out, joinShown{e.A, e.B, e.Evidence, e.Detail, instant(e.At), e.By})
	}
	return out
}

// showFields puts the fields of a contact where they are shown.
func (out *contactShown) showFields(k contact.Contact) {
	out.ID, out.MemberID, out.Attributes, out.Fields = k.Root, some(k.MemberID.Reveal()), map[string]string{}, []fieldSaid{}
	at := map[string]**string{
		"name": &out.Name, hub.FieldEmail: &out.Email, hub.FieldPhone: &out.Phone, "birthday": &out.Birthday, "language": &out.Language,
		"note": &out.Note, hub.FieldCRM: &out.CRM, "username": &out.Username, "picture": &out.Picture, "status": &out.Status,
	}
	for _, f := range k.Fields {
		if key, custom := strings.CutPrefix(f.Field, attributeMark); custom {
			out.Attributes[key] = f.Value
		} else if to := at[f.Field]; to != nil {
			*to = some(f.Value)
		} else {
			continue
		}
		out.Fields = append(out.Fields, fieldSaid{f.Field, instant(f.At), f.Source, f.Home})
	}
}

// oneContact is the contact that a home belongs to, whole; or the home's id alone for a
// program that may only write.
func (a *API) oneContact(ctx context.Context, c *call, home hub.HomeID) (answer, error) {
	if !c.sees(apikey.ContactsRead) {
		return answer{body: written{string(home)}}, nil
	}
	k, err := a.Contacts.Contact(ctx, c.team.ID, home)
	if err != nil {
		return answer{}, err
	}
	out := contactShown{Joins: showJoins(k.Edges), Tags: []tagBorne{}}
	out.showFields(k)
	borne, err := a.tagsOf(ctx, c, k)
	if err != nil {
		return answer{}, err
	}
	for _, t := range borne {
		out.Tags = append(out.Tags, tagBorne{t.Tag, t.Name, instant(t.At), instant(t.Until), t.Source, t.Home})
	}
	var users []hub.UserKey
	for _, h := range k.Users() {
		users = append(users, h.User)
	}
	threads, err := a.Store.ThreadsOf(ctx, c.team.ID, users)
	if err != nil {
		return answer{}, err
	}
	for _, h := range k.Homes {
		shown := homeShown{ID: h.ID, Account: some(h.Account), Channel: some(h.Channel), External: some(h.External.Reveal()), Kind: h.Kind, Created: instant(h.Created)}
		if t, ok := threads[h.User]; ok && h.Account != "" {
			s := subscriptionOf(t)
			shown.Thread, shown.Subscription = &t.User, &s
			shown.LastReceived, shown.LastAct = instant(t.LastIn), instant(max(t.LastIn, t.LastAct))
			shown.LastTeam, shown.LastAds = instant(t.LastTeam), instant(t.LastAds)
		}
		out.Homes = append(out.Homes, shown)
	}
	return answer{body: out}, nil
}

// tagsOf are the tags that a contact bears.
func (a *API) tagsOf(ctx context.Context, c *call, k contact.Contact) ([]tag.Borne, error) {
	ids := make([]hub.HomeID, len(k.Homes))
	for i, h := range k.Homes {
		ids[i] = h.ID
	}
	return a.Tags.Of(ctx, c.team.ID, ids)
}

// home is the home that the path names as a contact: what is written lands there, whoever
// it is joined with.
func (c *call) home() hub.HomeID { return hub.HomeID(c.param("contact")) }

func (a *API) showContact(ctx context.Context, c *call) (answer, error) {
	return a.oneContact(ctx, c, c.home())
}

// target is a home as the audit has it.
func target(home hub.HomeID) string { return "home/" + string(home) }

func (a *API) createContact(ctx context.Context, c *call) (answer, error) {
	in, err := c.contact()
	if err != nil {
		return answer{}, err
	}
	home, _, err := a.Contacts.Create(ctx, c.team.ID, c.id(), in.changes(), c.audit("contact.create", ""))
	if err == nil {
		err = a.retag(ctx, c, home, in.tagsGiven)
	}
	if err != nil {
		return answer{}, err
	}
	return a.oneContact(ctx, c, home)
}

func (a *API) changeContact(ctx context.Context, c *call) (answer, error) {
	in, err := c.contact()
	if err != nil {
		return answer{}, err
	}
	if err := a.Contacts.Patch(ctx, c.team.ID, c.home(), in.changes(), c.audit("contact.patch", target(c.home()))); err != nil {
		return answer{}, err
	}
	return a.oneContact(ctx, c, c.home())
}

// noteContact changes the note alone, which is for those too who may change nothing else.
func (a *API) noteContact(ctx context.Context, c *call) (answer, error) {
	return a.changeContact(ctx, c)
}

type upserted struct {
	Home    hub.HomeID `json:"home"`
	Created bool       `json:"created"`
	Contact any        `json:"contact"`
}

// upsertContact finds the one contact that a value or a channel user names, or makes it,
// and changes it: its profile, then its tags, then the channel user's subscription. Each
// is a step that a repeated call finds done.
func (a *API) upsertContact(ctx context.Context, c *call) (answer, error) {
	in, err := c.contact()
	if err != nil {
		return answer{}, err
	}
	home, made, err := a.upsert(ctx, c, &in)
	if err == nil {
		err = a.retag(ctx, c, home, in.tagsGiven)
	}
	if err == nil {
		err = a.resubscribe(ctx, c, home, in.Status)
	}
	if err != nil {
		return answer{}, err
	}
	one, err := a.oneContact(ctx, c, home)
	return answer{body: upserted{home, made, one.body}}, err
}

// upsert changes the profile of the contact, and answers the home and whether the call
// made it, at this try or before.
func (a *API) upsert(ctx context.Context, c *call, in *contactGiven) (home hub.HomeID, made bool, err error) {
	fact, changes := c.audit("contact.upsert", ""), in.changes()
	switch done, ok := c.traces.audits[fact.ID]; {
	case ok:
		home = hub.HomeID(strings.TrimPrefix(done.Target, target("")))
	case in.User != nil:
		h, err := a.Contacts.User(ctx, c.team.ID, in.User.Account, in.User.External)
		if err == nil {
			err = a.mayStatus(ctx, c, h, in.Status)
		}
		if err != nil {
			return "", false, noAccount(err, "/user/account")
		}
		home, fact.Target = h.ID, target(h.ID)
		if made, err = a.Contacts.UpsertUser(ctx, c.team.ID, h, false, changes, fact); err != nil {
			return "", false, err
		}
	default:
		if home, made, err = a.Contacts.Upsert(ctx, c.team.ID, in.key(), changes, fact); err != nil {
			return "", false, err
		}
	}
	if made || !c.traces.any {
		return home, made, nil
	}
	h, err := a.Store.Home(ctx, c.team.ID, home)
	return home, h.Created == c.at(), err
}

// threadsOfContact lists the threads of a contact's channel users that are shown to the
// caller.
func (a *API) threadsOfContact(ctx context.Context, c *call) (answer, error) {
	k, err := a.Contacts.Contact(ctx, c.team.ID, c.home())
	if err != nil {
		return answer{}, err
	}
	var users []hub.UserKey
	for _, h := range k.Users() {
		users = append(users, h.User)
	}
	threads, err := a.Desk.Threads(ctx, c.team.ID, users, c.seat())
	return page(c, threads, "", c.showThread), err
}
