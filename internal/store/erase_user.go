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

// NoteClaim notes, before an alias is claimed for a channel user whose thread does not
// tell of it, that it is: once.
func (st *Store) NoteClaim(ctx context.Context, r Ref, a Alias, at hub.Millis) error {
	it := key(r.pk(), claimedMark+a.Hash)
	it["ra"] = n(at)
	_, _, err := st.putNew(ctx, "note claim", st.Tables.Messages, it)
	return err
}

// Claims are the hashes of the aliases that NoteClaim noted.
func (st *Store) Claims(ctx context.Context, r Ref) ([]string, error) {
	items, err := st.queryAll(ctx, "read claims", st.Tables.Messages, r.pk(), claimedMark)
	hashes := make([]string, len(items))
	for i, it := range items {
		hashes[i] = strings.TrimPrefix(str(it, skAttr), claimedMark)
	}
	return hashes, err
}

// CountMessages counts the messages that lie in a partition, up to about most: more
// tells that there are others.
func (st *Store) CountMessages(ctx context.Context, r Ref, most int) (count int, more bool, err error) {
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :m)"), Select: types.SelectCount,
		FilterExpression:          aws.String("attribute_not_exists(moved)"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":m": s(messageMark)},
	})
	for pages.HasMorePages() {
		if count >= most {
			return count, true, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, false, wrap("count messages", err)
		}
		count += int(page.Count)
	}
	return count, false, nil
}

// EraseUser erases what lies under one id of a channel user: the thread, of which a mark
// stays, its messages and what belongs to them, large events, and what is quarantined.
// What is after the erasure stays: the customer has come back. It may be done again.
// Conflict if somebody else was faster.
func (st *Store) EraseUser(ctx context.Context, e hub.Erasure, u hub.UserKey) error {
	if err := st.eraseThread(ctx, e, u); err != nil {
		return err
	}
	err := st.erasePartition(ctx, e, ofMessages, st.Tables.Messages, userPK(e.Team, u), func(it item) bool { return lay(it, e.At) })
	if err != nil {
		return err
	}
	err = st.erasePartition(ctx, e, ofLedger, st.Tables.Ledger, largePK(e.Team, u), func(it item) bool {
		_, k, _ := strings.Cut(str(it, skAttr), "#") // the key of the message or the event comes first
		return hub.MessageKey(k).At() <= e.At
	})
	if err != nil {
		return err
	}
	return st.eraseQuarantine(ctx, e, u, e.At)
}

// eraseThread leaves of a thread what refuses events that are not after the erasure; so
// it does where there is none, since events may name the id that never came into one.
func (st *Store) eraseThread(ctx context.Context, e hub.Erasure, u hub.UserKey) error {
	it, err := st.get(ctx, "read thread", st.Tables.Messages, userPK(e.Team, u), threadSK, true)
	if err != nil {
		return err
	}
	t := readThread(it)
	t.User = u
	switch {
	case t.Erased >= e.At && (t.Account != "" || t.See != ""):
		return nil // somebody has come under the id since
	case t.Erased >= e.At:
		if !slices.ContainsFunc(inFlight, func(name string) bool { return it[name] != nil }) {
			return nil
		}
		// What was in flight has left something at the mark.
		_, err = st.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &st.Tables.Messages, Key: key(userPK(e.Team, u), threadSK), UpdateExpression: aws.String("REMOVE " + strings.Join(inFlight, ", ")),
			ConditionExpression: aws.String("attribute_not_exists(acct) AND attribute_not_exists(see)"),
		})
	default:
		p := st.remains(e, &t)
		_, err = st.DB.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: p.TableName, Item: p.Item, ConditionExpression: p.ConditionExpression, ExpressionAttributeValues: p.ExpressionAttributeValues,
		})
	}
	if _, changed := refused(err); changed {
		return hub.E(hub.Conflict, "store: erase thread", errors.New("it has changed since it was read"))
	}
	return wrap("erase thread", err)
}

// inFlight are the attributes that who saw a thread before its erasure may write after it.
var inFlight = []string{
	"held", "autos", "pairNext", "pairFrom", "late", "lateMany", "preview", "addr", "addrAt", "aka", "also", "ext", "kind", "teamAt", "mktAt",
}

// erasePartition erases the items of a partition that are chosen.
func (st *Store) erasePartition(ctx context.Context, e hub.Erasure, from erasedFrom, table, pk string, chosen func(item) bool) error {
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String("PK=:p"), ExpressionAttributeValues: item{":p": s(pk)}, ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return wrap("read what is to be erased", err)
		}
		if err := st.remove(ctx, e, from, table, slices.DeleteFunc(page.Items, func(it item) bool { return !chosen(it) })); err != nil {
			return err
		}
	}
	return nil
}

// EraseClaims erases the aliases that NoteClaim noted for a channel user up to the
// erasure, and at the second sweep, when no claim is on its way any more, the notes.
// Conflict if somebody else was faster.
func (st *Store) EraseClaims(ctx context.Context, e hub.Erasure, u hub.UserKey) error {
	pk := userPK(e.Team, u)
	notes, err := st.queryAll(ctx, "read claims", st.Tables.Messages, pk, claimedMark)
	if err != nil {
		return err
	}
	notes = slices.DeleteFunc(notes, func(it item) bool { return millis(it, "ra") > e.At })
	for _, it := range notes {
		if err := st.EraseAlias(ctx, e, strings.TrimPrefix(str(it, skAttr), claimedMark)); err != nil {
			return err
		}
	}
	if e.Phase == hub.ErasureBegun {
		return nil
	}
	return st.remove(ctx, e, ofMessages, st.Tables.Messages, notes)
}

// lay tells whether an item of a channel user's partition is of a time up to the
// erasure. The thread is none of them, nor are claims of arrivals: they hold no personal
// data, and by them what is sent again keeps the time by which it is refused. Notes of
// claims are erased by EraseClaims.
func lay(it item, at hub.Millis) bool {
	sk := str(it, skAttr)
	mark, k, _ := strings.Cut(sk, "#")
	switch mark {
	case threadSK, "I", "L":
		return false
	case "M":
		if to := str(it, "moved"); to != "" {
			return hub.MessageKey(to).At() <= at
		}
		return hub.MessageKey(k).At() <= at
	case "V":
		return hub.MessageKey(k).At() <= at
	case "A":
		return millis(it, "at") <= at
	case "R":
		if k := str(it, "k"); k != "" {
			return hub.MessageKey(k).At() <= at
		}
		first := at + 1
		for _, t := range stampTimes(readStamps(it)) {
			first = min(first, t)
		}
		return first <= at
	}
	return millis(it, "ra") <= at
}

// eraseQuarantine erases what is quarantined of a channel user or home, up to a time. A
// mark of each entry stays, so that the same thing, sent again, is not quarantined again.
func (st *Store) eraseQuarantine(ctx context.Context, e hub.Erasure, u hub.UserKey, upTo hub.Millis) error {
	entries, err := st.queryAll(ctx, "list quarantined of user", st.Tables.Ledger, quarantineUserPK(e.Team, u), "")
	if err != nil {
		return err
	}
	now := st.now()
	for _, entry := range entries {
		if num(entry, erasedMark) != 0 || millis(entry, "ra") > upTo {
			continue
		}
		id := str(entry, skAttr)
		// The mark comes first: what is being quarantined meanwhile meets it.
		mark := key(str(entry, pkAttr), id)
		mark[erasedMark], mark[ttlAttr] = n(e.At), n(ttlAfter(now, arrivalRetention))
		if _, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &st.Tables.Ledger, Item: mark}); err != nil {
			return wrap("mark quarantined as erased", err)
		}
	}
	// Those that an earlier try has marked are among them.
	for _, entry := range entries {
		if millis(entry, "ra") > upTo {
			continue
		}
		if err := st.eraseQuarantined(ctx, e, str(entry, skAttr), now); err != nil {
			return err
		}
	}
	return nil
}

func (st *Store) eraseQuarantined(ctx context.Context, e hub.Erasure, id string, now hub.Millis) error {
	all := func(item) bool { return true }
	if err := st.erasePartition(ctx, e, ofLedger, st.Tables.Ledger, rawPK(e.Team, id), all); err != nil {
		return err
	}
	found, err := st.getAll(ctx, "find quarantined", st.Tables.Ledger, entryKeys(e.Team, id, now))
	if err != nil {
		return err
	}
	return st.remove(ctx, e, ofLedger, st.Tables.Ledger, found)
}
