package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

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
	Browser  string        // mark of the browser of the first tap; "" = none yet
	First    hub.Millis    // the first tap; 0 = none yet
	Last     hub.Millis
	Taps     int
	Reason   hub.LinkReason // of the last failure that has one
	Failed   hub.Millis     // when that was
	Links    int            // how many taps came to a link
	Linked   hub.Millis     // when the first one did; 0 = none yet
	Target   hub.HomeID     // with whom; "" also after that one was erased
	New      bool           // one of them brought somebody who was nobody's contact before
	Asked    hub.Millis     // since when questions are counted; 0 = there was none
	Asks     int            // how many there were since then
}

// The customer is asked so many times a day whether it was he who arrived, and no more that
// day after a no: who has his card forwarded could have him asked until he is tired of it.
const (
	mostAsks = 3
	asksDay  = 24 * time.Hour
)

// MayAsk reports whether the customer may be asked at a time.
func (p Participation) MayAsk(at hub.Millis) bool {
	return p.Asks < mostAsks || p.Asked < at.Add(-asksDay)
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
		Account: hub.AccountID(str(it, "ac")), Made: millis(it, "ra"), Browser: str(it, "bw"), First: millis(it, "first"), Last: millis(it, "last"), Taps: int(num(it, "taps")),
		Reason: hub.LinkReason(str(it, "why")), Failed: millis(it, "failed"), Links: int(num(it, "links")), Linked: millis(it, "linked"),
		Target: hub.HomeID(str(it, "tg")), New: num(it, "nw") != 0,
		Asked: millis(it, "askd"), Asks: int(num(it, "asks")),
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

// tapped counts a tap, with the reason why no link could be made of it, if so.
func (st *Store) tapped(team hub.TeamID, c LinkCode, seen Participation) types.TransactWriteItem {
	at, standing := c.Minted, partNone
	set, cond, values := "SET #first=if_not_exists(#first,:t), #last=:t, bw=if_not_exists(bw,:b), gpk=if_not_exists(gpk,:g), ", "attribute_exists(SK) AND (attribute_not_exists(taps) OR taps < :free OR #last < :lately)", item{
		":free": n(freeTaps), ":lately": n(at.Add(-tapPause)),
		":t": n(at), ":one": n(1), ":b": s(c.Device), ":g": s(partBucket(team, c.Activity, shardOf(string(c.Source)))),
	}
	switch {
	case c.State == LinkFailed && seen.Linked == 0 && seen.Failed <= at:
		set, standing = set+"why=:w, failed=:t, gsk=:k", partFailed
		cond += " AND attribute_not_exists(linked) AND " + sameOrNone("#first", ":seen", seen.First, values)
		at = cmp.Or(seen.First, at)
		values[":w"] = s(string(c.Why))
	default:
		set += "gsk=if_not_exists(gsk,:k)"
	}
	values[":k"] = s(partSort(at, c.Source, standing))
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, c.Source), partSK(c.Activity)), UpdateExpression: aws.String(set + " ADD taps :one"),
		ConditionExpression: &cond, ExpressionAttributeNames: map[string]string{"#first": "first", "#last": "last"}, ExpressionAttributeValues: values,
	}}
}

// sameOrNone is the condition that a time stands as it was read; 0 = there was none.
func sameOrNone(name, placeholder string, seen hub.Millis, values item) string {
	if seen == 0 {
		return "attribute_not_exists(" + name + ")"
	}
	values[placeholder] = n(seen)
	return name + "=" + placeholder
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
