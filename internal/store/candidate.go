package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

const candidateMark = "K#"

// PutCandidate writes, once for each reason, that two homes may be one person: first
// at the greater home, then at the smaller one, where it is listed. Quiet, it is not
// published: nobody can decide it now.
func (st *Store) PutCandidate(ctx context.Context, team hub.TeamID, c hub.Candidate, quiet bool) error {
	c.A, c.B = hub.EdgeOf(c.A, c.B)
	for _, at := range [][2]hub.HomeID{{c.B, c.A}, {c.A, c.B}} {
		it := key(homePK(team, at[0]), candidateSK(at[1], c.Reason))
		it["reason"] = s(c.Reason)
		it["at"] = n(c.At)
		if at[0] == c.A {
			it[dueBucket], it[dueSort] = s(candidateBucket(team, shardOf(string(c.A)))), s(candidateSort(c))
			if !quiet {
				it["pub"] = s(hub.ContactCandidate)
			}
		}
		if _, _, err := st.putNew(ctx, "put candidate", st.Tables.Contacts, it); err != nil {
			return err
		}
	}
	return nil
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

// tellAgain lists a candidate again and has it published: its homes were one contact,
// and are no more.
func (st *Store) tellAgain(team hub.TeamID, c hub.Candidate) types.TransactWriteItem {
	action := st.relist(team, c, ", pub=:p ADD rev :one")
	action.Update.ExpressionAttributeValues[":p"], action.Update.ExpressionAttributeValues[":one"] = s(hub.ContactCandidate), n(1)
	return action
}

func (st *Store) moveCandidate(team hub.TeamID, at, other hub.HomeID, reason, update string, values item) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &st.Tables.Contacts, Key: key(homePK(team, at), candidateSK(other, reason)), UpdateExpression: &update,
		ConditionExpression: aws.String("attribute_exists(SK)"), ExpressionAttributeValues: values,
	}}
}

// Unlist takes a candidate whose homes are joined off the list, in one transaction
// with the check that their own edge is live: an undoing of it lists it again.
func (st *Store) Unlist(ctx context.Context, team hub.TeamID, c hub.Candidate) error {
	_, err := st.transact(ctx, "close candidate", []types.TransactWriteItem{
		{ConditionCheck: &types.ConditionCheck{
			TableName: &st.Tables.Contacts, Key: key(homePK(team, c.A), edgeSK(c.B)),
			ConditionExpression: aws.String("attribute_exists(SK) AND attribute_not_exists(undone)"),
		}},
		st.moveCandidate(team, c.A, c.B, c.Reason, "REMOVE gpk, gsk", nil),
	})
	return err
}
