package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Spend moves a code from how it was seen to how it is to stand, with what is told of
// that and what it counts for, in one transaction.
type Spend struct {
	Seen, Next LinkCode
	// Part is the participation of the source in the activity, as it was read. Without one
	// nothing is told and nothing counts: it was erased, or the code comes to nothing of
	// which anybody is told.
	Part    Participation
	Source  hub.Home // whose Part it is; without an ID it is gone
	Target  hub.Home // of a code that is used
	Journey string   // of its activity
}

const (
	linkFact   = "omnilink"
	linkedMark = "OT#" // at the target: a link of whom it names
)

// spend is the transaction that moves a code; its first action is the code's own.
//
// A participation that is gone ends it: nothing is written into a partition that an erasure
// has swept.
func (st *Store) spend(ctx context.Context, team hub.TeamID, sp Spend) []types.TransactWriteItem {
	c := sp.Next
	actions := []types.TransactWriteItem{{Update: &types.Update{
		TableName: &st.Tables.Ledger, Key: key(tokenPK(team, c.Hash), tokenSK), ConditionExpression: aws.String("st=:seen"),
		UpdateExpression:         aws.String("SET st=:st, #by=:by, tg=:tg, why=:why, done=:done, till=:till, nw=:nw, #ttl=:ttl"),
		ExpressionAttributeNames: map[string]string{"#by": "by", "#ttl": ttlAttr},
		ExpressionAttributeValues: item{
			":seen": s(string(sp.Seen.State)), ":st": s(string(c.State)), ":by": s(c.By), ":tg": s(string(c.Home)), ":why": s(string(c.Why)),
			":done": n(c.Done), ":till": n(c.Until), ":nw": n(oneIf(c.New)), ":ttl": n(c.ttl()),
		},
	}}}
	if c.Home != "" && sp.Seen.Home == "" { // it names the target's home from now on, for an erasure to find
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Ledger, Item: codeIndex(team, c.Home, c.Hash, c.ttl())}})
	}
	if sp.Part.Home == "" {
		return actions
	}
	switch c.State {
	case LinkUsed:
		return append(actions, st.linked(ctx, team, sp)...)
	case LinkPending:
		return append(actions, st.partAsked(ctx, team, sp))
	case LinkDeclined:
		return append(actions, st.partUpdate(team, sp.Part, "SET askd=:t, asks=:most", "", item{":t": n(c.Done), ":most": n(mostAsks)}))
	case LinkFailed:
		return append(actions, st.partFailed(ctx, team, sp)...)
	}
	return actions
}

// SpendCode moves a code by itself: of one that comes to no join. Conflict if it, or the
// participation, is not as it was seen.
func (st *Store) SpendCode(ctx context.Context, team hub.TeamID, sp Spend) error {
	actions := st.spend(ctx, team, sp)
	if len(actions) == 1 {
		return st.updateIf(ctx, "spend code", actions[0].Update)
	}
	_, err := st.transact(ctx, "spend code", actions)
	return err
}

// linked writes down a link: the fact at the source; its mirror at the target; the
// participation; and the activity's totals.
func (st *Store) linked(ctx context.Context, team hub.TeamID, sp Spend) []types.TransactWriteItem {
	p, isNew := sp.Part, sp.Next.New
	first := p.Linked == 0
	fact := key(homePK(team, p.Home), factSK(linkFact, sp.Next.Hash))
	fact["av"], fact["at"], fact["tap"] = s(string(p.Activity)), n(sp.Next.Done), n(sp.Next.Minted)
	fact["tg"], fact["tac"], fact["tch"] = s(string(sp.Target.ID)), s(string(sp.Target.Account)), s(string(sp.Target.Channel))
	fact["ra"], fact["pub"] = n(st.now()), s(hub.OmniLinked)
	for name, is := range map[string]bool{"first": first, "nw": isNew} {
		if is {
			fact[name] = n(1)
		}
	}
	if sp.Journey != "" {
		fact["jn"] = s(sp.Journey)
	}
	whose(fact, sp.Source.Account, sp.Source.Channel, sp.Source.ID)
	trace(ctx, fact)
	mirror := key(homePK(team, sp.Target.ID), linkedMark+sp.Next.Hash)
	mirror["hm"], mirror["av"], mirror["ra"] = s(string(sp.Source.ID)), s(string(p.Activity)), n(st.now())

	next := p
	next.New = p.New || isNew
	if first {
		next.Linked = sp.Next.Done
	}
	update, cond := ", gsk=:k, nw=:nw", "links=:seen"
	values := item{":k": s(partSort(p.First, p.Home, next.standing())), ":nw": n(oneIf(next.New)), ":one": n(1)}
	if first {
		update, cond = update+", linked=:t, tg=:tg", "attribute_not_exists(linked)"
		values[":t"], values[":tg"] = n(sp.Next.Done), s(string(sp.Target.ID))
	} else {
		values[":seen"] = n(p.Links)
	}
	once, _ := over(0)
	return []types.TransactWriteItem{
		{Put: &types.Put{TableName: &st.Tables.Contacts, Item: fact, ConditionExpression: once}},
		{Put: &types.Put{TableName: &st.Tables.Contacts, Item: mirror}},
		st.partUpdate(team, p, "SET "+update[2:]+" ADD links :one", cond, values),
		{Update: &types.Update{
			TableName: &st.Tables.Contacts, Key: key(totalsPK(team, p.Activity), totalsSK(shardOf(string(p.Home)))),
			UpdateExpression:          aws.String("ADD taps :one, people :p, fresh :n"),
			ExpressionAttributeValues: item{":one": n(1), ":p": n(oneIf(first)), ":n": n(oneIf(isNew))},
		}},
	}
}

// partAsked counts a question, and tells it.
func (st *Store) partAsked(ctx context.Context, team hub.TeamID, sp Spend) types.TransactWriteItem {
	p, at := sp.Part, sp.Next.Done
	since, asks := p.Asked, p.Asks+1
	if since < at.Add(-asksDay) {
		since, asks = at, 1
	}
	values := item{":since": n(since), ":asks": n(asks)}
	cond := sameOrNone("askd", ":askd", p.Asked, values)
	if p.Asked != 0 {
		cond += " AND asks=:seen"
		values[":seen"] = n(p.Asks)
	}
	return st.tellPart(ctx, team, sp, hub.OmniAsked, ", askd=:since, asks=:asks", cond, values)
}

// partFailed notes why a participation failed, and tells it if the source is there to be
// told of; one that has come to a link, or has a later failure, stays as it is.
func (st *Store) partFailed(ctx context.Context, team hub.TeamID, sp Spend) []types.TransactWriteItem {
	p, why, at := sp.Part, sp.Next.Why, sp.Next.Done
	update, cond, values := "", "", item{}
	if p.Linked == 0 && p.Failed <= at {
		next := p
		next.Reason, next.Failed = why, at
		update, values = ", why=:w, failed=:t, gsk=:k", item{":w": s(string(why)), ":t": n(at), ":k": s(partSort(p.First, p.Home, next.standing()))}
		cond = "attribute_not_exists(linked) AND " + sameOrNone("failed", ":seen", p.Failed, values)
	}
	switch {
	case sp.Source.ID != "":
		return []types.TransactWriteItem{st.tellPart(ctx, team, sp, hub.OmniFailed, update, cond, values)}
	case update != "":
		return []types.TransactWriteItem{st.partUpdate(team, p, "SET "+update[2:], cond, values)}
	}
	return nil
}

// tellPart changes a participation, and tells what came of the tap as its revision: the
// home has nothing of it beside.
func (st *Store) tellPart(ctx context.Context, team hub.TeamID, sp Spend, kind, update, cond string, values item) types.TransactWriteItem {
	told := item{
		"kind": s(kind), "lk": s(sp.Next.Hash), "at": n(sp.Next.Done), "tap": n(sp.Next.Minted), "ch": s(string(sp.Source.Channel)),
	}
	if sp.Next.Why != "" {
		told["why"] = s(string(sp.Next.Why))
	}
	trace(ctx, told)
	values[":chg"], values[":one"] = &types.AttributeValueMemberM{Value: told}, n(1)
	return st.partUpdate(team, sp.Part, "SET chg=:chg"+update+" ADD rev :one", cond, values)
}

func (st *Store) partUpdate(team hub.TeamID, p Participation, update, cond string, values item) types.TransactWriteItem {
	there := "attribute_exists(SK)"
	if cond != "" {
		there += " AND " + cond
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, p.Home), partSK(p.Activity)), UpdateExpression: &update,
		ConditionExpression: &there, ExpressionAttributeValues: values,
	}}
}

// linkedEvent adds what is published of a link.
func linkedEvent(e *hub.Published, it item) {
	text(e, it, "av", "activity")
	text(e, it, "tg", "target_home")
	text(e, it, "tac", "target_account")
	text(e, it, "tch", "target_channel")
	text(e, it, "jn", "journey")
	e.Detail["link"] = strings.TrimPrefix(str(it, skAttr), factSK(linkFact, ""))
	e.Detail["tapped_at"], e.Detail["first"], e.Detail["new"] = num(it, "tap"), num(it, "first") != 0, num(it, "nw") != 0
}

// revisedPart reads what came of a tap that came to no link, or not yet.
func revisedPart(it item) (*hub.Published, error) {
	changed, ok := it["chg"].(*types.AttributeValueMemberM)
	if !ok {
		return nil, misread(it, "a participation with its change")
	}
	told := changed.Value
	e, err := event(it, str(told, "kind"), millis(told, "at"))
	if err != nil {
		return nil, err
	}
	e.Detail["home"], e.Detail["activity"] = string(homeOf(it)), strings.TrimPrefix(str(it, skAttr), partMark)
	text(e, told, "ch", "channel")
	text(e, told, "lk", "link")
	text(e, told, "why", "reason")
	e.Detail["tapped_at"] = num(told, "tap")
	return e, nil
}
