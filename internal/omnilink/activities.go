package omnilink

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Activities keeps the activities of teams. Each change is written with its audit entry in
// one transaction. It is safe for concurrent use.
type Activities struct {
	Store    *store.Store
	Settings *settings.Reader
	Adapters map[hub.Channel]channel.Adapter
	// Module tells of which channel a module of the bot is. NotFound if there is none.
	Module func(context.Context, hub.TeamID, hub.ModuleID) (hub.Channel, error)
	Now    func() time.Time
}

// What forbids to make an activity, as the cause of an error with the code Refused.
var (
	// ErrTaken: there is an activity of the id, which is another one.
	ErrTaken = errors.New("there is an activity of this id")
	// ErrEnded: there was one, whose cards are still out.
	ErrEnded = errors.New("an activity of this id was deleted, and its links are still out: choose another id")
)

// Listed is an activity with what it has come to.
type Listed struct {
	hub.Activity
	Totals store.LinkTotals
}

// List is a page of a team's activities by their ids, after one ("" = from the first), at
// most limit. The last one's id continues; "" = there is no more.
func (a *Activities) List(ctx context.Context, team hub.TeamID, after hub.ActivityID, limit int) (list []Listed, next hub.ActivityID, err error) {
	found, next, err := a.Store.Activities(ctx, team, after, limit)
	if err != nil || len(found) == 0 {
		return nil, "", err
	}
	ids := make([]hub.ActivityID, len(found))
	for i, act := range found {
		ids[i] = act.ID
	}
	totals, err := a.Store.LinkTotals(ctx, team, ids)
	for _, act := range found {
		list = append(list, Listed{act, totals[act.ID]})
	}
	return list, next, err
}

// Get is one activity. NotFound if there is none.
func (a *Activities) Get(ctx context.Context, team hub.TeamID, id hub.ActivityID) (Listed, error) {
	if !id.Valid() {
		return Listed{}, hub.E(hub.NotFound, "omnilink: read activity", errors.New("no such activity"))
	}
	act, err := a.Store.Activity(ctx, team, id, store.Strict)
	if err != nil {
		return Listed{}, err
	}
	totals, err := a.Store.LinkTotals(ctx, team, []hub.ActivityID{id})
	return Listed{act, totals[id]}, err
}

// Save makes an activity (Version 0), or changes the one that has its id and version. It
// answers the activity as it stands then, and what the people should know of it that
// hinders nothing. A change takes effect within a minute; links that were tapped before
// go where they led.
//
// Making one that stands just so already changes nothing. Errors: BadRequest with a
// hub.FieldFault; Refused with ErrTaken or ErrEnded; NotFound if there is none to be
// changed; Conflict if it has another version.
func (a *Activities) Save(ctx context.Context, team hub.TeamID, act hub.Activity, audit hub.Audit) (hub.Activity, []string, error) {
	const op = "omnilink: save activity"
	act = trimmed(act)
	if act.Confirm == "" {
		act.Confirm = hub.ConfirmMatters
	}
	if err := act.Check(); err != nil {
		return act, nil, err
	}
	advice, err := a.fits(ctx, team, &act)
	if err != nil {
		return act, nil, err
	}
	old, err := a.Store.Activity(ctx, team, act.ID, store.Strict)
	missing := hub.CodeOf(err) == hub.NotFound
	switch {
	case err != nil && (!missing || act.Version != 0):
		return act, nil, err
	case err == nil && act.Version == 0:
		act.Created, act.Changed, act.Version = old.Created, old.Changed, old.Version
		if reflect.DeepEqual(told(act), told(old)) && old.Version == 1 {
			return old, advice, nil
		}
		return act, nil, hub.E(hub.Refused, op, ErrTaken)
	case old.Version != act.Version:
		return act, nil, changed("save")
	}
	now := hub.MillisOf(a.Now())
	act.Created, act.Changed = old.Created, now
	if missing {
		act.Created = now
		switch ended, err := a.Store.ActivityEnded(ctx, team, act.ID); {
		case err != nil:
			return act, nil, err
		case ended:
			return act, nil, hub.E(hub.Refused, op, ErrEnded)
		}
	}
	audit.Before, audit.After = differences(old, act)
	if err := a.Store.SaveActivity(ctx, team, act, audit); err != nil {
		return act, nil, err
	}
	act.Version++
	return act, advice, nil
}

// Advice is what the people should know of an activity as it stands, as Save answers it:
// nothing of one that would not be taken as it is today.
func (a *Activities) Advice(ctx context.Context, team hub.TeamID, act hub.Activity) ([]string, error) {
	advice, err := a.fits(ctx, team, &act)
	if hub.CodeOf(err) == hub.BadRequest {
		return nil, nil
	}
	return advice, err
}

func changed(what string) error {
	return hub.E(hub.Conflict, "omnilink: "+what+" activity", errors.New("it has another version"))
}

// Enable turns an activity on or off; its links tell that they lead nowhere while it is
// off. Errors: NotFound; Conflict if it has another version.
func (a *Activities) Enable(ctx context.Context, team hub.TeamID, id hub.ActivityID, version int, on bool, audit hub.Audit) (hub.Activity, error) {
	seen, err := a.seen(ctx, team, id, version, "enable")
	if err != nil || seen.Enabled == on {
		return seen, err
	}
	next := seen
	next.Enabled, next.Changed = on, hub.MillisOf(a.Now())
	audit.Before, audit.After = differences(seen, next)
	if err := a.Store.SaveActivity(ctx, team, next, audit); err != nil {
		return seen, err
	}
	next.Version++
	return next, nil
}

// Delete deletes an activity. What came of it stays with its contacts, and is not shown
// any more. Errors: NotFound; Conflict if it has another version.
func (a *Activities) Delete(ctx context.Context, team hub.TeamID, id hub.ActivityID, version int, audit hub.Audit) error {
	seen, err := a.seen(ctx, team, id, version, "delete")
	if err != nil {
		return err
	}
	audit.Before = told(seen)
	return a.Store.DeleteActivity(ctx, team, seen, audit)
}

func (a *Activities) seen(ctx context.Context, team hub.TeamID, id hub.ActivityID, version int, what string) (hub.Activity, error) {
	act, err := a.Get(ctx, team, id)
	if err == nil && act.Version != version {
		err = changed(what)
	}
	return act.Activity, err
}

// Users are the activities that say a module, each as "activity/<id>". It reads all of the
// team's.
func (a *Activities) Users(ctx context.Context, team hub.TeamID, module hub.ModuleID) (users []string, err error) {
	for after := hub.ActivityID(""); ; {
		list, next, err := a.Store.Activities(ctx, team, after, usersPage)
		if err != nil {
			return nil, err
		}
		for _, act := range list {
			if module != "" && (act.Success.Source.Module == module || act.Success.Target.Module == module || act.Failure.Module == module) {
				users = append(users, "activity/"+string(act.ID))
			}
		}
		if after = next; next == "" {
			return users, nil
		}
	}
}

const usersPage = 100

func trimmed(a hub.Activity) hub.Activity {
	for _, text := range []*string{&a.Name, &a.Card.Text, &a.Card.Button, &a.Message, &a.Journey} {
		*text = strings.TrimSpace(*text)
	}
	return a
}

// told is an activity as the audit has it.
func told(a hub.Activity) map[string]string {
	if a.ID == "" {
		return nil
	}
	fields := map[string]string{
		"name": a.Name, "enabled": strconv.FormatBool(a.Enabled), "source_account": string(a.Source), "target_account": string(a.Target),
		"card.text": a.Card.Text, "card.button": a.Card.Button, "message": a.Message, "journey": a.Journey, "confirm": string(a.Confirm),
		"success.source": toldSay(a.Success.Source), "success.target": toldSay(a.Success.Target), "failure.source": toldSay(a.Failure),
		"tags.source": fmt.Sprintf("%q", a.Tags.Source), "tags.target": fmt.Sprintf("%q", a.Tags.Target), "card.image": "",
	}
	if i := a.Card.Image; i != nil {
		fields["card.image"] = i.ID
	}
	return fields
}

func toldSay(s hub.Say) string {
	if s.Module != "" {
		return "module " + string(s.Module)
	}
	return s.Text
}

// differences are the fields in which two versions differ, before and after.
func differences(old, next hub.Activity) (was, is map[string]string) {
	before, after := told(old), told(next)
	was, is = map[string]string{}, map[string]string{}
	for field, v := range after {
		if before[field] != v {
			was[field], is[field] = before[field], v
		}
	}
	return was, is
}
