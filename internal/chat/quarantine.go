package chat

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/store"
)

// Quarantine keeps aside what was accepted and cannot be acted upon, with its raw
// bytes. What it keeps is acknowledged; each entry is logged for the alarm.
type Quarantine struct {
	Store   *store.Store
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metric.Meter
}

// Event keeps an envelope's event.
func (qu Quarantine) Event(ctx context.Context, e hub.Envelope, code hub.Code, detail string) error {
	id := hub.Digest("event", string(e.Connection), string(e.Account), e.Event, e.Hash, string(code))
	return qu.keep(ctx, e, store.Quarantined{
		ID: id, Reason: code, Detail: detail, Size: len(e.Raw), Chunks: 1,
		Known: store.Known{Event: e.Event, Hash: e.Hash, Head: e.Head},
	}, 0)
}

// Chunk keeps a chunk envelope's piece.
func (qu Quarantine) Chunk(ctx context.Context, e hub.Envelope) error {
	c := e.Chunk
	return qu.keep(ctx, e, store.Quarantined{
		ID: c.ID, Reason: c.Reason, Detail: c.Detail, Size: c.Size, Chunks: c.Total,
		Known: store.Known{Event: e.Event, Hash: e.Hash, Head: e.Head, External: c.External, Person: hub.Personal(c.Person)},
	}, c.Index)
}

// deploymentTeam owns what belongs to no team.
const deploymentTeam hub.TeamID = "hub"

// Unreadable keeps a message that is not what the hub itself writes.
func (qu Quarantine) Unreadable(ctx context.Context, body, detail string) error {
	return qu.Record(ctx, store.Origin{}, 0, body, detail)
}

// Record keeps a record of a change stream, of a time, that is not what the hub itself
// writes: as far as its key tells whose it is, with whom, so that an erasure finds it.
func (qu Quarantine) Record(ctx context.Context, of store.Origin, at hub.Millis, body, detail string) error {
	e := hub.Envelope{
		Team: cmp.Or(of.Team, deploymentTeam), User: of.Owner, Raw: []byte(body), Received: hub.MillisOf(qu.Now()), Trace: hub.TraceOf(ctx),
	}
	return qu.keep(ctx, e, store.Quarantined{
		ID: hub.Digest("body", body), Reason: hub.Unparsable, Detail: detail, Size: len(body), Chunks: 1, Of: cmp.Or(of.At(), at),
	}, 0)
}

func (qu Quarantine) keep(ctx context.Context, e hub.Envelope, q store.Quarantined, chunk int) error {
	q.Team, q.Connection, q.Account, q.Channel = e.Team, e.Connection, e.Account, e.Channel
	q.User, q.At, q.Trace = e.User, e.Received, e.Trace
	if err := qu.Store.Quarantine(ctx, q, chunk, e.Raw); err != nil {
		return err
	}
	qu.Log.Warn("quarantined", "trace", e.Trace, "code", q.Reason, "id", q.ID, "chunk", chunk)
	qu.Metrics.Add(metric.Quarantined, 1, metric.Code(q.Reason))
	return nil
}
