package omnilink

import (
	"context"

	"omnihub/internal/hub"
)

// Is reports whether what a customer did is OmniLink's: a text that ends with a code, or a
// tap on an answer to its question. It asks nobody.
func Is(said hub.Said) bool {
	switch said.Type {
	case hub.Text:
		_, ok := CodeIn(said.Text)
		return ok
	case hub.Choice:
		return IsAnswer(said.Data)
	}
	return false
}

// Came carries out what Is recognises, once it is stored and its home is made. It may be
// called again, and ends in the same state; a nil error means that nothing is left to be
// done, whether it came to a link or not. Whoever brings a code or an answer that is not
// good any more is to be answered so, since the chat has no page that tells; who brought too
// many gets no answer. Errors: as of CompleteText.
func (l *Linker) Came(ctx context.Context, c hub.Came) (answer *hub.Content, err error) {
	var out Outcome
	yes := false
	switch code, ok := CodeIn(c.Said.Text); {
	case c.Said.Type == hub.Text && ok:
		out, err = l.CompleteText(ctx, Text{
			Team: c.Team, Account: c.Account, Home: c.Home, User: c.Thread, Event: string(c.Key), Received: c.Received, Code: code,
		})
	case c.Said.Type == hub.Choice:
		_, yes, _ = readAnswer(c.Said.Data)
		out, err = l.Confirm(ctx, Answer{Team: c.Team, Home: c.Home, At: c.Received, Data: c.Said.Data})
	default:
		return nil, nil
	}
	l.Log.Info("omnilink answered", "trace", c.Trace, "team", c.Team, "activity", out.Activity, "state", out.State, "reason", out.Reason)
	if err != nil || out.State != Refused || c.Said.Type == hub.Choice && !yes {
		return nil, err
	}
	team, err := l.Settings.Team(ctx, c.Team)
	if err != nil {
		return nil, err
	}
	_, registers, err := l.Store.Profile(ctx, c.Team, c.Home, []string{"language"})
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return nil, err
	}
	content := hub.TextContent(wordsIn(registers["language"].Value, team.Language).ended)
	return &content, nil
}
