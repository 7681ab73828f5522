package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

type auditKey struct{}

// auditing is a fact that waits for the change that it tells of.
type auditing struct {
	team  hub.TeamID
	audit hub.Audit
}

// WithAudit says who makes the changes of connections and accounts that are made in a
// context: each transaction that makes one writes it down. They pass through several
// hands, down to which nobody else needs to know who it was.
func WithAudit(ctx context.Context, team hub.TeamID, a hub.Audit) context.Context {
	return context.WithValue(ctx, auditKey{}, auditing{team, a})
}

// audited adds to a transaction the fact of who makes it, if the context says.
func (st *Store) audited(ctx context.Context, actions []types.TransactWriteItem) []types.TransactWriteItem {
	a, ok := ctx.Value(auditKey{}).(auditing)
	if !ok {
		return actions
	}
	return append(actions[:len(actions):len(actions)], st.audit(a.team, a.audit))
}

// auditedBy tells whether the context says who makes a change.
func auditedBy(ctx context.Context) bool {
	_, ok := ctx.Value(auditKey{}).(auditing)
	return ok
}
