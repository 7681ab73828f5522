package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const (
	erasureMark = "ERA#"
	claimedMark = "L#"
	erasedMark  = "erasedAt" // at an entry of the quarantine by user: it does not come back
)

func erasureItem(e hub.Erasure) item {
	it := key(erasurePK(e.Team), erasureSK(e.ID))
	it["id"], it["at"], it["by"], it["root"], it["phase"] = s(e.ID), n(e.At), s(e.By), s(string(e.Root)), s(string(e.Phase))
	it["homes"], it["pub"] = homeSet(e.Homes), s(hub.ContactErasing)
	if len(e.Users) > 0 {
		users := make([]string, len(e.Users))
		for i, u := range e.Users {
			users[i] = string(u)
		}
		it["users"] = set(users...)
	}
	if len(e.Aliases) > 0 {
		it["aka"] = set(e.Aliases...)
	}
	it["due"], it[dueBucket], it[dueSort] = n(e.Due), s(erasureBucket(shardOf(e.ID))), s(erasureSort(e.Due, e.Team, e.ID))
	return it
}

func readErasure(it item) hub.Erasure {
	team, _, _ := strings.Cut(strings.TrimPrefix(str(it, pkAttr), "T#"), "#")
	e := hub.Erasure{
		Team: hub.TeamID(team), ID: str(it, "id"), At: millis(it, "at"), By: str(it, "by"), Root: hub.HomeID(str(it, "root")),
		Phase: hub.ErasurePhase(str(it, "phase")), Due: millis(it, "due"), Records: str(it, "rec"), Swept: millis(it, "sweptAt"),
		Erased: millis(it, "certAt"), Aliases: slices.Sorted(slices.Values(strs(it, "aka"))),
		Counts: hub.ErasureCounts{
			Contacts: int(num(it, "n"+string(ofContacts))), Messages: int(num(it, "n"+string(ofMessages))),
			Ledger: int(num(it, "n"+string(ofLedger))), Records: int(num(it, "n"+string(ofRecords))),
		},
	}
	for _, h := range slices.Sorted(slices.Values(strs(it, "homes"))) {
		e.Homes = append(e.Homes, hub.HomeID(h))
	}
	for _, u := range slices.Sorted(slices.Values(strs(it, "users"))) {
		e.Users = append(e.Users, hub.UserKey(u))
	}
	return e
}

// erasedFrom names a store in the counts of an erasure.
type erasedFrom string

const (
	ofContacts erasedFrom = "Contacts"
	ofMessages erasedFrom = "Messages"
	ofLedger   erasedFrom = "Ledger"
	ofRecords  erasedFrom = "Records"
)

// maxActions is how many actions a transaction has at most.
const maxActions = 100

// BeginErasure begins an erasure, in one transaction with the audit: its record, from
// which everything else follows; the roots of the contacts, which nobody joins or parts
// from now on; and the threads, each replaced by what refuses whatever is not after it.
// Threads for which there is no room are replaced when they are erased.
// Roots and threads are as they were read; Conflict if one has changed since.
func (st *Store) BeginErasure(ctx context.Context, e hub.Erasure, roots []hub.Home, threads []hub.Thread, a hub.Audit) error {
	it := erasureItem(e)
	trace(ctx, it)
	actions := []types.TransactWriteItem{st.audit(e.Team, a), {Put: &types.Put{
		TableName: &st.Tables.Contacts, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)"),
	}}}
	for _, r := range roots {
		actions = append(actions, st.moveRoot(e.Team, r, ", era=:era", item{":era": s(e.ID)}))
	}
	for i := range threads[:min(len(threads), maxActions-len(actions))] {
		p := st.remains(e, &threads[i])
		// What has come since, by a clock that is ahead, would not be of before.
		*p.ConditionExpression += " AND (attribute_not_exists(lastKey) OR lastKey <= :last)"
		if p.ExpressionAttributeValues == nil {
			p.ExpressionAttributeValues = item{}
		}
		p.ExpressionAttributeValues[":last"] = p.Item["lastKey"]
		actions = append(actions, types.TransactWriteItem{Put: p})
	}
	_, err := st.transact(ctx, "begin erasure", actions)
	return err
}

// remains replaces a thread, as it was seen, by what is left of it: revisions and the
// fence go on, so that no event of the bus has the id of an older one.
func (st *Store) remains(e hub.Erasure, t *hub.Thread) *types.Put {
	it := key(userPK(e.Team, t.User), threadSK)
	it["erasedAt"], it["epoch"] = n(e.At), n(t.Epoch+1)
	last := s(fmt.Sprintf("%013d#~", e.At))
	it["lastKey"], it["readKey"] = last, last
	values := item{}
	conds := []string{}
	same := func(name string, v types.AttributeValue, there bool) {
		if !there {
			conds = append(conds, "attribute_not_exists("+name+")")
			return
		}
		conds, values[":"+name] = append(conds, name+"=:"+name), v
	}
	same("epoch", n(t.Epoch), t.Epoch != 0)
	same("rev", n(t.Rev), t.Rev != 0)
	same("fence", n(t.Fence), t.Fence != 0)
	same("see", s(string(t.See)), t.See != "")
	same("aka", set(t.Aliases...), len(t.Aliases) > 0)
	also := make([]string, len(t.Also))
	for i, u := range t.Also {
		also[i] = string(u)
	}
	same("also", set(also...), len(also) > 0)
	if t.Rev != 0 {
		it["rev"] = n(t.Rev)
	}
	if t.Fence != 0 {
		it["fence"] = n(t.Fence)
	}
	p := &types.Put{TableName: &st.Tables.Messages, Item: it, ConditionExpression: aws.String(strings.Join(conds, " AND "))}
	if len(values) > 0 {
		p.ExpressionAttributeValues = values
	}
	return p
}

// Erasure reads an erasure, consistently. NotFound if there is none.
func (st *Store) Erasure(ctx context.Context, team hub.TeamID, id string) (hub.Erasure, error) {
	it, err := st.get(ctx, "read erasure", st.Tables.Contacts, erasurePK(team), erasureSK(id), true)
	if err == nil && it == nil {
		err = notFound("read erasure", "erasure")
	}
	return readErasure(it), err
}

// Erasures reads all erasures of a team, consistently, the oldest first.
func (st *Store) Erasures(ctx context.Context, team hub.TeamID) ([]hub.Erasure, error) {
	items, err := st.queryAll(ctx, "list erasures", st.Tables.Contacts, erasurePK(team), erasureMark)
	list := make([]hub.Erasure, len(items))
	for i, it := range items {
		list[i] = readErasure(it)
	}
	slices.SortFunc(list, func(a, b hub.Erasure) int { return int(a.At - b.At) })
	return list, err
}

// ErasuresDue reads erasures of one shard that are due at now, the longest due first, at
// most limit. However long ago one was due, it is among them.
func (st *Store) ErasuresDue(ctx context.Context, shard int, now hub.Millis, limit int) ([]hub.Erasure, error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, IndexName: aws.String(DueIndex), KeyConditionExpression: aws.String("gpk=:g AND gsk < :now"),
		ExpressionAttributeValues: item{":g": s(erasureBucket(shard)), ":now": s(fmt.Sprintf("%013d", now+1))}, Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, wrap("list erasures that are due", err)
	}
	items, err := st.getAll(ctx, "read erasures that are due", st.Tables.Contacts, keysOf(out.Items))
	var due []hub.Erasure
	for _, it := range items {
		if e := readErasure(it); e.Due != 0 && e.Due <= now { // else it was moved since the index was read
			due = append(due, e)
		}
	}
	return due, err
}

// MoveErasure writes how far an erasure has come, and when it is due next, if it is due
// as it was seen: else somebody else works on it, and the answer is Conflict. That its
// certificate is issued is a revision.
func (st *Store) MoveErasure(ctx context.Context, seen, next hub.Erasure) error {
	update := "SET phase=:p, due=:d, rec=:r"
	values := item{":p": s(string(next.Phase)), ":d": n(next.Due), ":r": s(next.Records), ":seen": n(seen.Due), ":was": s(string(seen.Phase))}
	if next.Swept != 0 {
		update, values[":s"] = update+", sweptAt=:s", n(next.Swept)
	}
	if next.Due != 0 {
		update += ", gpk=:g, gsk=:k"
		values[":g"], values[":k"] = s(erasureBucket(shardOf(next.ID))), s(erasureSort(next.Due, next.Team, next.ID))
	}
	tell := next.Erased != 0 && seen.Erased == 0
	if tell {
		update += ", certAt=:e, chg=:c"
		values[":e"], values[":one"] = n(next.Erased), n(1)
		values[":c"] = Revision{By: "hub", Fields: []string{"phase"}}.value(ctx, next.Erased)
	}
	if next.Due == 0 {
		update += " REMOVE gpk, gsk"
	}
	if tell {
		update += " ADD rev :one"
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Contacts, Key: key(erasurePK(next.Team), erasureSK(next.ID)), UpdateExpression: &update,
		ConditionExpression: aws.String("due=:seen AND phase=:was"), ExpressionAttributeValues: values,
	})
	if _, other := refused(err); other {
		return hub.E(hub.Conflict, "store: move erasure", errors.New("somebody else works on it"))
	}
	return wrap("move erasure", err)
}

// RestoreErasure has an erasure done again, for tables that were restored to a time at
// which the person was known: its record is written as that of a new one of the same id.
func (st *Store) RestoreErasure(ctx context.Context, e hub.Erasure) error {
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &st.Tables.Contacts, Item: erasureItem(e)})
	return wrap("restore erasure", err)
}

// CountErased counts records that were taken out of the bucket of failed records.
func (st *Store) CountErased(ctx context.Context, e hub.Erasure, records int) error {
	u := st.counted(e, ofRecords, records).Update
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
		ExpressionAttributeValues: u.ExpressionAttributeValues,
	})
	return wrap("count what was erased", err)
}

func (st *Store) counted(e hub.Erasure, from erasedFrom, count int) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(erasurePK(e.Team), erasureSK(e.ID)), UpdateExpression: aws.String("ADD n" + string(from) + " :n"),
		ConditionExpression: aws.String("attribute_exists(SK)"), ExpressionAttributeValues: item{":n": n(count)},
	}}
}

// maxRemoved is how many items one transaction of an erasure removes, beside its count.
const maxRemoved = 90

// remove deletes items that are there, in transactions with their count, so that it is
// right however often an erasure is cut off or worked on by two: Conflict if somebody
// else was faster. The items are of one page, so that they fit.
func (st *Store) remove(ctx context.Context, e hub.Erasure, from erasedFrom, table string, keys []item) error {
	for part := range slices.Chunk(keys, maxRemoved) {
		actions := []types.TransactWriteItem{st.counted(e, from, len(part))}
		for _, k := range part {
			actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{
				TableName: &table, Key: item{pkAttr: k[pkAttr], skAttr: k[skAttr]}, ConditionExpression: aws.String("attribute_exists(SK)"),
			}})
		}
		if _, err := st.transact(ctx, "erase items", actions); err != nil {
			return err
		}
	}
	return nil
}

// Erased are the partitions of Contacts and Messages whose items an erasure takes away.
func Erased(e hub.Erasure) []string {
	var keys []string
	for _, h := range e.Homes {
		keys = append(keys, homePK(e.Team, h))
	}
	for _, u := range e.Users {
		keys = append(keys, userPK(e.Team, u))
	}
	return keys
}
