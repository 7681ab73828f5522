package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const (
	tagMark = "TAG#"
	sweepSK = "SWEEP"
)

// Tag reads the definition of a tag. NotFound if there is none.
func (st *Store) Tag(ctx context.Context, team hub.TeamID, id hub.TagID, how Read) (hub.Tag, error) {
	it, err := st.config(ctx, "read tag", teamPK(team), tagDefSK(id), how)
	if err != nil {
		return hub.Tag{}, err
	}
	return readTag(it), nil
}

// TagsOf reads the definitions of tags, consistently, by their ids. Those that do not
// exist are left out.
func (st *Store) TagsOf(ctx context.Context, team hub.TeamID, ids []hub.TagID) (map[hub.TagID]hub.Tag, error) {
	keys := make([]item, len(ids))
	for i, id := range ids {
		keys[i] = key(teamPK(team), tagDefSK(id))
	}
	items, err := st.getAll(ctx, "read tags", st.Tables.Config, keys)
	tags := map[hub.TagID]hub.Tag{}
	for _, it := range items {
		t := readTag(it)
		tags[t.ID] = t
	}
	return tags, err
}

// Tags reads a page of a team's definitions in the order of their ids, consistently,
// after one ("" = from the first), at most limit. The last one's id continues; "" =
// there is no more.
func (st *Store) Tags(ctx context.Context, team hub.TeamID, after hub.TagID, limit int) (list []hub.Tag, next hub.TagID, err error) {
	items, place, err := st.pageOf(ctx, "list tags", st.Tables.Config, teamPK(team), tagMark, string(after), limit)
	list, place, err = readPage(items, place, err, readTag)
	return list, hub.TagID(place), err
}

func tagItem(team hub.TeamID, t hub.Tag) item {
	it := key(teamPK(team), tagDefSK(t.ID))
	it["name"], it["cat"], it["about"] = s(t.Name), s(t.Category), s(t.Description)
	it["days"], it["at"], it["v"] = n(t.Days), n(t.Created), n(t.Version)
	return it
}

func readTag(it item) hub.Tag {
	return hub.Tag{
		ID: hub.TagID(strings.TrimPrefix(str(it, skAttr), tagMark)), Name: str(it, "name"), Category: str(it, "cat"), Description: str(it, "about"),
		Days: int(num(it, "days")), Created: millis(it, "at"), Version: int(num(it, "v")),
	}
}

// over is the condition that an item has the version that was seen; 0 = that there is
// none.
func over(seen int) (cond *string, values item) {
	if seen == 0 {
		return aws.String("attribute_not_exists(SK)"), nil
	}
	return aws.String("v=:seen"), item{":seen": n(seen)}
}

// SaveTag writes a definition over the version that it bears, which it raises, with its
// audit entry. Shortened asks the next daily check to end earlier what is borne longer
// than the definition says now. Conflict if the definition is not as it was seen.
func (st *Store) SaveTag(ctx context.Context, team hub.TeamID, t hub.Tag, shortened bool, a hub.Audit) error {
	var more []types.TransactWriteItem
	if shortened {
		sweep := TagSweep{Team: team, Tag: t.ID, Since: st.now(), Due: hub.TagCheck(st.now())}
		more = append(more, types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: sweepItem(sweep)}})
	}
	seen := t.Version
	t.Version++
	return st.saveSetting(ctx, "save tag", team, tagItem(team, t), seen, a, more...)
}

// DeleteTag deletes a definition of the version that was seen, with its audit entry.
// Conflict if it is not as it was seen.
func (st *Store) DeleteTag(ctx context.Context, team hub.TeamID, seen hub.Tag, a hub.Audit) error {
	return st.deleteSetting(ctx, "delete tag", team, tagDefSK(seen.ID), seen.Version, a)
}

// saveSetting writes a setting over the version that was seen, with its audit entry and
// what belongs to it.
func (st *Store) saveSetting(ctx context.Context, op string, team hub.TeamID, it item, seen int, a hub.Audit, more ...types.TransactWriteItem) error {
	cond, values := over(seen)
	return st.settle(ctx, op, append(more, st.audit(team, a), types.TransactWriteItem{Put: &types.Put{
		TableName: &st.Tables.Config, Item: it, ConditionExpression: cond, ExpressionAttributeValues: values,
	}}))
}

// deleteSetting deletes a setting of the version that was seen, with its audit entry and
// what belongs to it.
func (st *Store) deleteSetting(ctx context.Context, op string, team hub.TeamID, sk string, version int, a hub.Audit, more ...types.TransactWriteItem) error {
	cond, values := over(version)
	return st.settle(ctx, op, append(more, st.audit(team, a), types.TransactWriteItem{Delete: &types.Delete{
		TableName: &st.Tables.Config, Key: key(teamPK(team), sk), ConditionExpression: cond, ExpressionAttributeValues: values,
	}}))
}

// TagSweep asks the daily check to go through all who bear a tag, since its validity was
// shortened.
type TagSweep struct {
	Team     hub.TeamID
	Tag      hub.TagID
	Since    hub.Millis // when it was shortened last
	Due      hub.Millis // from which check on
	Position string     // where the check goes on: of Bearers
}

func sweepItem(w TagSweep) item {
	it := key(sweepPK(w.Team, w.Tag), sweepSK)
	it["since"], it["due"], it["pos"] = n(w.Since), n(w.Due), s(w.Position)
	it[dueBucket] = s(workBucket(w.Due, string(w.Tag)))
	it[dueSort] = s(tagDueSort(w.Due, fmt.Sprintf("%s##%s", w.Team, w.Tag)))
	return it
}

func readSweep(it item) (TagSweep, bool) {
	team, tag, ok := splitPK(str(it, pkAttr), "TAG")
	if !ok || str(it, skAttr) != sweepSK {
		return TagSweep{}, false
	}
	return TagSweep{Team: team, Tag: hub.TagID(tag), Since: millis(it, "since"), Due: millis(it, "due"), Position: str(it, "pos")}, true
}

// MoveSweep notes where a sweep goes on, and at which check. Nothing happens if the tag
// was shortened again since: that sweep begins anew.
func (st *Store) MoveSweep(ctx context.Context, w TagSweep) error {
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &st.Tables.Contacts, Item: sweepItem(w), ConditionExpression: aws.String("since=:since"),
		ExpressionAttributeValues: item{":since": n(w.Since)},
	})
	if _, newer := refused(err); newer {
		return nil
	}
	return wrap("move sweep", err)
}

// EndSweep ends a sweep, unless the tag was shortened again since.
func (st *Store) EndSweep(ctx context.Context, w TagSweep) error {
	_, err := st.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &st.Tables.Contacts, Key: key(sweepPK(w.Team, w.Tag), sweepSK), ConditionExpression: aws.String("since=:since"),
		ExpressionAttributeValues: item{":since": n(w.Since)},
	})
	if _, newer := refused(err); newer {
		return nil
	}
	return wrap("end sweep", err)
}

// errChanged is the cause of a Conflict: somebody else wrote in between.
var errChanged = errors.New("it changed since it was read")
