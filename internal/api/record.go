package api

import (
	"context"
	"strings"
	"time"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// day is the UTC day that the query names, as the tables have it; today's if it names
// none.
func (c *call) day() (string, error) {
	text := c.text("day")
	if text == "" {
		return store.Day(c.now), nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return "", problem.Parameter("day", "must be a date")
	}
	return store.Day(hub.MillisOf(at)), nil
}

type quarantinedShown struct {
	ID         string           `json:"id"`
	At         *string          `json:"at"`
	Channel    hub.Channel      `json:"channel"`
	Connection hub.ConnectionID `json:"connection"`
	Account    hub.AccountID    `json:"account"`
	Thread     *hub.UserKey     `json:"thread"`
	Reason     hub.Code         `json:"reason"`
	Advice     string           `json:"advice"`
	Detail     string           `json:"detail"`
	Size       int              `json:"size"`
	Trace      string           `json:"trace"`
	KeptUntil  *string          `json:"kept_until"`
	Begun      *string          `json:"replay_begun_at"`
	Replayed   *string          `json:"replayed_at"`
}

func showQuarantined(q store.Quarantined) quarantinedShown {
	return quarantinedShown{
		ID: q.ID, At: instant(q.At), Channel: q.Channel, Connection: q.Connection, Account: q.Account, Thread: some(q.User),
		Reason: q.Reason, Advice: q.Reason.Advice(), Detail: q.Detail, Size: q.Size, Trace: q.Trace,
		KeptUntil: instant(q.At.Add(store.QuarantineRetention)), Begun: instant(q.Begun), Replayed: instant(q.Replayed),
	}
}

// paged reads pages of a list until one holds something that the filter lets through,
// or the list ends: a filter must not make a caller turn empty pages for ever. It reads
// few pages at a time, though, so that one call has its bounds.
func paged[T any](c *call, read func(after string) ([]T, string, error), fits func(T) bool) ([]T, string, error) {
	after, err := c.place()
	if err != nil {
		return nil, "", err
	}
	var found []T
	for range maxEmptyPages {
		var entries []T
		if entries, after, err = read(after); err != nil {
			return nil, "", err
		}
		for _, e := range entries {
			if fits(e) {
				found = append(found, e)
			}
		}
		if after == "" || len(found) > 0 {
			break
		}
	}
	return found, after, nil
}

const maxEmptyPages = 10

// listQuarantine lists what lies in the team's quarantine of a day, without content.
func (a *API) listQuarantine(ctx context.Context, c *call) (answer, error) {
	day, err := c.day()
	if err != nil {
		return answer{}, err
	}
	entries, next, err := paged(c, func(after string) ([]store.Quarantined, string, error) {
		return a.Store.QuarantinePage(ctx, c.team.ID, day, after, c.limit())
	}, func(q store.Quarantined) bool {
		account, reason := c.text("account"), c.text("reason")
		return (account == "" || string(q.Account) == account) && (reason == "" || string(q.Reason) == reason)
	})
	return page(c, entries, next, showQuarantined), err
}

func (a *API) showQuarantined(ctx context.Context, c *call) (answer, error) {
	q, err := a.Store.QuarantinedEntry(ctx, c.team.ID, c.param("entry"))
	return answer{body: showQuarantined(q)}, err
}

type auditShown struct {
	ID     string            `json:"id"`
	At     *string           `json:"at"`
	Actor  actorShown        `json:"actor"`
	Action string            `json:"action"`
	Target string            `json:"target"`
	Before map[string]string `json:"before"`
	After  map[string]string `json:"after"`
	Trace  string            `json:"trace"`
}

type actorShown struct {
	Kind hub.ActorKind `json:"kind"`
	ID   string        `json:"id"`
}

func showAudit(e hub.Audit) auditShown {
	out := auditShown{ID: e.ID, At: instant(e.At), Actor: actorShown{e.Actor.Kind, e.Actor.ID}, Action: e.Action, Target: e.Target,
		Before: e.Before, After: e.After, Trace: e.Trace}
	if out.Before == nil {
		out.Before = map[string]string{}
	}
	if out.After == nil {
		out.After = map[string]string{}
	}
	return out
}

// listAudit lists what was changed on a day, oldest first.
func (a *API) listAudit(ctx context.Context, c *call) (answer, error) {
	day, err := c.day()
	if err != nil {
		return answer{}, err
	}
	actor, action, target := c.text("actor"), c.text("action"), c.text("target")
	entries, next, err := paged(c, func(after string) ([]hub.Audit, string, error) {
		return a.Store.Audits(ctx, c.team.ID, day, after, c.limit())
	}, func(e hub.Audit) bool {
		return (actor == "" || e.Actor.ID == actor) && (target == "" || e.Target == target) &&
			(action == "" || e.Action == action || strings.HasPrefix(e.Action, action+"."))
	})
	return page(c, entries, next, showAudit), err
}
