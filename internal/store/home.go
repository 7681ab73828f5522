package store

import (
	"context"

	"omnihub/internal/hub"
)

// PutHome creates the home of a channel user, once. Root, members and version come
// with the first join: a home without them is single.
func (st *Store) PutHome(ctx context.Context, team hub.TeamID, h hub.Home) error {
	it := key(homePK(team, h.ID), homeSK)
	it["acct"] = s(string(h.Account))
	it["u"] = s(string(h.User))
	it["ext"] = s(h.External)
	it["kind"] = s(string(h.Kind))
	it["epoch"] = n(h.Epoch)
	it["ra"] = n(h.Created)
	it["pub"] = s(hub.FactContactCreated)
	it[dueBucket] = s(listBucket(team, h.Created, h.ID))
	it[dueSort] = s(listSort(h.Created, h.ID))
	_, _, err := st.putNew(ctx, "put home", st.Tables.Contacts, it)
	return err
}

// Home reads a home. NotFound if there is none.
func (st *Store) Home(ctx context.Context, team hub.TeamID, id hub.HomeID) (hub.Home, error) {
	it, err := st.get(ctx, "read home", st.Tables.Contacts, homePK(team, id), homeSK, true)
	if err != nil {
		return hub.Home{}, err
	}
	if it == nil {
		return hub.Home{}, notFound("read home", "home")
	}
	h := hub.Home{
		ID: id, Account: hub.AccountID(str(it, "acct")), User: hub.UserKey(str(it, "u")), External: str(it, "ext"),
		Kind: hub.UserKind(str(it, "kind")), Epoch: int(num(it, "epoch")), Created: millis(it, "ra"),
		Root: hub.HomeID(str(it, "root")), Version: int(num(it, "v")),
	}
	for _, m := range strs(it, "members") {
		h.Members = append(h.Members, hub.HomeID(m))
	}
	if h.Root == "" {
		h.Root, h.Members = id, []hub.HomeID{id}
	}
	return h, nil
}
