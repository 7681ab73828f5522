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
// done, whether it came to a link or not. Errors: as of CompleteText.
func (l *Linker) Came(ctx context.Context, c hub.Came) error {
	var out Outcome
	var err error
	switch code, ok := CodeIn(c.Said.Text); {
	case c.Said.Type == hub.Text && ok:
		out, err = l.CompleteText(ctx, Text{
			Team: c.Team, Account: c.Account, Home: c.Home, User: c.Thread, Event: string(c.Key), Received: c.Received, Code: code,
		})
	case c.Said.Type == hub.Choice:
		out, err = l.Confirm(ctx, Answer{Team: c.Team, Home: c.Home, At: c.Received, Data: c.Said.Data})
	default:
		return nil
	}
	l.Log.Info("omnilink answered", "trace", c.Trace, "team", c.Team, "activity", out.Activity, "state", out.State, "reason", out.Reason)
	return err
}
