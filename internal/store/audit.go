package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// audit is the part of a transaction that writes down who makes the change. The same
// call done again leaves one entry.
func (st *Store) audit(team hub.TeamID, a hub.Audit) types.TransactWriteItem {
	it := key(auditPK(team, Day(a.At)), auditSK(a))
	it["who"] = s(a.Actor.ID)
	it["kind"] = s(string(a.Actor.Kind))
	it["act"] = s(a.Action)
	it["on"] = s(a.Target)
	it["at"] = n(a.At)
	it["tr"] = s(a.Trace)
	for name, fields := range map[string]map[string]string{"was": a.Before, "now": a.After} {
		if len(fields) == 0 {
			continue
		}
		m := item{}
		for field, v := range fields {
			m[field] = s(cut(v, maxRegister))
		}
		it[name] = &types.AttributeValueMemberM{Value: m}
	}
	return types.TransactWriteItem{Put: &types.Put{TableName: &st.Tables.Contacts, Item: it}}
}

// Audits reads what was changed on a UTC day ("20261122"), oldest first, after the
// place of an entry ("" = from the first), at most limit. The place of the last one
// read continues; "" = there is no more.
func (st *Store) Audits(ctx context.Context, team hub.TeamID, day, after string, limit int) (list []hub.Audit, next string, err error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Contacts, KeyConditionExpression: aws.String("PK=:p AND SK > :a"),
		ExpressionAttributeValues: item{":p": s(auditPK(team, day)), ":a": s(after + " ")},
		ConsistentRead:            aws.Bool(true), Limit: aws.Int32(int32(limit)),
	})
	if err != nil {
		return nil, "", wrap("read audit", err)
	}
	for _, it := range out.Items {
		list = append(list, readAudit(it))
	}
	if out.LastEvaluatedKey != nil {
		next = str(out.LastEvaluatedKey, skAttr)
	}
	return list, next, nil
}

// AuditsOf reads, consistently, the entries of a time that bear some ids, by which who
// made a change finds it again. Those that there are not are left out.
func (st *Store) AuditsOf(ctx context.Context, team hub.TeamID, at hub.Millis, ids ...string) ([]hub.Audit, error) {
	var keys []item
	for _, id := range ids {
		keys = append(keys, key(auditPK(team, Day(at)), auditSK(hub.Audit{ID: id, At: at})))
	}
	items, err := st.getAll(ctx, "read audit entries", st.Tables.Contacts, keys)
	var list []hub.Audit
	for _, it := range items {
		list = append(list, readAudit(it))
	}
	return list, err
}

func readAudit(it item) hub.Audit {
	_, id, _ := strings.Cut(str(it, skAttr), "#")
	return hub.Audit{
		ID: id, Actor: hub.Actor{Kind: hub.ActorKind(str(it, "kind")), ID: str(it, "who")}, Action: str(it, "act"), Target: str(it, "on"),
		At: millis(it, "at"), Trace: str(it, "tr"), Before: texts(it, "was"), After: texts(it, "now"),
	}
}

// texts reads a map of texts.
func texts(it item, name string) map[string]string {
	m, ok := it[name].(*types.AttributeValueMemberM)
	if !ok {
		return nil
	}
	out := map[string]string{}
	for field := range m.Value {
		out[field] = str(m.Value, field)
	}
	return out
}
