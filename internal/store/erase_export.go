package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// Source is one place in which something of a person lies, for an export.
type Source struct {
	kind  sourceKind
	table string
	pk    string
	ref   Ref
	homes []string // targets of audit entries that are chosen
}

type sourceKind int

const (
	plainSource sourceKind = iota
	messageSource
	quarantineSource
	auditSource
)

// Sources are all places in which something of a person lies: homes, channel users, what
// is quarantined of them, and the audit of each UTC day on which something of the homes
// was changed, in an order that is always the same.
func (st *Store) Sources(team hub.TeamID, homes []hub.Home, users []hub.UserKey) []Source {
	var list []Source
	var targets []string
	since := st.now()
	for _, h := range homes {
		list = append(list, Source{kind: plainSource, table: st.Tables.Contacts, pk: homePK(team, h.ID)})
		targets = append(targets, "home/"+string(h.ID))
		since = min(since, h.Created)
	}
	for _, u := range users {
		list = append(list, Source{kind: messageSource, table: st.Tables.Messages, pk: userPK(team, u), ref: Ref{team, u}})
	}
	for _, u := range users {
		list = append(list, Source{kind: quarantineSource, table: st.Tables.Ledger, pk: quarantineUserPK(team, u), ref: Ref{team, u}})
	}
	for at := since; Day(at) <= Day(st.now()); at = at.Add(24 * time.Hour) {
		list = append(list, Source{kind: auditSource, table: st.Tables.Contacts, pk: auditPK(team, Day(at)), homes: targets})
	}
	return list
}

// Exported is one item of a source: its attributes as plain values, and what it keeps raw.
type Exported struct {
	Key   string // its place in the source
	Item  map[string]any
	Bytes func(context.Context) ([]byte, error) // nil = nothing is kept raw
}

// Export reads items of a source after a place ("" = from the first), at most limit and
// a megabyte. The place of the last one that was read continues; "" = there is no more.
// A page may be empty before that. Attributes named in without are left out.
func (st *Store) Export(ctx context.Context, s0 Source, after string, limit int, without map[string]bool) (list []Exported, next string, err error) {
	const op = "export"
	in := &dynamodb.QueryInput{
		TableName: &s0.table, KeyConditionExpression: aws.String("PK=:p AND SK > :a"), ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit)),
		ExpressionAttributeValues: item{":p": s(s0.pk), ":a": s(after + " ")},
	}
	out, err := st.DB.Query(ctx, in)
	if err != nil {
		return nil, "", wrap(op, err)
	}
	for _, it := range out.Items {
		e, ok, err := st.exported(ctx, s0, it, without)
		if err != nil {
			return nil, "", err
		}
		if ok {
			list = append(list, e)
		}
	}
	if out.LastEvaluatedKey != nil {
		next = str(out.LastEvaluatedKey, skAttr)
	}
	return list, next, nil
}

func (st *Store) exported(ctx context.Context, s0 Source, it item, without map[string]bool) (e Exported, ok bool, err error) {
	sk := str(it, skAttr)
	e = Exported{Key: sk}
	switch s0.kind {
	case auditSource:
		if !slices.Contains(s0.homes, str(it, "on")) {
			return e, false, nil
		}
	case quarantineSource:
		if num(it, erasedMark) != 0 {
			return e, false, nil
		}
		q, err := st.QuarantinedEntry(ctx, s0.ref.Team, sk)
		if hub.CodeOf(err) == hub.NotFound {
			return e, false, nil
		}
		if err != nil {
			return e, false, err
		}
		if it, err = st.get(ctx, "export", st.Tables.Ledger, quarantineDayPK(q.Team, Day(q.At)), q.ID, true); err != nil {
			return e, false, err
		}
		e.Bytes = func(ctx context.Context) ([]byte, error) {
			body, _, err := st.QuarantinedBody(ctx, q)
			return body, err
		}
	case messageSource:
		if it["rw"] != nil || it["parts"] != nil {
			stored := it
			e.Bytes = func(ctx context.Context) ([]byte, error) { return st.rawOf(ctx, s0.ref, stored) }
		}
	}
	e.Item = map[string]any{}
	for name, v := range it {
		if without[name] || name == "rw" {
			continue
		}
		if e.Item[name], err = plainOf(v); err != nil {
			return e, false, hub.E(hub.Internal, "store: export", fmt.Errorf("attribute %s: %w", name, err))
		}
	}
	return e, true, nil
}

// Name says under what a source's items lie: "home/…", "user/…", "quarantine/…" or
// "audit/…".
func (s0 Source) Name() string {
	_, last, _ := strings.Cut(strings.TrimPrefix(s0.pk, "T#"), "#")
	mark, id, _ := strings.Cut(last, "#")
	return map[string]string{"H": "home", "U": "user", "QU": "quarantine", "AUD": "audit"}[mark] + "/" + id
}
