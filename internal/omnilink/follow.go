package omnilink

import (
	"context"

	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Follow does what follows from a link that stands, as far as it was not done: it is
// written down, both sides are told, and tagged. For whoever learns of the link by the
// bus. Code is the code's hash, and target the home of its other side. Nothing happens
// for a code that came to no link.
func (l *Linker) Follow(ctx context.Context, team hub.TeamID, code string, target hub.HomeID) error {
	t, err := l.Settings.Team(ctx, team)
	if err != nil {
		return err
	}
	c, err := l.Store.LinkCode(ctx, team, code)
	if hub.CodeOf(err) == hub.NotFound || err == nil && c.State != store.LinkUsed {
		return nil
	}
	if err != nil {
		return err
	}
	return l.follow(ctx, t, c, target)
}

// follow does all that follows from a link, each once. What fails for good is logged, and
// holds up nothing; an error is of what is to be tried again.
func (l *Linker) follow(ctx context.Context, team *settings.Team, c store.LinkCode, target hub.HomeID) error {
	homes, err := l.Store.Homes(ctx, team.ID, []hub.HomeID{c.Source, target})
	if err != nil {
		return err
	}
	var from, to hub.Home // one that was erased since is missing
	for _, h := range homes {
		switch h.ID {
		case c.Source:
			from = h
		case target:
			to = h
		}
	}
	act, err := l.Settings.Activity(ctx, team.ID, c.Activity)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return err
	}
	if from.ID != "" && to.ID != "" {
		if err := l.record(ctx, team, c, from, to, act.Journey); err != nil {
			return err
		}
		failpoint.AfterWrite.Hit()
	}
	var after error
	also := func(err error) {
		failpoint.AfterWrite.Hit()
		if after == nil {
			after = err
		}
	}
	also(l.say(ctx, team.ID, c, from, "source", act.Success.Source, nil))
	also(l.say(ctx, team.ID, c, to, "target", act.Success.Target, nil))
	also(l.tag(ctx, team.ID, c, from, "source", act.Tags.Source))
	also(l.tag(ctx, team.ID, c, to, "target", act.Tags.Target))
	return after
}

// record writes a link down, with its counts.
func (l *Linker) record(ctx context.Context, team *settings.Team, c store.LinkCode, from, to hub.Home, journey string) error {
	return settings.Settle(func() error {
		p, err := l.Store.Participation(ctx, team.ID, c.Source, c.Activity)
		if hub.CodeOf(err) == hub.NotFound {
			return nil // it was erased since
		}
		if err != nil {
			return err
		}
		return l.Store.RecordLink(ctx, team.ID, store.Link{
			Code: c.Hash, Part: p, Source: from, Target: to.ID, TargetAccount: to.Account, TargetChannel: to.Channel,
			At: c.Done, Tapped: c.Minted, New: c.New, Journey: journey,
		})
	})
}

// say has something said to a side of a link, once.
func (l *Linker) say(ctx context.Context, team hub.TeamID, c store.LinkCode, home hub.Home, what string, say hub.Say, content *hub.Content) error {
	if home.ID == "" || home.Account == "" || say == (hub.Say{}) && content == nil {
		return nil
	}
	return l.passed(ctx, what+" message", l.Say(ctx, Message{
		Team: team, Account: home.Account, Home: home.ID, To: home.External, ID: callID(c, what), At: c.Done, Say: say, Content: content,
	}))
}

func (l *Linker) tag(ctx context.Context, team hub.TeamID, c store.LinkCode, home hub.Home, what string, names []string) error {
	if home.ID == "" || len(names) == 0 {
		return nil
	}
	return l.passed(ctx, what+" tags", l.Tag(ctx, Tagging{
		Team: team, Home: home.ID, Names: names, ID: callID(c, "tags of "+what), At: c.Done, Source: source, By: by,
	}))
}

// callID makes one of something that follows from a code.
func callID(c store.LinkCode, what string) string {
	return hub.Digest("omnilink call", c.Hash, what)[:26]
}

// passed is an error if what failed may succeed another time; else it is logged.
func (l *Linker) passed(ctx context.Context, what string, err error) error {
	if code := hub.CodeOf(err); err != nil && !code.Retryable() {
		l.Log.Warn("omnilink goes on without", "trace", hub.TraceOf(ctx), "detail", what, "code", code, "error", err)
		return nil
	}
	return err
}

// afterFailure notes a failure with its participation, and tells the source.
func (l *Linker) afterFailure(ctx context.Context, team *settings.Team, c store.LinkCode) error {
	if err := l.noteFailure(ctx, team.ID, c); err != nil {
		return err
	}
	act, err := l.Settings.Activity(ctx, team.ID, c.Activity)
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil || act.Failure == (hub.Say{}) {
		return err
	}
	home, err := l.Store.Home(ctx, team.ID, c.Source)
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return l.say(ctx, team.ID, c, home, "failure", act.Failure, nil)
}

// noteFailure notes the reason of a failure with its participation, unless that has come
// to a link.
func (l *Linker) noteFailure(ctx context.Context, team hub.TeamID, c store.LinkCode) error {
	return settings.Settle(func() error {
		p, err := l.Store.Participation(ctx, team, c.Source, c.Activity)
		if hub.CodeOf(err) == hub.NotFound {
			return nil // the source was erased
		}
		if err != nil {
			return err
		}
		return l.Store.FailParticipation(ctx, team, p, c.Why, c.Done)
	})
}
