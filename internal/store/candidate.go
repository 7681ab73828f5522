package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const candidateMark = "K#"

// PutCandidate writes, once for each reason, that two homes may be one person: at both
// homes in one transaction, and at the smaller one it is listed. Quiet, it is not
// published: nobody can decide it now. A half of it that is missing is written again.
//
// That a number came with another user id includes that the number is the same, and
// takes the place of that, in whatever order the two are seen: as what is seen later it
// is open again.
func (st *Store) PutCandidate(ctx context.Context, team hub.TeamID, c hub.Candidate, quiet bool) error {
	c.A, c.B = hub.EdgeOf(c.A, c.B)
	actions := []types.TransactWriteItem{st.seen(ctx, team, c, c.A, quiet), st.seen(ctx, team, c, c.B, quiet)}
	for len(actions) > 0 {
		failed, err := st.transact(ctx, "put candidate", actions)
		if len(failed) == 0 {
			return err
		}
		var missing []types.TransactWriteItem
		for i, action := range actions {
			if !slices.Contains(failed, i) {
				missing = append(missing, action)
			}
		}
		actions = missing
	}
	return nil
}

// seen writes a candidate at one of its homes, if it is not there, nor one that
// includes it.
func (st *Store) seen(ctx context.Context, team hub.TeamID, c hub.Candidate, at hub.HomeID, quiet bool) types.TransactWriteItem {
	it := item{"reason": s(c.Reason), "at": n(c.At)}
	other := c.A
	if at == c.A {
		other = c.B
		it[dueBucket], it[dueSort] = s(candidateBucket(team, shardOf(string(c.A)))), s(candidateSort(c))
		if !quiet {
			it["pub"] = s(hub.ContactCandidate)
			trace(ctx, it)
		}
	}
	k := key(homePK(team, at), candidateSK(other, keyReason(c.Reason)))
	if c.Reason != hub.ReasonOtherID {
		maps.Copy(it, k)
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &st.Tables.Contacts, Item: it, ConditionExpression: aws.String("attribute_not_exists(SK)"),
		}}
	}
	update, values := "SET reason=:r, #at=:t", item{":r": it["reason"], ":t": it["at"], ":less": s(hub.ReasonPhone)}
	if at == c.A {
		update += ", gpk=:g, gsk=:s"
		values[":g"], values[":s"] = it[dueBucket], it[dueSort]
	}
	if it["tr"] != nil {
		update += ", tr=:tr"
		values[":tr"] = it["tr"]
	}
	if it["pub"] != nil {
		update += ", pub=:p ADD rev :one"
		values[":p"], values[":one"] = it["pub"], n(1)
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: k, UpdateExpression: aws.String(update + " REMOVE verdict, verdictAt, verdictBy"),
		ConditionExpression:      aws.String("attribute_not_exists(SK) OR reason=:less"),
		ExpressionAttributeNames: map[string]string{"#at": "at"}, ExpressionAttributeValues: values,
	}}
}

// keyReason is the reason in the key of a candidate: of two of which one includes the
// other there is one.
func keyReason(reason string) string {
	if reason == hub.ReasonOtherID {
		return hub.ReasonPhone
	}
	return reason
}

// Candidates reads what speaks for joins of a home, decided or not, consistently, by
// the other home and the reason.
func (st *Store) Candidates(ctx context.Context, team hub.TeamID, home hub.HomeID) ([]hub.Candidate, error) {
	return st.candidates(ctx, team, home, candidateMark)
}

// CandidatesBetween reads what speaks for the join of two homes.
func (st *Store) CandidatesBetween(ctx context.Context, team hub.TeamID, a, b hub.HomeID) ([]hub.Candidate, error) {
	a, b = hub.EdgeOf(a, b)
	return st.candidates(ctx, team, a, candidateMark+string(b)+"#")
}

func (st *Store) candidates(ctx context.Context, team hub.TeamID, home hub.HomeID, mark string) ([]hub.Candidate, error) {
	items, err := st.queryAll(ctx, "read candidates", st.Tables.Contacts, homePK(team, home), mark)
	list := make([]hub.Candidate, len(items))
	for i, it := range items {
		list[i] = readCandidate(it)
	}
	return list, err
}

func readCandidate(it item) hub.Candidate {
	other, _, _ := strings.Cut(strings.TrimPrefix(str(it, skAttr), candidateMark), "#")
	c := hub.Candidate{
		Reason: str(it, "reason"), At: millis(it, "at"), Decision: hub.Decision(str(it, "verdict")),
		Decided: millis(it, "verdictAt"), DecidedBy: str(it, "verdictBy"),
	}
	c.A, c.B = hub.EdgeOf(homeOf(it), hub.HomeID(other))
	return c
}

// Undecided lists what nobody has decided, the newest first, before a place ("" = from
// the newest on), at most limit; the place of the last one continues, "" = there is no
// more.
func (st *Store) Undecided(ctx context.Context, team hub.TeamID, before string, limit int) ([]hub.Candidate, string, error) {
	const op = "list candidates"
	buckets := make([]string, Shards)
	for i := range buckets {
		buckets[i] = candidateBucket(team, i)
	}
	entries, err := st.newest(ctx, op, buckets, before, limit)
	if err != nil || len(entries) == 0 {
		return nil, "", err
	}
	keys, order := make([]item, len(entries)), map[string]int{}
	for i, it := range entries {
		keys[i] = item{pkAttr: it[pkAttr], skAttr: it[skAttr]}
		order[str(it, pkAttr)+" "+str(it, skAttr)] = i
	}
	items, err := st.getAll(ctx, op, st.Tables.Contacts, keys)
	if err != nil {
		return nil, "", err
	}
	sorted := make([]item, len(entries))
	for _, it := range items {
		sorted[order[str(it, pkAttr)+" "+str(it, skAttr)]] = it
	}
	var list []hub.Candidate
	for _, it := range sorted {
		if it != nil && it[dueBucket] != nil { // else it was decided since the index was read
			list = append(list, readCandidate(it))
		}
	}
	next := ""
	if len(entries) == limit {
		next = str(entries[limit-1], dueSort)
	}
	return list, next, nil
}

// Decide writes what a member has decided of candidates, in one transaction with the
// audit. Conflict if one of them is gone.
func (st *Store) Decide(ctx context.Context, team hub.TeamID, list []hub.Candidate, d hub.Decision, a hub.Audit) error {
	actions := []types.TransactWriteItem{st.audit(team, a)}
	for _, c := range list {
		actions = append(actions, st.decide(team, c, d, a)...)
	}
	_, err := st.transact(ctx, "decide candidates", actions)
	return err
}

func (st *Store) decide(team hub.TeamID, c hub.Candidate, d hub.Decision, a hub.Audit) []types.TransactWriteItem {
	values := item{":d": s(string(d)), ":t": n(a.At), ":by": s(a.Actor.String())}
	const update = "SET verdict=:d, verdictAt=:t, verdictBy=:by"
	return []types.TransactWriteItem{
		st.moveCandidate(team, c.A, c.B, c.Reason, update+" REMOVE gpk, gsk", values), st.moveCandidate(team, c.B, c.A, c.Reason, update, values),
	}
}

// reopen lists a candidate again, and does to it at both homes what update says.
func (st *Store) reopen(team hub.TeamID, c hub.Candidate, update string) []types.TransactWriteItem {
	return []types.TransactWriteItem{
		st.relist(team, c, " "+update), st.moveCandidate(team, c.B, c.A, c.Reason, update, nil),
	}
}

func (st *Store) relist(team hub.TeamID, c hub.Candidate, update string) types.TransactWriteItem {
	return st.moveCandidate(team, c.A, c.B, c.Reason, "SET gpk=:g, gsk=:s"+update,
		item{":g": s(candidateBucket(team, shardOf(string(c.A)))), ":s": s(candidateSort(c))})
}

// tellAgain lists a candidate again that nobody has decided, and has it published: its
// homes were one contact, and are no more.
func (st *Store) tellAgain(team hub.TeamID, c hub.Candidate) types.TransactWriteItem {
	action := st.relist(team, c, ", pub=:p ADD rev :one")
	action.Update.ConditionExpression = aws.String(*action.Update.ConditionExpression + " AND attribute_not_exists(verdict)")
	action.Update.ExpressionAttributeValues[":p"], action.Update.ExpressionAttributeValues[":one"] = s(hub.ContactCandidate), n(1)
	return action
}

func (st *Store) toldAgain(team hub.TeamID, list []hub.Candidate) []types.TransactWriteItem {
	actions := make([]types.TransactWriteItem, len(list))
	for i, c := range list {
		actions[i] = st.tellAgain(team, c)
	}
	return actions
}

// moveCandidate does something to a candidate at one of its homes that bears its reason
// still.
func (st *Store) moveCandidate(team hub.TeamID, at, other hub.HomeID, reason, update string, values item) types.TransactWriteItem {
	all := item{":why": s(reason)}
	maps.Copy(all, values)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, at), candidateSK(other, keyReason(reason))), UpdateExpression: &update,
		ConditionExpression: aws.String("reason=:why"), ExpressionAttributeValues: all,
	}}
}

// Unlist takes a candidate off the list whose homes are one contact, by whatever edges.
// It raises the version of the contact's root, which is as it was read: an undoing that
// does not know of it yet is refused, and whoever parts the two lists it again. Conflict
// if the contact has changed since.
func (st *Store) Unlist(ctx context.Context, team hub.TeamID, root hub.Home, c hub.Candidate) error {
	_, err := st.transact(ctx, "close candidate", []types.TransactWriteItem{
		st.moveRoot(team, root, "", nil), st.moveCandidate(team, c.A, c.B, c.Reason, "REMOVE gpk, gsk", nil),
	})
	return err
}

// parted are the candidates that nobody has decided of the homes of one contact that are
// not in one part of it: one Query for each home that is not in its largest part.
func (st *Store) parted(ctx context.Context, team hub.TeamID, parts []Part) (open []hub.Candidate, err error) {
	part, largest := map[hub.HomeID]int{}, 0
	for i, p := range parts {
		if len(p.Members) > len(parts[largest].Members) {
			largest = i
		}
		for _, home := range p.Members {
			part[home] = i
		}
	}
	for i, p := range parts {
		if i == largest {
			continue
		}
		for _, home := range p.Members {
			list, err := st.Candidates(ctx, team, home)
			if err != nil {
				return nil, err
			}
			for _, c := range list {
				other := c.A
				if other == home {
					other = c.B
				}
				in, within := part[other]
				// Of two homes that are both read, the smaller one tells it.
				if within && in != i && c.Decision == "" && (in == largest || home == c.A) {
					open = append(open, c)
				}
			}
		}
	}
	return open, nil
}
