package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Participation is how an activity of OmniLink stands at the home of who got its card.
type Participation struct {
	Home     hub.HomeID
	Activity hub.ActivityID
	User     hub.UserKey   // the channel user's
	Account  hub.AccountID // the source
	Made     hub.Millis    // when the card was first made for it
	First    hub.Millis    // the first tap; 0 = none yet
	Last     hub.Millis
	Taps     int
	Reason   hub.LinkReason // of the last failure that has one
	Failed   hub.Millis     // when that was
	Links    int            // how many taps came to a link
	Linked   hub.Millis     // when the first one did; 0 = none yet
	Target   hub.HomeID     // with whom; "" also after that one was erased
	New      bool           // one of them brought somebody who was nobody's contact before
}

// Standing of a participation, the last character of its place in the index.
const (
	partNone    = "n" // tapped, and nothing came of it yet
	partFailed  = "f" // with a reason
	partLinked  = "s"
	partNewOnes = "S" // linked, and new at the target
)

func (p Participation) standing() string {
	switch {
	case p.New:
		return partNewOnes
	case p.Linked != 0:
		return partLinked
	case p.Reason != "":
		return partFailed
	}
	return partNone
}

const partMark = "O#"

func partSK(a hub.ActivityID) string { return partMark + string(a) }

func readParticipation(it item) Participation {
	return Participation{
		Home: homeOf(it), Activity: hub.ActivityID(strings.TrimPrefix(str(it, skAttr), partMark)), User: hub.UserKey(str(it, "u")),
		Account: hub.AccountID(str(it, "ac")), Made: millis(it, "ra"), First: millis(it, "first"), Last: millis(it, "last"), Taps: int(num(it, "taps")),
		Reason: hub.LinkReason(str(it, "why")), Failed: millis(it, "failed"), Links: int(num(it, "links")), Linked: millis(it, "linked"),
		Target: hub.HomeID(str(it, "tg")), New: num(it, "nw") != 0,
	}
}

// LinkCard is what a link's token stands for.
type LinkCard struct {
	Activity hub.ActivityID
	Home     hub.HomeID // for whom the card was made
	User     hub.UserKey
	Account  hub.AccountID
}

// LinkCard reads what a token stands for, by the token's hash. NotFound if there is none.
func (st *Store) LinkCard(ctx context.Context, team hub.TeamID, hash string, how Read) (LinkCard, error) {
	it, err := st.get(ctx, "read link", st.Tables.Contacts, tokenPK(team, hash), tokenSK, bool(how))
	if err == nil && it == nil {
		err = notFound("read link", "such link")
	}
	return LinkCard{
		Activity: hub.ActivityID(str(it, "av")), Home: hub.HomeID(str(it, "hm")), User: hub.UserKey(str(it, "u")), Account: hub.AccountID(str(it, "ac")),
	}, err
}

// PutLinkCard begins the participation of a home with the token of its link, once: both
// stand, or neither.
func (st *Store) PutLinkCard(ctx context.Context, team hub.TeamID, hash string, c LinkCard) error {
	token, part := key(tokenPK(team, hash), tokenSK), key(homePK(team, c.Home), partSK(c.Activity))
	token["av"], token["hm"] = s(string(c.Activity)), s(string(c.Home))
	for _, it := range []item{token, part} {
		it["u"], it["ac"], it["ra"] = s(string(c.User)), s(string(c.Account)), n(st.now())
	}
	// What the token is found by stands in the participation, for an erasure to find it.
	part["tok"] = s(hash)
	once, _ := over(0)
	var actions []types.TransactWriteItem
	for _, it := range []item{token, part} {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: it, ConditionExpression: once}})
	}
	failed, err := st.transact(ctx, "put link", actions)
	if len(failed) > 0 {
		return nil // it stands: the two are made together
	}
	return err
}

// Participation reads how an activity stands at a home, consistently. NotFound if the
// home got no card of it, or was erased.
func (st *Store) Participation(ctx context.Context, team hub.TeamID, home hub.HomeID, a hub.ActivityID) (Participation, error) {
	it, err := st.get(ctx, "read participation", st.Tables.Contacts, homePK(team, home), partSK(a), true)
	if err == nil && it == nil {
		err = notFound("read participation", "participation")
	}
	if err != nil {
		return Participation{}, err
	}
	return readParticipation(it), nil
}

// tapped counts a tap.
func (st *Store) tapped(team hub.TeamID, home hub.HomeID, a hub.ActivityID, at hub.Millis) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, home), partSK(a)),
		UpdateExpression:         aws.String("SET #first=if_not_exists(#first,:t), #last=:t, gpk=if_not_exists(gpk,:g), gsk=if_not_exists(gsk,:k) ADD taps :one"),
		ConditionExpression:      aws.String("attribute_exists(SK)"),
		ExpressionAttributeNames: map[string]string{"#first": "first", "#last": "last"},
		ExpressionAttributeValues: item{
			":t": n(at), ":one": n(1), ":g": s(partBucket(team, a, shardOf(string(home)))), ":k": s(partSort(at, home, partNone)),
		},
	}}
}

// FailParticipation notes why a participation failed that was seen so; one that has come
// to a link, or has a later failure, stays as it is. Conflict if it has changed since it
// was read.
func (st *Store) FailParticipation(ctx context.Context, team hub.TeamID, seen Participation, why hub.LinkReason, at hub.Millis) error {
	if seen.Linked != 0 || seen.First == 0 || seen.Failed > at || seen.Failed == at && seen.Reason == why {
		return nil
	}
	next := seen
	next.Reason, next.Failed = why, at
	cond, values := "attribute_exists(SK) AND attribute_not_exists(linked) AND ", item{
		":w": s(string(why)), ":t": n(at), ":k": s(partSort(seen.First, seen.Home, next.standing())),
	}
	if seen.Failed == 0 {
		cond += "attribute_not_exists(failed)"
	} else {
		cond += "failed=:seen"
		values[":seen"] = n(seen.Failed)
	}
	return st.updateIf(ctx, "fail participation", &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, seen.Home), partSK(seen.Activity)), UpdateExpression: aws.String("SET why=:w, failed=:t, gsk=:k"),
		ConditionExpression: &cond, ExpressionAttributeValues: values,
	})
}

// Link is a tap that came to a link.
type Link struct {
	Code          string // the hash of its code
	Part          Participation
	Source        hub.Home
	Target        hub.HomeID
	TargetAccount hub.AccountID
	TargetChannel hub.Channel
	At            hub.Millis // when the two became one contact, or were found to be one
	Tapped        hub.Millis
	New           bool // the target was nobody's contact before the tap
	Journey       string
}

const (
	linkFact   = "omnilink"
	linkedMark = "OT#" // at the target: a link of whom it names
)

// RecordLink writes down a link, once, in one transaction: the fact, which is published,
// at the source; its mirror at the target; the participation, as it was seen; and the
// activity's totals. Conflict if the participation has changed since it was read.
func (st *Store) RecordLink(ctx context.Context, team hub.TeamID, l Link) error {
	fact := key(homePK(team, l.Source.ID), factSK(linkFact, l.Code))
	fact["av"], fact["tg"], fact["tac"], fact["tch"] = s(string(l.Part.Activity)), s(string(l.Target)), s(string(l.TargetAccount)), s(string(l.TargetChannel))
	fact["at"], fact["tap"], fact["ra"], fact["pub"] = n(l.At), n(l.Tapped), n(st.now()), s(hub.OmniLinked)
	first := l.Part.Linked == 0
	for name, is := range map[string]bool{"first": first, "nw": l.New} {
		if is {
			fact[name] = n(1)
		}
	}
	if l.Journey != "" {
		fact["jn"] = s(l.Journey)
	}
	whose(fact, l.Source.Account, l.Source.Channel, l.Source.ID)
	trace(ctx, fact)
	mirror := key(homePK(team, l.Target), linkedMark+l.Code)
	mirror["hm"], mirror["av"], mirror["ra"] = s(string(l.Source.ID)), s(string(l.Part.Activity)), n(st.now())

	next := l.Part
	if first {
		next.Linked = l.At
	}
	next.New = next.New || l.New
	cond, update := "attribute_exists(SK) AND links=:seen", "SET gsk=:k, nw=:nw ADD links :one"
	values := item{":k": s(partSort(l.Part.First, l.Source.ID, next.standing())), ":nw": n(oneIf(next.New)), ":one": n(1)}
	if first {
		cond, update = "attribute_exists(SK) AND attribute_not_exists(linked)", "SET gsk=:k, nw=:nw, linked=:t, tg=:tg ADD links :one"
		values[":t"], values[":tg"] = n(l.At), s(string(l.Target))
	} else {
		values[":seen"] = n(l.Part.Links)
	}
	once, _ := over(0)
	failed, err := st.transact(ctx, "record link", []types.TransactWriteItem{
		{Put: &types.Put{TableName: &st.Tables.Contacts, Item: fact, ConditionExpression: once}},
		{Put: &types.Put{TableName: &st.Tables.Contacts, Item: mirror}},
		{Update: &types.Update{
			TableName: &st.Tables.Contacts, Key: key(homePK(team, l.Source.ID), partSK(l.Part.Activity)), UpdateExpression: &update,
			ConditionExpression: &cond, ExpressionAttributeValues: values,
		}},
		{Update: &types.Update{
			TableName: &st.Tables.Contacts, Key: key(totalsPK(team, l.Part.Activity), totalsSK(shardOf(string(l.Source.ID)))),
			UpdateExpression:          aws.String("ADD taps :one, people :p, fresh :n"),
			ExpressionAttributeValues: item{":one": n(1), ":p": n(oneIf(first)), ":n": n(oneIf(l.New))},
		}},
	})
	if slices.Contains(failed, 0) {
		return nil // it was recorded before
	}
	return err
}

func oneIf(is bool) int {
	if is {
		return 1
	}
	return 0
}

// forgetTarget takes out of a link, at its source, with whom it was: for that one's
// erasure.
func (st *Store) forgetTarget(ctx context.Context, team hub.TeamID, target hub.HomeID, it item) error {
	source, code := hub.HomeID(str(it, "hm")), strings.TrimPrefix(str(it, skAttr), linkedMark)
	for _, at := range []item{
		key(homePK(team, source), factSK(linkFact, code)), key(homePK(team, source), partSK(hub.ActivityID(str(it, "av")))),
	} {
		err := st.updateIf(ctx, "forget target", &types.Update{
			TableName: &st.Tables.Contacts, Key: at, UpdateExpression: aws.String("REMOVE tg"), ConditionExpression: aws.String("tg=:tg"),
			ExpressionAttributeValues: item{":tg": s(string(target))},
		})
		if err != nil && hub.CodeOf(err) != hub.Conflict { // it does not name it, or is gone
			return err
		}
	}
	return nil
}

// linkedEvent adds what is published of a link.
func linkedEvent(e *hub.Published, it item) {
	text(e, it, "av", "activity")
	text(e, it, "tg", "target_home")
	text(e, it, "tac", "target_account")
	text(e, it, "tch", "target_channel")
	text(e, it, "jn", "journey")
	e.Detail["tapped_at"], e.Detail["first"], e.Detail["new"] = num(it, "tap"), num(it, "first") != 0, num(it, "nw") != 0
}

// partBucket and partSort place a participation in the due index, by its first tap.
func partBucket(t hub.TeamID, a hub.ActivityID, shard int) string {
	return fmt.Sprintf("P#%s#%s#%d", t, a, shard)
}

func partSort(first hub.Millis, home hub.HomeID, standing string) string {
	return fmt.Sprintf("%013d#%s#%s", first, home, standing)
}

// totalsPK holds the totals of an activity, spread over shards.
func totalsPK(t hub.TeamID, a hub.ActivityID) string { return "T#" + string(t) + "#ACT#" + string(a) }
func totalsSK(shard int) string                      { return fmt.Sprintf("N#%d", shard) }
