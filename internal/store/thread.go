package store

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Ref addresses the thread of a channel user.
type Ref struct {
	Team hub.TeamID
	User hub.UserKey
}

func (r Ref) pk() string { return userPK(r.Team, r.User) }

// Arrival is what a message tells its thread.
type Arrival struct {
	Key      hub.MessageKey
	Own      hub.UserKey // in whose partition the message lies; "" = in the thread's own
	Account  hub.AccountID
	External hub.Personal
	Kind     hub.UserKind
	Preview  string
	Need     hub.Need // for whom the message is; "" = leaves what the thread knows
}

func (a Arrival) conversation(r Ref) hub.ConversationID {
	if a.Own == "" {
		a.Own = r.User
	}
	return hub.NewConversationID(r.Team, a.Own, a.Key)
}

// needs is the part of an update by which a thread remembers for whom its conversation
// waits: what is for a person counts for as long as it is open, in whatever order it came.
func needs(need hub.Need, values item) string {
	switch need {
	case "":
		return ""
	case hub.NeedBot:
		values[":need"] = s(string(need))
		return "need=if_not_exists(need,:need)"
	}
	values[":need"] = s(string(need))
	return "need=:need"
}

// Step says what came of Advance.
type Step int

const (
	// Moved: the message is the newest of its thread, whose summary now shows it.
	Moved Step = iota
	// Again: the message was the newest already; this is a repetition.
	Again
	// Behind: a newer message was there before.
	Behind
	// Elsewhere: the thread is another's (Thread.See).
	Elsewhere
	// Gone: the message is not after the customer's erasure.
	Gone
)

// Advance moves the thread's summary forward to a message, creates the thread, and
// opens a conversation if none is open: one Update, no read. The thread comes back
// as it stands afterwards, in every case.
func (st *Store) Advance(ctx context.Context, r Ref, a Arrival) (hub.Thread, Step, error) {
	at := a.Key.At()
	h := a.conversation(r)
	values := item{
		":k": s(string(a.Key)), ":t": n(at), ":p": s(a.Preview), ":a": s(string(a.Account)),
		":e": s(a.External.Reveal()), ":u": s(string(a.Kind)), ":h": s(string(h)),
		":g": s(openBucket(r.Team, r.User)), ":s": s(openSort(at, r.User)),
	}
	need := needs(a.Need, values)
	if need != "" {
		need = ", " + need
	}
	out, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages,
		Key:       key(r.pk(), threadSK),
		UpdateExpression: aws.String("SET lastKey=:k, lastIn=:t, preview=:p, acct=if_not_exists(acct,:a), " +
			"ext=if_not_exists(ext,:e), kind=if_not_exists(kind,:u), firstKey=if_not_exists(firstKey,:k), " +
			"conv=if_not_exists(conv,:h), waitSince=if_not_exists(waitSince,:t), " +
			"gpk=if_not_exists(gpk,:g), gsk=if_not_exists(gsk,:s)" + need + " REMOVE chg"),
		ConditionExpression:                 aws.String("(attribute_not_exists(lastKey) OR lastKey < :k) AND attribute_not_exists(see)"),
		ExpressionAttributeValues:           values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if old, ok := refused(err); ok {
		t := readThread(old)
		switch {
		case t.Erased != 0 && at <= t.Erased: // wherever the id leads since
			return t, Gone, nil
		case t.See != "":
			return t, Elsewhere, nil
		case t.LastKey == a.Key:
			return t, Again, nil
		}
		return t, Behind, nil
	}
	if err != nil {
		return hub.Thread{}, 0, wrap("advance thread", err)
	}
	return readThread(out.Attributes), Moved, nil
}

// PutLate stores a message that is not the newest: the message, its mark in the
// thread, and the conversation that it opens if none is open, in one transaction
// on the thread as it was seen. The stored item that was there already comes back
// as Found. A thread that changed meanwhile is a Conflict.
//
// The message lies in the partition own, the thread in that of seen.
func (st *Store) PutLate(ctx context.Context, own Ref, seen *hub.Thread, m hub.Inbound) (Put, error) {
	r := Ref{Team: own.Team, User: seen.User}
	values := item{}
	sets, conds := []string{}, []string{}
	add := ""
	if len(seen.Late) < hub.MaxLate {
		add = " ADD late :l"
		values[":l"] = set(string(m.Key))
	} else {
		sets = append(sets, "lateMany=:y")
		values[":y"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if seen.Epoch == 0 {
		conds = append(conds, "attribute_not_exists(epoch)")
	} else {
		conds = append(conds, "epoch=:ep")
		values[":ep"] = n(seen.Epoch)
	}
	var opened item
	if seen.Conversation == "" {
		at := m.Key.At()
		h := hub.NewConversationID(r.Team, own.User, m.Key)
		conds = append(conds, "attribute_not_exists(conv)")
		sets = append(sets, "conv=:h", "waitSince=:t", "gpk=:g", "gsk=:s")
		values[":h"], values[":t"] = s(string(h)), n(at)
		values[":g"], values[":s"] = s(openBucket(r.Team, r.User)), s(openSort(at, r.User))
		opened = st.openedItem(ctx, own, opening(seen, m.Channel, m.Home, h, m.Key))
	} else {
		conds = append(conds, "attribute_exists(conv)")
	}
	conds = append(conds, "attribute_not_exists(see)")
	if need := needs(m.Need, values); need != "" {
		sets = append(sets, need)
	}
	update := add
	if len(sets) > 0 {
		update = "SET " + strings.Join(sets, ", ") + add
	}
	actions := []types.TransactWriteItem{
		{Put: &types.Put{
			TableName: &st.Tables.Messages, Item: st.messageItem(own, m),
			ConditionExpression:                 aws.String("attribute_not_exists(SK)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		{Update: &types.Update{
			TableName: &st.Tables.Messages, Key: key(r.pk(), threadSK),
			UpdateExpression:          aws.String(strings.TrimSpace(update)),
			ConditionExpression:       aws.String(strings.Join(conds, " AND ")),
			ExpressionAttributeValues: values,
		}},
	}
	if opened != nil {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Messages, Item: opened}})
	}
	if err := st.putLarge(ctx, own, messageSK(m.Key), m.Raw, m.Received); err != nil {
		return Put{}, err
	}
	_, err := st.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	if err == nil {
		return Put{New: true, Fence: m.Fence}, nil
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) && len(cancelled.CancellationReasons) > 0 {
		first := cancelled.CancellationReasons[0]
		if aws.ToString(first.Code) == "ConditionalCheckFailed" {
			return found(first.Item, m), nil
		}
		return Put{}, hub.E(hub.Conflict, "store: put late message", errors.New("the thread changed"))
	}
	return Put{}, wrap("put late message", err)
}

// Thread reads a thread, consistently: a send is judged by it. A thread that is
// another's is followed there; Erased is then the latest on the way, since what the id
// brings is judged by its own too. NotFound if there is none.
func (st *Store) Thread(ctx context.Context, r Ref) (hub.Thread, error) {
	var erased hub.Millis
	for range maxSee {
		it, err := st.get(ctx, "read thread", st.Tables.Messages, r.pk(), threadSK, true)
		if err != nil {
			return hub.Thread{}, err
		}
		if it == nil {
			return hub.Thread{}, notFound("read thread", "thread")
		}
		t := readThread(it)
		erased = max(erased, t.Erased)
		if t.See == "" {
			t.Erased = erased
			return t, nil
		}
		r.User = t.See
	}
	return hub.Thread{}, hub.E(hub.Internal, "store: read thread", errors.New("the threads lead in a circle"))
}

// ThreadAt reads what stands under one id, without following where it leads.
// NotFound if there is nothing.
func (st *Store) ThreadAt(ctx context.Context, r Ref) (hub.Thread, error) {
	it, err := st.get(ctx, "read thread", st.Tables.Messages, r.pk(), threadSK, true)
	if err == nil && it == nil {
		err = notFound("read thread", "thread")
	}
	return readThread(it), err
}

// maxSee is how many threads may lead on to each other: one a change of id, and one
// more a join of two that had their own.
const maxSee = 8

// SetPace replaces what the thread remembers of the sends to it, if it is still what
// was seen; else Conflict.
func (st *Store) SetPace(ctx context.Context, team hub.TeamID, seen *hub.Thread, auto []hub.AutoSend, pair hub.Paced) error {
	values := item{}
	var sets []string
	conds := []string{"attribute_exists(SK)"}
	if !slices.Equal(auto, seen.Auto) {
		sets, values[":n"] = append(sets, "autos=:n"), autoList(auto)
		if len(seen.Auto) > 0 {
			conds, values[":o"] = append(conds, "autos=:o"), autoList(seen.Auto)
		} else {
			conds = append(conds, "attribute_not_exists(autos)")
		}
	}
	if pair != seen.Pair {
		sets, values[":p"], values[":f"] = append(sets, "pairNext=:p, pairFrom=:f"), n(pair.Until), n(pair.From)
		if seen.Pair.Until != 0 {
			conds, values[":q"] = append(conds, "pairNext=:q"), n(seen.Pair.Until)
		} else {
			conds = append(conds, "attribute_not_exists(pairNext)")
		}
	}
	if len(sets) == 0 {
		return nil
	}
	_, err := st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &st.Tables.Messages, Key: key(Ref{team, seen.User}.pk(), threadSK),
		UpdateExpression:    aws.String("SET " + strings.Join(sets, ", ")),
		ConditionExpression: aws.String(strings.Join(conds, " AND ")), ExpressionAttributeValues: values,
	})
	if _, ok := refused(err); ok {
		return hub.E(hub.Conflict, "store: set pace", errors.New("the thread changed"))
	}
	return wrap("set pace", err)
}

func autoList(list []hub.AutoSend) types.AttributeValue {
	out := make([]types.AttributeValue, len(list))
	for i, a := range list {
		out[i] = s(strconv.FormatInt(int64(a.At), 10) + "|" + string(a.Key))
	}
	return &types.AttributeValueMemberL{Value: out}
}

func readAuto(list []string) []hub.AutoSend {
	var out []hub.AutoSend
	for _, e := range list {
		at, k, ok := strings.Cut(e, "|")
		ms, err := strconv.ParseInt(at, 10, 64)
		if ok && err == nil {
			out = append(out, hub.AutoSend{At: hub.Millis(ms), Key: hub.MessageKey(k)})
		}
	}
	return out
}

func readThread(it item) hub.Thread {
	_, user, _ := splitUserPK(str(it, pkAttr))
	t := hub.Thread{
		User: user, Account: hub.AccountID(str(it, "acct")), External: hub.Personal(str(it, "ext")), Address: hub.Personal(str(it, "addr")),
		Kind: hub.UserKind(str(it, "kind")), Aliases: strs(it, "aka"),
		Epoch: int(num(it, "epoch")), FirstKey: hub.MessageKey(str(it, "firstKey")),
		LastKey: hub.MessageKey(str(it, "lastKey")), LastIn: millis(it, "lastIn"), LastAct: millis(it, lastAct), Preview: str(it, "preview"),
		ReadKey: hub.MessageKey(str(it, "readKey")), ReadUpTo: millis(it, "readUpTo"),
		LastTeam: millis(it, lastTeam), LastAds: millis(it, lastAds),
		Entered:      hub.Entered{At: millis(it, enteredAt), Ad: str(it, enteredAd)},
		Conversation: hub.ConversationID(str(it, "conv")), WaitSince: millis(it, "waitSince"),
		Assignee: str(it, "assignee"), Floor: str(it, "floor"), Fence: int(num(it, "fence")), Rev: int(num(it, "rev")),
		Need: hub.Need(str(it, "need")), Handed: hub.MessageKey(str(it, "handed")),
		Auto: readAuto(strs(it, "autos")), See: hub.UserKey(str(it, "see")), Erased: millis(it, "erasedAt"),
		Pair: hub.Paced{From: millis(it, "pairFrom"), Until: millis(it, "pairNext")}, DeliveredUpTo: millis(it, "deliveredUpTo"),
		Subscription: hub.Subscription{
			Followed: millis(it, subFollowed), Unfollowed: millis(it, subUnfollowed), OptedOut: millis(it, subOptedOut),
			OptedIn: millis(it, subOptedIn), MarketingOut: millis(it, subMarketingOut),
		},
	}
	for _, u := range strs(it, "also") {
		t.Also = append(t.Also, hub.UserKey(u))
	}
	if v, ok := it["lateMany"].(*types.AttributeValueMemberBOOL); ok {
		t.LateMany = v.Value
	}
	for _, k := range strs(it, "late") {
		t.Late = append(t.Late, hub.MessageKey(k))
	}
	for _, h := range strs(it, "held") {
		if p, ok := parseParked(h); ok {
			t.Held = append(t.Held, p)
		}
	}
	sort.Slice(t.Late, func(i, j int) bool { return t.Late[i] < t.Late[j] })
	sort.Slice(t.Held, func(i, j int) bool { return t.Held[i].Before(t.Held[j]) })
	return t
}
