package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// LinkTotals are what an activity has come to so far, at any time.
type LinkTotals struct {
	Links  int // taps that came to a link
	People int // homes of the source that came to one
	New    int // of the links, those with somebody who was nobody's contact before
}

// LinkTotals reads the totals of activities, consistently.
func (st *Store) LinkTotals(ctx context.Context, team hub.TeamID, list []hub.ActivityID) (map[hub.ActivityID]LinkTotals, error) {
	var keys []item
	for _, a := range list {
		for shard := range Shards {
			keys = append(keys, key(totalsPK(team, a), totalsSK(shard)))
		}
	}
	items, err := st.getAll(ctx, "read totals", st.Tables.Contacts, keys)
	totals := map[hub.ActivityID]LinkTotals{}
	for _, it := range items {
		_, id, _ := splitPK(str(it, pkAttr), "ACT")
		t := totals[hub.ActivityID(id)]
		t.Links, t.People, t.New = t.Links+int(num(it, "taps")), t.People+int(num(it, "people")), t.New+int(num(it, "fresh"))
		totals[hub.ActivityID(id)] = t
	}
	return totals, err
}

// LinkCounts are the homes that first tapped a card of an activity within a time.
type LinkCounts struct {
	People int // all of them
	Linked int // of whom a tap came to a link, at whatever time
	New    int // of those, with somebody who was nobody's contact before
	Failed int // the others that have a reason
}

// CountParticipations counts by the first tap, from a time until before another one: it
// reads the index of all of them. Those of the last moments may be missing.
func (st *Store) CountParticipations(ctx context.Context, team hub.TeamID, a hub.ActivityID, from, before hub.Millis) (LinkCounts, error) {
	var c LinkCounts
	for shard := range Shards {
		pages := dynamodb.NewQueryPaginator(st.DB, st.partsBetween(team, a, shard, from, sortBefore(before)))
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return c, wrap("count participations", err)
			}
			for _, it := range page.Items {
				c.People++
				switch _, standing := partPlace(it); standing {
				case partNewOnes:
					c.New++
					fallthrough
				case partLinked:
					c.Linked++
				case partFailed:
					c.Failed++
				}
			}
		}
	}
	return c, nil
}

// sortBefore is a place in the index before all of a time.
func sortBefore(t hub.Millis) string { return fmt.Sprintf("%013d", t) }

// partsBetween is the Query of one shard of an activity's participations, the latest first.
func (st *Store) partsBetween(team hub.TeamID, a hub.ActivityID, shard int, from hub.Millis, before string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, IndexName: aws.String(DueIndex), KeyConditionExpression: aws.String("gpk=:g AND gsk BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{":g": s(partBucket(team, a, shard)), ":a": s(sortBefore(from)), ":z": s(before)},
		ScanIndexForward:          aws.Bool(false),
	}
}

// partPlace is the place of an entry of the index without its standing, and that.
func partPlace(it item) (place, standing string) {
	sort := str(it, dueSort)
	at := strings.LastIndex(sort, "#")
	if at < 0 {
		return sort, ""
	}
	return sort[:at], sort[at+1:]
}

// LinkFilter says which participations are listed.
type LinkFilter int

const (
	LinkedOrNot LinkFilter = iota
	LinkedOnly
	NotLinked
)

func (f LinkFilter) lets(standing string) bool {
	linked := standing == partLinked || standing == partNewOnes
	return f == LinkedOrNot || linked == (f == LinkedOnly)
}

// maxLooked is how many entries of the index one page looks at: it may be short, and has a
// next one then.
const maxLooked = 5000

var placeForm = regexp.MustCompile(`^\d{13}#[a-z2-7]{32}$`)

// Participations reads a page of an activity's participations by the first tap, from a
// time until before another one, the latest first, from a position ("" = from the
// latest), at most limit. Next continues; "" = there is no more. BadRequest for a position
// that is none.
func (st *Store) Participations(ctx context.Context, team hub.TeamID, a hub.ActivityID, from, before hub.Millis, f LinkFilter, position string, limit int) (list []Participation, next string, err error) {
	const op = "list participations"
	if position != "" && !placeForm.MatchString(position) {
		return nil, "", hub.E(hub.BadRequest, "store: "+op, errors.New("not a position"))
	}
	start := sortBefore(before)
	if position != "" && position < start {
		start = position
	}
	var shards [Shards]partShard
	for i := range shards {
		shards[i] = partShard{query: st.partsBetween(team, a, i, from, start)}
		shards[i].query.Limit = aws.Int32(int32(min(limit, 200)))
	}
	var found []item
	for looked := 0; ; looked++ {
		var first *partShard
		for i := range shards {
			sh := &shards[i]
			if err := sh.fill(ctx, st, op); err != nil {
				return nil, "", err
			}
			if len(sh.entries) > 0 && (first == nil || str(sh.entries[0], dueSort) > str(first.entries[0], dueSort)) {
				first = sh
			}
		}
		if first == nil {
			next = ""
			break
		}
		if len(found) == limit || looked == maxLooked {
			break
		}
		it := first.entries[0]
		first.entries = first.entries[1:]
		var standing string
		next, standing = partPlace(it)
		if f.lets(standing) {
			found = append(found, it)
		}
	}
	items, err := st.getAll(ctx, op, st.Tables.Contacts, keysOf(found))
	at := map[string]Participation{}
	for _, it := range items {
		at[str(it, pkAttr)] = readParticipation(it)
	}
	for _, it := range found {
		// One that was erased since, or stands otherwise now, is left out.
		if p, ok := at[str(it, pkAttr)]; ok && f.lets(p.standing()) {
			list = append(list, p)
		}
	}
	return list, next, err
}

// partShard is one shard of the list while it is read.
type partShard struct {
	query   *dynamodb.QueryInput
	entries []item
	ended   bool
}

// fill reads on if nothing that was read is left.
func (sh *partShard) fill(ctx context.Context, st *Store, op string) error {
	for len(sh.entries) == 0 && !sh.ended {
		out, err := st.DB.Query(ctx, sh.query)
		if err != nil {
			return wrap(op, err)
		}
		sh.entries, sh.query.ExclusiveStartKey = out.Items, out.LastEvaluatedKey
		sh.ended = out.LastEvaluatedKey == nil
	}
	return nil
}

// Named is a home with the name that its profile has; both empty if it is gone.
type Named struct {
	Home hub.Home
	Name hub.Personal
}

// NamedHomes reads homes with their names, consistently, by their ids.
func (st *Store) NamedHomes(ctx context.Context, team hub.TeamID, ids []hub.HomeID) (map[hub.HomeID]Named, error) {
	var keys []item
	seen := map[hub.HomeID]bool{"": true}
	for _, id := range ids {
		if !seen[id] {
			keys = append(keys, key(homePK(team, id), homeSK), key(homePK(team, id), registerSK("name")))
		}
		seen[id] = true
	}
	items, err := st.getAll(ctx, "read names of homes", st.Tables.Contacts, keys)
	named := map[hub.HomeID]Named{}
	for _, it := range items {
		id := homeOf(it)
		e := named[id]
		if str(it, skAttr) == homeSK {
			e.Home = readHome(it)
		} else {
			e.Name = hub.Personal(readRegister(it).Value)
		}
		named[id] = e
	}
	return named, err
}
