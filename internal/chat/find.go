package chat

import (
	"context"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/store"
)

// find looks for a send whose answer was lost, once, when no receipt has come in its
// time: where echoes bear no name of ours, among those that stand in the log as another
// system's, and then among what the platform has. Both know it by its words alone. It
// answers done if the send is settled, or waits for the platform's answer; else the send
// is judged by its class.
func (sn *Sender) find(ctx context.Context, a *attempt, c store.Claim) (done bool, err error) {
	finder, ok := a.adapter.(channel.Finder)
	if !ok {
		return false, nil
	}
	since := max(c.Since, a.q.Intent.Accepted).Add(-claimMargin)
	caps, content := a.adapter.Capabilities(), a.q.Intent.Content
	if caps.Echoes && !caps.ReceiptRef && content.Type == hub.Text {
		id, err := sn.Store.EchoLike(ctx, a.q.Ref, content.Text, since)
		if err != nil {
			return false, err
		}
		if id != "" {
			return true, sn.found(ctx, a, channel.Sent{PlatformID: id})
		}
	}
	patient := hub.MillisOf(sn.Now()) <= c.Deadline.Add(findPatience)
	if code := sn.closed(a, true); code != "" {
		if !patient {
			return false, nil
		}
		return true, sn.rest(ctx, a, code)
	}
	failpoint.AfterClaim.Hit()
	known, rival, err := sn.Store.Borne(ctx, a.q.Ref.Team, a.thread, a.q.Intent.Key, content.Words())
	if err != nil {
		return false, err
	}
	if rival && patient {
		return true, sn.park(ctx, a, shortWait) // what is found may be the other's, of which a receipt may still come
	}
	for _, id := range a.q.Refused {
		known[id] = true
	}
	sent, found, err := finder.Find(ctx, a.account, a.outgoing(), since, known)
	if err == nil {
		sn.refused.forget(a.of())
	}
	switch code := hub.CodeOf(err); {
	case code == hub.TokenExpired && patient:
		return true, sn.expired(ctx, a, err)
	case code.Retryable() && patient:
		return true, sn.later(ctx, a, err)
	case err != nil || !found:
		sn.Log.Info("send not found", "trace", a.q.Intent.Trace, "code", code)
		return false, nil
	}
	return true, sn.found(ctx, a, sent)
}

func (sn *Sender) found(ctx context.Context, a *attempt, sent channel.Sent) error {
	sn.Log.Warn("send found", "trace", a.q.Intent.Trace)
	sn.Metrics.Add(metric.SendsReconciled, 1, a.channel())
	return sn.finish(ctx, a, "find", sent, nil)
}
