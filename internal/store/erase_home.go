package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// mirror notes, at the greater of two homes, that the smaller one has an edge that was
// undone, or a "never join", with it: by this an erasure of the greater one finds it. No
// key of a real "never join" is like it, since those name the greater home.
func (st *Store) mirror(team hub.TeamID, a, b hub.HomeID) types.TransactWriteItem {
	a, b = hub.EdgeOf(a, b)
	return types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: key(homePK(team, b), neverSK(a))}}
}

// EraseHome erases a home with all that belongs to it, here and elsewhere: finders, the
// lists of tags, the claim of a member id, edges and candidates at other homes. Of what
// people are found by tombstones stay; hash gives that of a field's value. In the home's
// place a mark stays until the second sweep, read as no home. It may be done again.
// Conflict if somebody else was faster.
func (st *Store) EraseHome(ctx context.Context, e hub.Erasure, home hub.HomeID, hash func(field, value string) string) error {
	pk := homePK(e.Team, home)
	// Tombstones come first: an import that does not find the home any more meets them.
	registers, err := st.queryAll(ctx, "read what is to be erased", st.Tables.Contacts, pk, registerMark)
	if err != nil {
		return err
	}
	var buried []types.TransactWriteItem
	for _, it := range registers {
		buried = append(buried, st.buried(e.Team, it, hash)...)
	}
	if err := st.carryOut(ctx, buried); err != nil {
		return err
	}
	// Then the home itself: whoever looks for it finds none, and adds nothing.
	if err := st.bar(ctx, e, home); err != nil {
		return err
	}
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p"), ExpressionAttributeValues: item{":p": s(pk)},
		ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return wrap("read what is to be erased", err)
		}
		items := slices.DeleteFunc(page.Items, func(it item) bool { return str(it, skAttr) == homeSK })
		var actions []types.TransactWriteItem
		for _, it := range items {
			more, err := st.elsewhere(ctx, e.Team, home, it, hash)
			if err != nil {
				return err
			}
			actions = append(actions, more...)
		}
		if err := st.carryOut(ctx, actions); err != nil {
			return err
		}
		if err := st.remove(ctx, e, ofContacts, st.Tables.Contacts, items); err != nil {
			return err
		}
	}
	// What was quarantined of it names it by its id. It has no life after the erasure.
	if err := st.eraseQuarantine(ctx, e, hub.UserKey(home), math.MaxInt64); err != nil {
		return err
	}
	if err := st.eraseCodes(ctx, e, home); err != nil {
		return err
	}
	if e.Phase == hub.ErasureBegun {
		return nil
	}
	_, err = st.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &st.Tables.Contacts, Key: key(pk, homeSK)})
	return wrap("take mark of home away", err)
}

// bar puts a mark in a home's place, and counts it if there was one. Until the second
// sweep takes the mark away nothing makes the home again that began to before the
// erasure: whoever comes back has one of the next epoch.
func (st *Store) bar(ctx context.Context, e hub.Erasure, home hub.HomeID) error {
	at := key(homePK(e.Team, home), homeSK)
	it, err := st.get(ctx, "read home", st.Tables.Contacts, str(at, pkAttr), homeSK, true)
	if err != nil || it[erasedMark] != nil {
		return err
	}
	at["era"], at[erasedMark] = s(e.ID), n(e.At)
	mark := &types.Put{TableName: &st.Tables.Contacts, Item: at, ConditionExpression: aws.String("attribute_not_exists(SK)")}
	actions := []types.TransactWriteItem{{Put: mark}}
	if it != nil {
		if err := st.neverAgain(ctx, e.Team, it); err != nil {
			return err
		}
		mark.ConditionExpression = aws.String(homeStands)
		actions = append(actions, st.counted(e, ofContacts, 1))
	}
	_, err = st.transact(ctx, "bar home", actions)
	return err
}

// goneHome is the field of the tombstones of imported persons' homes. Their ids derive
// from what they were made of, and no epoch tells a later one from the erased one.
const goneHome = "home"

// neverAgain has no home made again under the id of an imported person's, before that
// is erased: an erasure that is gone on with, or done again, would take the new one too.
func (st *Store) neverAgain(ctx context.Context, team hub.TeamID, home item) error {
	if str(home, "acct") != "" {
		return nil
	}
	gone := key(gonePK(team, goneHome, string(homeOf(home))), goneSK)
	gone["ra"] = n(st.now())
	_, _, err := st.putNew(ctx, "bury home", st.Tables.Contacts, gone)
	return err
}

// Made reads, consistently, whether a home is there, and whether it was that of a person
// who was erased: of an imported one for ever, of a channel user between the sweeps.
func (st *Store) Made(ctx context.Context, team hub.TeamID, id hub.HomeID) (there, gone bool, err error) {
	items, err := st.getAll(ctx, "look for home", st.Tables.Contacts, []item{
		key(homePK(team, id), homeSK), key(gonePK(team, goneHome, string(id)), goneSK),
	})
	for _, it := range items {
		living := str(it, skAttr) == homeSK && livingHome(it)
		there, gone = there || living, gone || !living
	}
	return there, gone, err
}

// buried are the tombstones of what people are found by, of the register that an item is.
func (st *Store) buried(team hub.TeamID, it item, hash func(field, value string) string) (actions []types.TransactWriteItem) {
	field := strings.TrimPrefix(str(it, skAttr), registerMark)
	hashes := strs(it, "fk")
	if value := str(it, "val"); field == hub.FieldMemberID && value != "" {
		hashes = []string{hash(field, value)}
	}
	for _, h := range hashes {
		gone := key(gonePK(team, field, h), goneSK)
		gone["ra"] = n(st.now())
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: gone}})
	}
	return actions
}

// elsewhere is what an item of a home has in other partitions, to be erased before it.
func (st *Store) elsewhere(ctx context.Context, team hub.TeamID, home hub.HomeID, it item, hash func(field, value string) string) (actions []types.TransactWriteItem, err error) {
	away := func(pk, sk string) {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &st.Tables.Contacts, Key: key(pk, sk)}})
	}
	sk := str(it, skAttr)
	mark, rest, _ := strings.Cut(sk, "#")
	switch mark {
	case "P":
		actions = st.buried(team, it, hash) // it may have come since
		for _, h := range strs(it, "fk") {
			away(finderPK(team, rest, h), string(home))
		}
		if value := str(it, "val"); rest == hub.FieldMemberID && value != "" {
			err = st.unclaim(ctx, team, home, rest, hash(rest, value))
		}
	case "G":
		away(tagPK(team, rest, shardOf(string(home))), string(home))
	case "E", "N":
		other := homePK(team, hub.HomeID(rest))
		away(other, edgeSK(home))
		away(other, neverSK(home))
	case "O":
		away(tokenPK(team, str(it, "tok")), tokenSK)
	case "F":
		if code, ok := strings.CutPrefix(rest, linkFact+"#"); ok && str(it, "tg") != "" {
			away(homePK(team, hub.HomeID(str(it, "tg"))), linkedMark+code)
		}
	case "OT":
		err = st.forgetTarget(ctx, team, home, it)
	case "K":
		other, reason, _ := strings.Cut(rest, "#")
		away(homePK(team, hub.HomeID(other)), candidateMark+string(home)+"#"+reason)
	}
	return actions, err
}

// unclaim gives back what a home claims. What another home claims stays.
func (st *Store) unclaim(ctx context.Context, team hub.TeamID, home hub.HomeID, kind, hash string) error {
	_, err := st.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &st.Tables.Contacts, Key: key(claimPK(team, kind, hash), claimSK), ConditionExpression: aws.String("home=:h"),
		ExpressionAttributeValues: item{":h": s(string(home))},
	})
	if _, other := refused(err); other {
		return nil
	}
	return wrap("give claim back", err)
}

// carryOut makes writes that need not be made together, each item once.
func (st *Store) carryOut(ctx context.Context, actions []types.TransactWriteItem) error {
	seen := map[string]bool{}
	actions = slices.DeleteFunc(actions, func(a types.TransactWriteItem) bool {
		var at item
		if a.Put != nil {
			at = a.Put.Item
		} else {
			at = a.Delete.Key
		}
		name := str(at, pkAttr) + " " + str(at, skAttr)
		again := seen[name]
		seen[name] = true
		return again
	})
	for part := range slices.Chunk(actions, maxRemoved) {
		if _, err := st.transact(ctx, "erase what names a home", part); err != nil {
			return err
		}
	}
	return nil
}

// EraseAlias takes the erased channel users out of an alias, of which a mark with the time
// stays: an event that names it as somebody's former id is refused by that. A user who
// has come back since keeps it. Conflict if somebody else was faster.
func (st *Store) EraseAlias(ctx context.Context, e hub.Erasure, hash string) error {
	const op = "erase alias"
	at := key(aliasPK(e.Team, hash), aliasSK)
	it, err := st.get(ctx, op, st.Tables.Contacts, str(at, pkAttr), aliasSK, true)
	if it == nil || err != nil {
		return err
	}
	threads, err := st.ThreadsOf(ctx, e.Team, e.Users)
	if err != nil {
		return err
	}
	erased := func(u string) bool {
		return slices.Contains(e.Users, hub.UserKey(u)) && threads[hub.UserKey(u)].Account == ""
	}
	names, values := map[string]string{}, item{":at": n(e.At)}
	var take, conds []string
	var stays hub.AccountID // in which somebody else goes by the alias
	for name := range it {
		account, owner := strings.CutPrefix(name, ownerAttr(""))
		switch u := str(it, name); {
		case !owner:
		case !erased(u):
			stays = max(stays, hub.AccountID(account))
		default:
			ref := "o" + account // an account's id is letters and digits
			names["#"+ref], values[":"+ref] = name, s(u)
			take, conds = append(take, "#"+ref), append(conds, "#"+ref+"=:"+ref)
		}
	}
	update := "SET erasedAt=:at"
	if first := str(it, "u"); erased(first) {
		values[":first"] = s(first)
		conds = append(conds, "u=:first")
		if stays == "" {
			take = append(take, "u", "acct", "ra")
		} else {
			update += ", u=:stays, acct=:acct"
			values[":stays"], values[":acct"] = it[ownerAttr(stays)], s(string(stays))
		}
	}
	if len(conds) == 0 {
		return nil
	}
	if holder := str(it, "holder"); holder != "" && (stays == "" || slices.Contains(e.Aliases, holder)) {
		take = append(take, "holder")
	}
	if len(take) > 0 {
		update += " REMOVE " + strings.Join(take, ", ")
	}
	in := &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Contacts, Key: at, UpdateExpression: &update, ConditionExpression: aws.String(strings.Join(conds, " AND ")),
		ExpressionAttributeValues: values,
	}
	if len(names) > 0 {
		in.ExpressionAttributeNames = names
	}
	_, err = st.DB.UpdateItem(ctx, in)
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: "+op, errors.New("it has changed since it was read"))
	}
	return wrap(op, err)
}

// LiftTombstone lets a value of somebody who was erased come back, in one transaction
// with the audit. NotFound if there is no tombstone.
func (st *Store) LiftTombstone(ctx context.Context, team hub.TeamID, field, hash string, a hub.Audit) error {
	failed, err := st.transact(ctx, "lift tombstone", []types.TransactWriteItem{
		{Delete: &types.Delete{
			TableName: &st.Tables.Contacts, Key: key(gonePK(team, field, hash), goneSK), ConditionExpression: aws.String("attribute_exists(SK)"),
		}},
		st.audit(team, a),
	})
	if slices.Contains(failed, 0) {
		return notFound("lift tombstone", "tombstone")
	}
	return err
}
