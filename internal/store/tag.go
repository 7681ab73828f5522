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
	stateMark    = "G#"
	taggedFact   = "tag"
	untaggedFact = "untag"
)

// taggingID is the id of a tagging's or a removal's fact.
func taggingID(tag hub.TagID, at hub.Millis, id string) string {
	return fmt.Sprintf("%s#%013d#%s", tag, at, hub.ShortID(id))
}

// TagChange is what changes of one tag at a home.
type TagChange struct {
	Seen   hub.TagState  // as it was read
	To     *hub.TagState // as it is to stand; nil = as it does
	Due    hub.Millis    // when To is to be looked at by a daily check; 0 = never
	Define *hub.Tag      // the definition, if there is none yet

	Tagged  *hub.Tagging // the record of a tagging, stored once
	Removed *hub.Tagging // that of a removal, stored once
	Tell    bool         // the record is published
	Forget  []string     // records of taggings to be deleted, as TaggingKeys gives them
}

// ChangeTags writes what changes of the tags of a home, at most 24 of them, with the
// audit entry (nil = none): all of it, or nothing. Conflict if something is not as it was
// seen; recorded are then the tags whose record was stored before, for which nothing is
// left to be done.
func (st *Store) ChangeTags(ctx context.Context, team hub.TeamID, home hub.HomeID, changes []TagChange, a *hub.Audit) (recorded []hub.TagID, err error) {
	const op = "change tags"
	var actions []types.TransactWriteItem
	records := map[int]hub.TagID{} // by the places of their actions
	put := func(table *string, it item, cond *string, values item) {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: table, Item: it, ConditionExpression: cond, ExpressionAttributeValues: values,
		}})
	}
	once, _ := over(0)
	for _, c := range changes {
		if r := c.record(ctx, team); r != nil {
			records[len(actions)] = c.Seen.Tag
			put(&st.Tables.Contacts, r, once, nil)
		}
		if c.Define != nil {
			put(&st.Tables.Config, tagItem(team, *c.Define), once, nil)
		}
		if c.To != nil {
			cond, values := over(c.Seen.Version)
			put(&st.Tables.Contacts, stateItem(team, home, c), cond, values)
			actions = append(actions, st.listed(team, home, *c.To))
		}
		for _, sk := range c.Forget {
			actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &st.Tables.Contacts, Key: key(homePK(team, home), sk)}})
		}
	}
	if a != nil {
		actions = append(actions, st.audit(team, *a))
	}
	_, err = st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return nil, wrap(op, err)
	}
	for i, r := range cancelled.CancellationReasons {
		if tag, ok := records[i]; ok && aws.ToString(r.Code) == "ConditionalCheckFailed" {
			recorded = append(recorded, tag)
		}
	}
	return recorded, hub.E(hub.Conflict, "store: "+op, errChanged)
}

// record is the item of a change's record; nil if it has none.
func (c TagChange) record(ctx context.Context, team hub.TeamID) item {
	r, kind, name := c.Tagged, hub.TagApplied, taggedFact
	if r == nil {
		r, kind, name = c.Removed, hub.TagRemoved, untaggedFact
	}
	if r == nil {
		return nil
	}
	it := key(homePK(team, r.Home), factSK(name, taggingID(r.Tag, r.At, r.ID)))
	it["tag"], it["name"], it["id"], it["src"], it["by"], it["at"] = s(string(r.Tag)), s(r.Name), s(r.ID), s(r.Source), s(r.By), n(r.At)
	if r.Until != 0 {
		it["until"] = n(r.Until)
	}
	whose(it, r.Account, r.Channel, r.Home)
	trace(ctx, it)
	if c.Tell {
		it["pub"] = s(kind)
	}
	if c.Tagged != nil {
		it[dueBucket] = s(recordBucket(team, r.Tag, shardOf(string(r.Home))))
		it[dueSort] = s(recordSort(r.At, r.Home, r.ID))
	}
	return it
}

func readTagging(it item) hub.Tagging {
	return hub.Tagging{
		Tag: hub.TagID(str(it, "tag")), Name: str(it, "name"), Home: homeOf(it), Account: hub.AccountID(str(it, "ac")),
		Channel: hub.Channel(str(it, "ch")), At: millis(it, "at"), ID: str(it, "id"), Source: str(it, "src"), By: str(it, "by"),
		Until: millis(it, "until"),
	}
}

// tagEvent adds what is published of a tagging, or of a removal.
func tagEvent(e *hub.Published, it item) {
	text(e, it, "tag", "tag")
	text(e, it, "name", "name")
	text(e, it, "src", "source")
	text(e, it, "by", "by")
	if until := num(it, "until"); until != 0 {
		e.Detail["until"] = until
	}
}

func stateItem(team hub.TeamID, home hub.HomeID, c TagChange) item {
	t := *c.To
	it := key(homePK(team, home), tagStateSK(t.Tag))
	it["name"], it["st"], it["at"], it["id"] = s(t.Name), s(string(t.Standing)), n(t.At), s(t.ID)
	it["src"], it["by"], it["v"] = s(t.Source), s(t.By), n(c.Seen.Version+1)
	whose(it, t.Account, t.Channel, "")
	for name, at := range map[string]hub.Millis{"until": t.Until, "forgot": t.Forgot} {
		if at != 0 {
			it[name] = n(at)
		}
	}
	if c.Due != 0 {
		it[dueBucket] = s(workBucket(c.Due, string(home)))
		it[dueSort] = s(tagDueSort(c.Due, fmt.Sprintf("%s#%s#%s", team, home, t.Tag)))
	}
	return it
}

func readTagState(it item) hub.TagState {
	return hub.TagState{
		Tag: hub.TagID(strings.TrimPrefix(str(it, skAttr), stateMark)), Name: str(it, "name"), Standing: hub.TagStanding(str(it, "st")),
		At: millis(it, "at"), ID: str(it, "id"), Source: str(it, "src"), By: str(it, "by"), Until: millis(it, "until"),
		Account: hub.AccountID(str(it, "ac")), Channel: hub.Channel(str(it, "ch")), Forgot: millis(it, "forgot"), Version: int(num(it, "v")),
	}
}

// listed puts a home into the list of those who bear a tag, or takes it out.
func (st *Store) listed(team hub.TeamID, home hub.HomeID, t hub.TagState) types.TransactWriteItem {
	at := key(tagPK(team, string(t.Tag), shardOf(string(home))), string(home))
	if t.Standing != hub.TagOn {
		return types.TransactWriteItem{Delete: &types.Delete{TableName: &st.Tables.Contacts, Key: at}}
	}
	at["at"] = n(t.At)
	if t.Until != 0 {
		at["until"] = n(t.Until)
	}
	return types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: at}}
}

// TagStates reads, consistently, a home and how some tags stand at it; of a tag that never
// was at it there is a state of version 0. NotFound if the home does not exist.
func (st *Store) TagStates(ctx context.Context, team hub.TeamID, home hub.HomeID, tags []hub.TagID) (hub.Home, map[hub.TagID]hub.TagState, error) {
	keys := []item{key(homePK(team, home), homeSK)}
	states := map[hub.TagID]hub.TagState{}
	for _, id := range tags {
		states[id] = hub.TagState{Tag: id}
		keys = append(keys, key(homePK(team, home), tagStateSK(id)))
	}
	items, err := st.getAll(ctx, "read tags of a home", st.Tables.Contacts, keys)
	if err != nil {
		return hub.Home{}, nil, err
	}
	var h hub.Home
	for _, it := range items {
		switch {
		case str(it, skAttr) != homeSK:
			t := readTagState(it)
			states[t.Tag] = t
		case livingHome(it):
			h = readHome(it)
		}
	}
	if h.ID == "" {
		return h, nil, notFound("read tags of a home", "home")
	}
	return h, states, nil
}

// TagsAt reads, consistently, how all tags stand that ever were at a home, by their ids.
func (st *Store) TagsAt(ctx context.Context, team hub.TeamID, home hub.HomeID) ([]hub.TagState, error) {
	items, err := st.queryAll(ctx, "read tags of a home", st.Tables.Contacts, homePK(team, home), stateMark)
	if err != nil {
		return nil, err
	}
	states := make([]hub.TagState, len(items))
	for i, it := range items {
		states[i] = readTagState(it)
	}
	slices.SortFunc(states, func(a, b hub.TagState) int { return strings.Compare(string(a.Tag), string(b.Tag)) })
	return states, nil
}

// TaggingKeys finds the records of a tag's taggings of a home up to a time, the oldest
// first, at most limit.
func (st *Store) TaggingKeys(ctx context.Context, team hub.TeamID, home hub.HomeID, tag hub.TagID, upTo hub.Millis, limit int) ([]string, error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"), ProjectionExpression: aws.String("SK"),
		ExpressionAttributeValues: item{
			":p": s(homePK(team, home)), ":a": s(factSK(taggedFact, taggingID(tag, 0, ""))), ":z": s(factSK(taggedFact, taggingID(tag, upTo+1, ""))),
		},
		ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, wrap("find records of a tag", err)
	}
	keys := make([]string, len(out.Items))
	for i, it := range out.Items {
		keys[i] = str(it, skAttr)
	}
	return keys, nil
}
