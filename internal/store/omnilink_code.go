package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// LinkCode is a one-time code of OmniLink. It stands under its hash: what the customer
// bears is nowhere in the tables.
type LinkCode struct {
	Hash     string
	Activity hub.ActivityID
	Source   hub.HomeID // whose tap minted it
	User     hub.UserKey
	Account  hub.AccountID // the target, at which it is good
	Tap      string        // hash of the page's id of the tap
	Browser  string        // hash of what ties the tap to a browser; "" = nothing does
	Device   string        // mark of the browser among all that tap the card; kept with the participation, of the first tap
	Minted   hub.Millis
	Expires  hub.Millis // it is good until before then

	State LinkState
	By    string     // mark of who has used it up
	Home  hub.HomeID // the target's, of a code that is or was pending
	Done  hub.Millis // when it was used up, or the question was asked
	Until hub.Millis // of a pending one: until before when it may be confirmed
	New   bool       // of a pending or used one: the target was nobody's contact before the tap
	Why   hub.LinkReason
}

// LinkState is how far a code has come.
type LinkState string

const (
	LinkIssued   LinkState = "issued"
	LinkPending  LinkState = "pending"  // the source was asked whether it was the customer
	LinkUsed     LinkState = "used"     // the two are one contact
	LinkFailed   LinkState = "failed"   // for the reason in Why
	LinkDeclined LinkState = "declined" // the source has said no
	LinkNoFriend LinkState = "stranger" // the platform lets nobody write to the target
)

// codeKept is how long a code is remembered after it ended: longer than anything that
// names it is sent again.
const codeKept = 30 * 24 * time.Hour

// freeTaps are the taps of one card that need not keep a pause, and tapPause is the pause of
// further ones: a tap is three writes at one customer's home, and anybody can make one who
// has the link.
const (
	freeTaps = 50
	tapPause = 10 * time.Second
)

func codeItem(team hub.TeamID, c LinkCode) item {
	it := key(tokenPK(team, c.Hash), tokenSK)
	it["av"], it["hm"], it["u"], it["ac"] = s(string(c.Activity)), s(string(c.Source)), s(string(c.User)), s(string(c.Account))
	it["tap"], it["ra"], it["exp"], it["st"] = s(c.Tap), n(c.Minted), n(c.Expires), s(string(c.State))
	it[ttlAttr] = n(c.ttl())
	for name, v := range map[string]string{"bw": c.Browser, "why": string(c.Why), "by": c.By} {
		if v != "" {
			it[name] = s(v)
		}
	}
	if c.Done != 0 {
		it["done"] = n(c.Done)
	}
	return it
}

func readCode(it item) LinkCode {
	_, hash, _ := splitPK(str(it, pkAttr), "TOK")
	return LinkCode{
		Hash:     hash,
		Activity: hub.ActivityID(str(it, "av")), Source: hub.HomeID(str(it, "hm")), User: hub.UserKey(str(it, "u")), Account: hub.AccountID(str(it, "ac")),
		Tap: str(it, "tap"), Browser: str(it, "bw"), Minted: millis(it, "ra"), Expires: millis(it, "exp"), State: LinkState(str(it, "st")),
		By: str(it, "by"), Home: hub.HomeID(str(it, "tg")), Done: millis(it, "done"), Until: millis(it, "till"), New: num(it, "nw") != 0,
		Why: hub.LinkReason(str(it, "why")),
	}
}

// codeIndex notes at a home which codes name it, as long as they are kept: by this an
// erasure finds them.
func codeIndex(team hub.TeamID, home hub.HomeID, hash string, ttl int64) item {
	it := key(codesPK(team, home), hash)
	it[ttlAttr] = n(ttl)
	return it
}

func codesPK(t hub.TeamID, h hub.HomeID) string { return "T#" + string(t) + "#OLH#" + string(h) }

// MintCode counts a tap and stores its code, in one transaction. A tap that was counted
// before changes nothing: its code is answered as it stands, with false. The reason of a
// code that is failed from the beginning is noted with the participation, as it was read.
//
// Errors: NotFound if the home got no card of the activity, or was erased; RateLimited for
// one card's taps beyond what people do; of a failed code Conflict if the participation is
// not as it was read.
func (st *Store) MintCode(ctx context.Context, team hub.TeamID, c LinkCode, seen Participation) (LinkCode, bool, error) {
	const op = "mint code"
	const minted, tapped = 0, 1
	once, _ := over(0)
	put := func(it item, cond *string) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Ledger, Item: it, ConditionExpression: cond}}
	}
	failed, err := st.transact(ctx, op, []types.TransactWriteItem{
		minted: put(codeItem(team, c), once),
		tapped: st.tapped(team, c, seen),
		2:      put(codeIndex(team, c.Source, c.Hash, c.ttl()), nil),
	})
	switch {
	case slices.Contains(failed, minted):
		old, err := st.LinkCode(ctx, team, c.Hash)
		return old, false, err
	case slices.Contains(failed, tapped):
		p, readErr := st.Participation(ctx, team, c.Source, c.Activity)
		switch {
		case readErr != nil:
			return c, false, readErr
		case p.Taps >= freeTaps && p.Last >= c.Minted.Add(-tapPause):
			return c, false, hub.E(hub.RateLimited, "store: "+op, errors.New("the card is tapped too often"))
		}
	}
	return c, err == nil, err
}

// LinkCode reads a code by its hash, consistently. NotFound if there is none. One whose
// time has passed may be there still.
func (st *Store) LinkCode(ctx context.Context, team hub.TeamID, hash string) (LinkCode, error) {
	it, err := st.get(ctx, "read code", st.Tables.Ledger, tokenPK(team, hash), tokenSK, true)
	if err == nil && it == nil {
		err = notFound("read code", "such code")
	}
	if err != nil {
		return LinkCode{}, err
	}
	return readCode(it), nil
}

// LinkTries are the attempts of a channel user that failed, each "<13-digit ms>#<id>".
type LinkTries []string

// LinkTriesWithin is the time in which failed attempts count, and MaxLinkTries how many
// of them there may be.
const (
	LinkTriesWithin = time.Hour
	MaxLinkTries    = 5
)

// Full reports whether an attempt is not looked at any more, by its time and its id: after
// too many others before it. One that comes again after later ones is judged as it was.
func (t LinkTries) Full(at hub.Millis, id string) bool {
	until := fmt.Sprintf("%013d", at+1)
	before := slices.DeleteFunc(t.since(at), func(try string) bool { return try >= until })
	return len(before) >= MaxLinkTries && !slices.Contains(t, linkTry(at, id))
}

func linkTry(at hub.Millis, id string) string { return fmt.Sprintf("%013d#%s", at, hub.ShortID(id)) }

func (t LinkTries) since(at hub.Millis) LinkTries {
	from := fmt.Sprintf("%013d", at.Add(-LinkTriesWithin)+1)
	return slices.DeleteFunc(slices.Clone(t), func(try string) bool { return try < from })
}

func triesPK(t hub.TeamID, u hub.UserKey) string { return "T#" + string(t) + "#OLT#" + string(u) }

const triesSK = "TRIES"

// CodeFor reads a code and the failed attempts of who comes with it, consistently and in
// one call. The code is the zero value if there is none.
func (st *Store) CodeFor(ctx context.Context, team hub.TeamID, hash string, user hub.UserKey) (c LinkCode, tries LinkTries, err error) {
	items, err := st.getAll(ctx, "read code", st.Tables.Ledger, []item{key(tokenPK(team, hash), tokenSK), key(triesPK(team, user), triesSK)})
	for _, it := range items {
		if str(it, skAttr) == tokenSK {
			c = readCode(it)
		} else {
			tries = slices.Sorted(slices.Values(strs(it, "tries")))
		}
	}
	return c, tries, err
}

// CountTry counts a failed attempt, as the attempts were seen; the same one counts once.
// Conflict if another was counted since.
func (st *Store) CountTry(ctx context.Context, team hub.TeamID, user hub.UserKey, seen LinkTries, at hub.Millis, id string) error {
	try := linkTry(at, id)
	if slices.Contains(seen, try) {
		return nil
	}
	u := &types.Update{
		TableName: &st.Tables.Ledger, Key: key(triesPK(team, user), triesSK), UpdateExpression: aws.String("SET tries=:next, #ttl=:ttl"),
		ConditionExpression: aws.String("attribute_not_exists(tries)"), ExpressionAttributeNames: map[string]string{"#ttl": ttlAttr},
		ExpressionAttributeValues: item{":next": set(append(seen.since(at), try)...), ":ttl": n(ttlAfter(at, LinkTriesWithin+time.Minute))},
	}
	if len(seen) > 0 {
		u.ConditionExpression = aws.String("tries=:seen")
		u.ExpressionAttributeValues[":seen"] = set(seen...)
	}
	return st.updateIf(ctx, "count attempt", u)
}

// ttl is when the table may remove a code.
func (c LinkCode) ttl() int64 { return ttlAfter(max(c.Expires, c.Until), codeKept) }

// updateIf carries out a conditional update by itself. Conflict if its condition does not
// hold.
func (st *Store) updateIf(ctx context.Context, op string, u *types.Update) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
		ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
	})
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: "+op, errChanged)
	}
	return wrap(op, err)
}

// eraseCodes erases what the Ledger holds of OmniLink that names a home: codes, and where
// they are noted.
func (st *Store) eraseCodes(ctx context.Context, e hub.Erasure, home hub.HomeID) error {
	notes, err := st.queryAll(ctx, "find codes", st.Tables.Ledger, codesPK(e.Team, home), "")
	if err != nil || len(notes) == 0 {
		return err
	}
	var keys []item
	for _, it := range notes {
		keys = append(keys, key(tokenPK(e.Team, str(it, skAttr)), tokenSK))
	}
	codes, err := st.getAll(ctx, "find codes", st.Tables.Ledger, keys)
	if err != nil {
		return err
	}
	return st.remove(ctx, e, ofLedger, st.Tables.Ledger, append(codes, notes...))
}
