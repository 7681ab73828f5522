package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// PutHome creates the home of a channel user, once, and makes the marks of homes
// before. Root, members and version come with the first join: a home without them is
// single.
func (st *Store) PutHome(ctx context.Context, team hub.TeamID, h hub.Home) error {
	if err := st.markHome(ctx, team, h); err != nil {
		return err
	}
	_, _, err := st.putNew(ctx, "put home", st.Tables.Contacts, homeItem(team, h))
	return err
}

// markHome makes the marks that stand before a home does: that its account is used,
// and that the list of its day is not empty.
func (st *Store) markHome(ctx context.Context, team hub.TeamID, h hub.Home) error {
	if err := st.MarkUsed(ctx, team, h.Account); err != nil {
		return err
	}
	return st.markDay(ctx, team, Day(h.Created))
}

func homeItem(team hub.TeamID, h hub.Home) item {
	it := key(homePK(team, h.ID), homeSK)
	for name, v := range map[string]string{"acct": string(h.Account), "ch": string(h.Channel), "u": string(h.User), "ext": h.External.Reveal()} {
		if v != "" { // an imported person has none of them
			it[name] = s(v)
		}
	}
	it["kind"] = s(string(h.Kind))
	it["epoch"] = n(h.Epoch)
	it["ra"] = n(h.Created)
	it["pub"] = s(hub.ContactCreated)
	it[dueBucket] = s(listBucket(team, h.Created, h.ID))
	it[dueSort] = s(listSort(h.Created, h.ID))
	return it
}

// homeSet is a set of homes.
func homeSet(ids []hub.HomeID) types.AttributeValue {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return set(texts...)
}

// Home reads a home, consistently: a join is judged by it. NotFound if there is none.
func (st *Store) Home(ctx context.Context, team hub.TeamID, id hub.HomeID) (hub.Home, error) {
	it, err := st.get(ctx, "read home", st.Tables.Contacts, homePK(team, id), homeSK, true)
	if err != nil {
		return hub.Home{}, err
	}
	if !livingHome(it) {
		return hub.Home{}, notFound("read home", "home")
	}
	return readHome(it), nil
}

// Homes reads homes, consistently, in the order of their ids. Those that are gone
// are left out.
func (st *Store) Homes(ctx context.Context, team hub.TeamID, ids []hub.HomeID) ([]hub.Home, error) {
	keys := make([]item, len(ids))
	for i, id := range ids {
		keys[i] = key(homePK(team, id), homeSK)
	}
	items, err := st.getAll(ctx, "read homes", st.Tables.Contacts, keys)
	if err != nil {
		return nil, err
	}
	var homes []hub.Home
	for _, it := range items {
		if livingHome(it) {
			homes = append(homes, readHome(it))
		}
	}
	slices.SortFunc(homes, func(a, b hub.Home) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return homes, nil
}

func readHome(it item) hub.Home {
	h := hub.Home{
		ID: homeOf(it), Account: hub.AccountID(str(it, "acct")), Channel: hub.Channel(str(it, "ch")),
		User: hub.UserKey(str(it, "u")), External: hub.Personal(str(it, "ext")), Kind: hub.UserKind(str(it, "kind")),
		Epoch: int(num(it, "epoch")), Created: millis(it, "ra"), Root: hub.HomeID(str(it, "root")), Version: int(num(it, "v")),
		MemberID: hub.Personal(str(it, "mid")), Holder: hub.HomeID(str(it, "midh")), Erasing: str(it, "era"),
	}
	for _, m := range strs(it, "members") {
		h.Members = append(h.Members, hub.HomeID(m))
	}
	slices.Sort(h.Members)
	if h.Root == "" {
		h.Root, h.Members = h.ID, []hub.HomeID{h.ID}
	}
	return h
}

// livingHome tells a home from what an erasure leaves in its place between its sweeps: a
// mark under which no home is made, and which nobody reads as one.
func livingHome(it item) bool { return len(it) > 0 && it[erasedMark] == nil }

// homeStands is the condition that a home is there, and is not the mark of an erased one.
const homeStands = "attribute_exists(SK) AND attribute_not_exists(" + erasedMark + ")"

// homeOf is the home in whose partition an item lies.
func homeOf(it item) hub.HomeID {
	pk := str(it, pkAttr)
	return hub.HomeID(pk[strings.LastIndex(pk, "#")+1:])
}

// batchKeys is how many keys one BatchGetItem takes.
const batchKeys = 100

// getAll reads items by their keys, consistently, in any order. A table that answers
// only a part is asked for the rest as long as it answers some of it.
func (st *Store) getAll(ctx context.Context, op, table string, keys []item) ([]item, error) {
	var all []item
	for page := range slices.Chunk(keys, batchKeys) {
		want := map[string]types.KeysAndAttributes{table: {Keys: page, ConsistentRead: aws.Bool(true)}}
		for len(want) > 0 {
			out, err := st.DB.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: want})
			if err != nil {
				return nil, wrap(op, err)
			}
			left := len(out.UnprocessedKeys[table].Keys)
			if left > 0 && left == len(want[table].Keys) {
				return nil, hub.E(hub.Transient, "store: "+op, errors.New("the table is throttled"))
			}
			all = append(all, out.Responses[table]...)
			want = out.UnprocessedKeys
		}
	}
	return all, nil
}

// queryAll reads all items of a partition whose sort key begins with a mark,
// consistently, in the order of their sort keys.
func (st *Store) queryAll(ctx context.Context, op, table, pk, mark string) ([]item, error) {
	var all []item
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK,:m)"),
		ExpressionAttributeValues: item{":p": s(pk), ":m": s(mark)}, ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(op, err)
		}
		all = append(all, page.Items...)
	}
	return all, nil
}
