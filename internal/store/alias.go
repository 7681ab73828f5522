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

// Alias is an id of a person that holds in more than one account, as it stands in
// keys: hashed by the team's pepper within its scope.
type Alias struct {
	Hash  string
	Phone bool // it may pass to somebody else
}

// Mark is how a thread remembers that an alias is settled: whole, since an erasure finds
// the claim by it.
func (a Alias) Mark() string { return a.Hash }

// AliasClaim is who came under an alias first: in the account that was asked about,
// and in any.
type AliasClaim struct {
	User    hub.UserKey // in the account; "" = nobody
	First   hub.UserKey
	Account hub.AccountID // of First
	Erased  hub.Millis    // when somebody who went by the alias was erased last; 0 = nobody was
	// Holder is, of a phone number, the hash of the platform's own id of the person
	// who came with it first; "" while it came alone.
	Holder string
}

// ClaimAlias claims an alias for a channel user of an account if nobody there has it,
// and answers whose it is: one Update, no read. With a holder, a phone number that
// has none gets it.
func (st *Store) ClaimAlias(ctx context.Context, team hub.TeamID, a Alias, account hub.AccountID, user hub.UserKey, holder string) (AliasClaim, error) {
	update := "SET #o=if_not_exists(#o,:u), u=if_not_exists(u,:u), acct=if_not_exists(acct,:a), ra=if_not_exists(ra,:t)"
	values := item{":u": s(string(user)), ":a": s(string(account)), ":t": n(st.now())}
	if a.Phone && holder != "" {
		update += ", holder=if_not_exists(holder,:h)"
		values[":h"] = s(holder)
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Contacts, Key: key(aliasPK(team, a.Hash), aliasSK), UpdateExpression: &update,
		ExpressionAttributeNames: map[string]string{"#o": ownerAttr(account)}, ExpressionAttributeValues: values,
		ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return AliasClaim{}, wrap("claim alias", err)
	}
	return readClaim(out.Attributes, account), nil
}

// ownerAttr names the attribute of an alias that holds its channel user of an account.
func ownerAttr(account hub.AccountID) string { return "u#" + string(account) }

// Alias answers whose an alias is; the zero claim if it is nobody's.
func (st *Store) Alias(ctx context.Context, team hub.TeamID, a Alias, account hub.AccountID) (AliasClaim, error) {
	it, err := st.get(ctx, "read alias", st.Tables.Contacts, aliasPK(team, a.Hash), aliasSK, true)
	return readClaim(it, account), err
}

// PassPhone gives a phone number from one holder to another, since the platform said
// that the person goes by another id now. A number that another one holds stays.
func (st *Store) PassPhone(ctx context.Context, team hub.TeamID, a Alias, from, to string) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Contacts, Key: key(aliasPK(team, a.Hash), aliasSK),
		UpdateExpression: aws.String("SET holder=:t"), ConditionExpression: aws.String("holder=:f"),
		ExpressionAttributeValues: item{":f": s(from), ":t": s(to)},
	})
	if _, other := refused(err); other {
		return nil
	}
	return wrap("pass phone", err)
}

func readClaim(it item, account hub.AccountID) AliasClaim {
	return AliasClaim{
		User: hub.UserKey(str(it, ownerAttr(account))), First: hub.UserKey(str(it, "u")), Account: hub.AccountID(str(it, "acct")),
		Holder: str(it, "holder"), Erased: millis(it, "erasedAt"),
	}
}

// Settle remembers aliases on a thread, so that no later event asks for them again.
// Conflict if the thread was erased meanwhile.
func (st *Store) Settle(ctx context.Context, r Ref, marks []string) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression: aws.String("ADD aka :m"), ConditionExpression: aws.String("attribute_exists(acct)"),
		ExpressionAttributeValues: item{":m": set(marks...)},
	})
	if _, gone := refused(err); gone {
		return hub.E(hub.Conflict, "store: settle aliases", errors.New("the thread is gone"))
	}
	return wrap("settle aliases", err)
}

// Readdress moves the id by which to write to the channel user, as of a time.
func (st *Store) Readdress(ctx context.Context, r Ref, external string, at hub.Millis) error {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression:          aws.String("SET addr=:e, addrAt=:t"),
		ConditionExpression:       aws.String("attribute_exists(acct) AND (attribute_not_exists(addrAt) OR addrAt < :t)"),
		ExpressionAttributeValues: item{":e": s(external), ":t": n(at)},
	})
	if _, older := refused(err); older {
		return nil
	}
	return wrap("readdress thread", err)
}

// Shared reports whether a partition holds a message beside the one of a key, and
// what belongs to that.
func (st *Store) Shared(ctx context.Context, r Ref, own hub.MessageKey) (bool, error) {
	const few = hub.MaxParts + 2 // the message itself, its answer, and the mark of a time in the future
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :m)"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":m": s(messageMark)},
		ProjectionExpression:      aws.String("SK, moved"), ConsistentRead: aws.Bool(true), Limit: aws.Int32(few + 1),
	})
	if err != nil {
		return false, wrap("look for other messages", err)
	}
	for _, it := range out.Items {
		if k := strings.TrimPrefix(str(it, skAttr), messageMark); k != string(own) && !strings.HasPrefix(k, string(own.Answer())) && str(it, "moved") != string(own) {
			return true, nil
		}
	}
	return false, nil
}

// See leads an id that has no thread yet to the thread of the same person, which
// remembers it first: messages under that id are part of its log. It answers false if
// the id has a thread.
func (st *Store) See(ctx context.Context, r Ref, to hub.UserKey) (bool, error) {
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(userPK(r.Team, to), threadSK),
		UpdateExpression: aws.String("ADD also :u"), ConditionExpression: aws.String("attribute_exists(acct)"),
		ExpressionAttributeValues: item{":u": set(string(r.User))},
	})
	if err != nil {
		return false, wrap("lead to thread", err)
	}
	_, err = st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
		UpdateExpression: aws.String("SET see=:u"), ConditionExpression: aws.String("attribute_not_exists(acct) AND (attribute_not_exists(see) OR see=:u)"),
		ExpressionAttributeValues: item{":u": s(string(to))},
	})
	if _, has := refused(err); has {
		return false, nil
	}
	return err == nil, wrap("lead to thread", err)
}

// Fuse makes two threads of one person one, in one transaction on both as they were
// seen: from leads to to from now on, which takes over what is open, unread, parked
// and subscribed there. The messages stay where they are. Which aliases are settled is
// not taken over: whoever fuses settles them when all that follows is done. Conflict
// if one of them changed meanwhile.
func (st *Store) Fuse(ctx context.Context, team hub.TeamID, from, to *hub.Thread) error {
	actions := []types.TransactWriteItem{{Update: st.leave(team, from, to.User)}, {Update: st.takeOver(ctx, team, from, to)}}
	if from.Conversation != "" && to.Conversation != "" {
		ended, err := st.endItem(ctx, team, from)
		if err != nil {
			return err
		}
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: &st.Tables.Messages, Item: ended, ConditionExpression: aws.String("attribute_not_exists(SK)"),
		}})
	}
	_, err := st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return hub.E(hub.Conflict, "store: fuse threads", errors.New("one of them changed"))
	}
	return wrap("fuse threads", err)
}

// endItem ends the conversation of a thread that leads to another with one of its
// own: by the fact that it closed, or, if the fact that it began was not written yet,
// by a mark in that one's place, so that it never begins.
func (st *Store) endItem(ctx context.Context, team hub.TeamID, from *hub.Thread) (item, error) {
	for _, u := range append([]hub.UserKey{from.User}, from.Also...) {
		opened, err := st.get(ctx, "read opening", st.Tables.Messages, userPK(team, u), openedSK(from.Conversation), true)
		if err != nil {
			return nil, err
		}
		if opened != nil {
			return st.closedItem(ctx, Ref{team, from.User}, from, "hub"), nil
		}
	}
	mark := key(userPK(team, from.User), openedSK(from.Conversation))
	mark["ra"] = n(st.now())
	return mark, nil
}

// unchanged is the condition that a thread stands as it was seen, in what Fuse moves.
func unchanged(t *hub.Thread, values item) []string {
	conds := []string{"attribute_exists(acct)", "attribute_not_exists(see)"}
	same := func(name, ref, v string) {
		if v == "" {
			conds = append(conds, "attribute_not_exists("+name+")")
			return
		}
		conds, values[ref] = append(conds, name+"="+ref), s(v)
	}
	same("lastKey", ":lk", string(t.LastKey))
	same("conv", ":cv", string(t.Conversation))
	same("assignee", ":as", t.Assignee)
	same("floor", ":fo", t.Floor)
	same("need", ":ne", string(t.Need))
	var late, held []string
	for _, k := range t.Late {
		late = append(late, string(k))
	}
	for _, p := range t.Held {
		held = append(held, parkedText(p))
	}
	for name, list := range map[string][]string{"late": late, "held": held} {
		if len(list) == 0 {
			conds = append(conds, "attribute_not_exists("+name+")")
			continue
		}
		conds, values[":was_"+name] = append(conds, name+"=:was_"+name), set(list...)
	}
	for name, at := range stampsOf(t) {
		if at == 0 {
			conds = append(conds, "attribute_not_exists("+name+")")
			continue
		}
		conds, values[":was_"+name] = append(conds, name+"=:was_"+name), n(at)
	}
	return conds
}

// stampsOf are the times of a thread that only move forward, by their names.
func stampsOf(t *hub.Thread) map[string]hub.Millis {
	return map[string]hub.Millis{
		subFollowed: t.Followed, subUnfollowed: t.Unfollowed, subOptedOut: t.OptedOut, subOptedIn: t.OptedIn,
		subMarketingOut: t.MarketingOut, lastAct: t.LastAct, lastTeam: t.LastTeam, lastAds: t.LastAds, enteredAt: t.Entered.At, "deliveredUpTo": t.DeliveredUpTo, "readUpTo": t.ReadUpTo,
	}
}

func (st *Store) leave(team hub.TeamID, from *hub.Thread, to hub.UserKey) *types.Update {
	values := item{":u": s(string(to))}
	conds := unchanged(from, values)
	return &types.Update{
		TableName: &st.Tables.Messages, Key: key(userPK(team, from.User), threadSK),
		UpdateExpression:    aws.String("SET see=:u REMOVE conv, waitSince, assignee, floor, need, late, lateMany, held, autos, pairNext, pairFrom, gpk, gsk"),
		ConditionExpression: aws.String(strings.Join(conds, " AND ")), ExpressionAttributeValues: values,
	}
}

func (st *Store) takeOver(ctx context.Context, team hub.TeamID, from, to *hub.Thread) *types.Update {
	also := []string{string(from.User)}
	for _, u := range from.Also {
		if u != to.User {
			also = append(also, string(u))
		}
	}
	values := item{":one": n(1), ":also": set(also...)}
	conds := unchanged(to, values)
	sets := []string{"chg=:c"}
	adds := []string{"rev :one", "also :also"}
	put := func(name, ref string, v types.AttributeValue) {
		sets, values[ref] = append(sets, name+"="+ref), v
	}
	fields := []string{"also"}
	if from.LastKey > to.LastKey {
		put("lastKey", ":k", s(string(from.LastKey)))
		put("preview", ":pv", s(from.Preview))
		if !from.Unread() && !to.Unread() {
			put("readKey", ":rk", s(string(from.LastKey)))
		}
	}
	if from.LastIn > to.LastIn {
		put("lastIn", ":li", n(from.LastIn))
	}
	if from.Conversation != "" && to.Conversation == "" {
		put("conv", ":h", s(string(from.Conversation)))
		if from.WaitSince != 0 {
			put("waitSince", ":ws", n(from.WaitSince))
		}
		put("gpk", ":g", s(openBucket(team, to.User)))
		put("gsk", ":gs", s(openSort(max(from.WaitSince, from.FirstKey.At()), to.User)))
		fields = append(fields, "conv")
		if from.Assignee != "" {
			put("assignee", ":am", s(from.Assignee))
			fields = append(fields, "assignee")
		}
		if from.Floor != "" {
			put("floor", ":fl", s(from.Floor))
			fields = append(fields, "floor")
		}
		if !from.BotMaySpeak() {
			// The floor changes: what the bot is about to say in the other thread is late.
			// Else its answers stay good, in both.
			adds = append(adds, "fence :one")
		}
	}
	if from.Need == hub.NeedHuman && to.Need != hub.NeedHuman || to.Need == "" && from.Need != "" {
		put("need", ":nd", s(string(from.Need)))
		fields = append(fields, "need")
	}
	if from.Floor == hub.FloorTeam && to.Conversation != "" && to.BotMaySpeak() {
		// The customer was promised a person.
		put("floor", ":fl", s(from.Floor))
		fields, adds = append(fields, "floor"), append(adds, "fence :one")
	}
	if unread := unreadOf(from); len(unread) > 0 && len(unread)+len(to.Late) <= hub.MaxLate {
		adds, values[":late"] = append(adds, "late :late"), set(unread...)
	} else if len(unread) > 0 {
		put("lateMany", ":y", &types.AttributeValueMemberBOOL{Value: true})
	}
	if len(from.Held) > 0 {
		var held []string
		for _, p := range from.Held {
			held = append(held, parkedText(p))
		}
		adds, values[":held"] = append(adds, "held :held"), set(held...)
	}
	had := stampsOf(to)
	for name, at := range stampsOf(from) {
		if at > had[name] {
			put(name, ":"+name, n(at))
			if name == enteredAt {
				put(enteredAd, ":"+enteredAd, s(from.Entered.Ad))
			}
		}
	}
	values[":c"] = Revision{By: "hub", Fields: fields}.value(ctx, st.now())
	return &types.Update{
		TableName: &st.Tables.Messages, Key: key(userPK(team, to.User), threadSK),
		UpdateExpression:          aws.String("SET " + strings.Join(sets, ", ") + " ADD " + strings.Join(adds, ", ")),
		ConditionExpression:       aws.String(strings.Join(conds, " AND ")),
		ExpressionAttributeValues: values,
	}
}

// unreadOf are keys that keep a thread unread: those that came late, and the newest.
func unreadOf(t *hub.Thread) []string {
	var keys []string
	for _, k := range t.Late {
		keys = append(keys, string(k))
	}
	if t.LastKey > t.ReadKey && !slices.Contains(t.Late, t.LastKey) {
		keys = append(keys, string(t.LastKey))
	}
	return keys
}
