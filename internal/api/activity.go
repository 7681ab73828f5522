package api

import (
	"context"
	"errors"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

type activityShown struct {
	ID      hub.ActivityID  `json:"id"`
	Name    string          `json:"name"`
	Enabled bool            `json:"enabled"`
	Source  hub.AccountID   `json:"source_account"`
	Target  hub.AccountID   `json:"target_account"`
	Card    linkCard        `json:"card"`
	Message string          `json:"message"`
	Success linkSays        `json:"success"`
	Failure linkFailure     `json:"failure"`
	Tags    linkTags        `json:"tags"`
	Journey string          `json:"journey"`
	Confirm hub.LinkConfirm `json:"confirm"`
	Totals  linkTotals      `json:"totals"`
	Created *string         `json:"created_at"`
	Changed *string         `json:"changed_at"`
	Version int             `json:"version"`
}

// linkCard and the types after it are given as they are shown.
type linkCard struct {
	Text   string   `json:"text"`
	Button string   `json:"button"`
	Image  *picture `json:"image"`
}

type linkSays struct {
	Source *linkSay `json:"source"`
	Target *linkSay `json:"target"`
}

type linkFailure struct {
	Source *linkSay `json:"source"`
}

type linkSay struct {
	Text   string       `json:"text,omitempty"`
	Module hub.ModuleID `json:"module,omitempty"`
}

type linkTags struct {
	Source []string `json:"source"`
	Target []string `json:"target"`
}

type linkTotals struct {
	Links  int `json:"successes"`
	People int `json:"people"`
	New    int `json:"new_contacts"`
}

func saying(s hub.Say) *linkSay {
	if s == (hub.Say{}) {
		return nil
	}
	return &linkSay{s.Text, s.Module}
}

func (s *linkSay) say() hub.Say {
	if s == nil {
		return hub.Say{}
	}
	return hub.Say{Text: s.Text, Module: s.Module}
}

func (c *call) showActivity(l omnilink.Listed) activityShown {
	return activityShown{
		ID: l.ID, Name: l.Name, Enabled: l.Enabled, Source: l.Source, Target: l.Target,
		Card: linkCard{l.Card.Text, l.Card.Button, c.picture(l.Card.Image)}, Message: l.Message,
		Success: linkSays{saying(l.Success.Source), saying(l.Success.Target)}, Failure: linkFailure{saying(l.Failure)},
		Tags:    linkTags{append([]string{}, l.Tags.Source...), append([]string{}, l.Tags.Target...)},
		Journey: l.Journey, Confirm: l.Confirm, Totals: linkTotals(l.Totals),
		Created: instant(l.Created), Changed: instant(l.Changed), Version: l.Version,
	}
}

func (c *call) activity() hub.ActivityID { return hub.ActivityID(c.param("activity")) }

// listActivities lists a team's activities, by their ids, with what they have come to.
func (a *API) listActivities(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	list, next, err := a.Activities.List(ctx, c.team.ID, hub.ActivityID(place), c.limit())
	if err != nil {
		return answer{}, err
	}
	n, err := fitting(list, c.showActivity)
	if err == nil && n < len(list) {
		list, next = list[:n], list[n-1].ID
	}
	return page(c, list, string(next), c.showActivity), err
}

func (a *API) showActivity(ctx context.Context, c *call) (answer, error) {
	l, err := a.Activities.Get(ctx, c.team.ID, c.activity())
	return answer{body: c.showActivity(l), version: l.Version}, err
}

// activityGiven is what is given of an activity: all of it. What is not given is not there.
type activityGiven struct {
	ID      hub.ActivityID  `json:"id"` // of a new one
	Name    string          `json:"name"`
	Enabled bool            `json:"enabled"`
	Source  hub.AccountID   `json:"source_account"`
	Target  hub.AccountID   `json:"target_account"`
	Card    linkCard        `json:"card"`
	Message string          `json:"message"`
	Success linkSays        `json:"success"`
	Failure linkFailure     `json:"failure"`
	Tags    linkTags        `json:"tags"`
	Journey string          `json:"journey"`
	Confirm hub.LinkConfirm `json:"confirm"`
}

// activityIn reads what was given of an activity. A new one that was given no id has the
// one that the call makes.
func (c *call) activityIn() (hub.Activity, error) {
	var in activityGiven
	if err := c.read(&in); err != nil {
		return hub.Activity{}, err
	}
	out := hub.Activity{
		ID: in.ID, Name: in.Name, Enabled: in.Enabled, Source: in.Source, Target: in.Target,
		Card: hub.LinkCard{Text: in.Card.Text, Button: in.Card.Button}, Message: in.Message,
		Success: hub.LinkSays{Source: in.Success.Source.say(), Target: in.Success.Target.say()}, Failure: in.Failure.Source.say(),
		Tags: hub.LinkTags(in.Tags), Journey: in.Journey, Confirm: in.Confirm,
	}
	if in.Card.Image != nil {
		if !c.proved(in.Card.Image) {
			return out, problem.Body("/card/image/proof", "is not that of this picture: give the picture as takePicture or the activity has answered it")
		}
		out.Card.Image = in.Card.Image.stored()
	}
	switch {
	case c.param("activity") != "":
		out.ID, out.Version = c.activity(), c.match
	case out.ID == "":
		out.ID = hub.ActivityID(hub.Digest("activity", string(c.team.ID), c.id())[:16])
	}
	return out, nil
}

// activitySaved is an activity with what people should know of it.
type activitySaved struct {
	activityShown
	Advice []string `json:"advice"`
}

func (a *API) saveActivity(ctx context.Context, c *call, action string) (answer, error) {
	in, err := c.activityIn()
	if err != nil {
		return answer{}, err
	}
	saved, advice, err := a.Activities.Save(ctx, c.team.ID, in, c.audit(action, "activity/"+string(in.ID)))
	switch {
	case errors.Is(err, omnilink.ErrTaken), errors.Is(err, omnilink.ErrEnded):
		p := problem.New(hub.Refused, problem.Field{Field: "/id", Detail: errors.Unwrap(err).Error()})
		p.Cause = err
		return answer{}, p
	case err != nil:
		return answer{}, err
	}
	return a.oneSaved(ctx, c, saved, advice)
}

func (a *API) oneSaved(ctx context.Context, c *call, saved hub.Activity, advice []string) (answer, error) {
	l, err := a.counted(ctx, c, saved)
	return answer{body: activitySaved{c.showActivity(l), append([]string{}, advice...)}, version: l.Version}, err
}

// counted is an activity with what it has come to.
func (a *API) counted(ctx context.Context, c *call, act hub.Activity) (omnilink.Listed, error) {
	totals, err := a.Store.LinkTotals(ctx, c.team.ID, []hub.ActivityID{act.ID})
	return omnilink.Listed{Activity: act, Totals: totals[act.ID]}, err
}

func (a *API) createActivity(ctx context.Context, c *call) (answer, error) {
	return a.saveActivity(ctx, c, "activity.create")
}

func (a *API) changeActivity(ctx context.Context, c *call) (answer, error) {
	// What is not there, or not any more as it was read, is told before what is wrong.
	seen, err := a.Store.Activity(ctx, c.team.ID, c.activity(), store.Strict)
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(seen.Version); err != nil {
		return answer{}, err
	}
	return a.saveActivity(ctx, c, "activity.change")
}

// activityMade tells of the activity that was made.
func (a *API) activityMade(ctx context.Context, c *call) (answer, error) {
	in, err := c.activityIn()
	if err != nil {
		return answer{}, err
	}
	return a.activityTold(ctx, c, in.ID)
}

// activityChanged tells of the activity that was changed.
func (a *API) activityChanged(ctx context.Context, c *call) (answer, error) {
	return a.activityTold(ctx, c, c.activity())
}

func (a *API) activityTold(ctx context.Context, c *call, id hub.ActivityID) (answer, error) {
	l, err := a.Activities.Get(ctx, c.team.ID, id)
	if err != nil {
		return answer{}, sinceGone(err)
	}
	advice, err := a.Activities.Advice(ctx, c.team.ID, l.Activity)
	if err != nil {
		return answer{}, err
	}
	return a.oneSaved(ctx, c, l.Activity, advice)
}

func (a *API) removeActivity(ctx context.Context, c *call) (answer, error) {
	return answer{}, a.Activities.Delete(ctx, c.team.ID, c.activity(), c.match, c.audit("activity.remove", "activity/"+string(c.activity())))
}

func (a *API) enableActivity(ctx context.Context, c *call) (answer, error) {
	return a.switchActivity(ctx, c, "activity.enable", true)
}

func (a *API) disableActivity(ctx context.Context, c *call) (answer, error) {
	return a.switchActivity(ctx, c, "activity.disable", false)
}

// switchActivity turns an activity on or off, whatever version it has.
func (a *API) switchActivity(ctx context.Context, c *call, action string, on bool) (answer, error) {
	audit := c.audit(action, "activity/"+string(c.activity()))
	var l omnilink.Listed
	err := settings.Settle(func() (err error) {
		if l, err = a.Activities.Get(ctx, c.team.ID, c.activity()); err == nil {
			l.Activity, err = a.Activities.Enable(ctx, c.team.ID, l.ID, l.Version, on, audit)
		}
		return err
	})
	return answer{body: c.showActivity(l), version: l.Version}, err
}
