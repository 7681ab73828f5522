// Package account connects a team's accounts to the hub and looks after them: it checks
// credentials at the platform, enters webhooks there, renews what ends, and tells in
// time what a person must renew.
package account

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
)

// Keeper looks after accounts. It is safe for concurrent use.
type Keeper struct {
	Setup    settings.Setup
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
	Log      *slog.Logger
	Metrics  *metric.Meter // may be nil
}

func (k *Keeper) now() hub.Millis { return hub.MillisOf(k.Now()) }

// adapter is the adapter of a channel. BadRequest if there is none.
func (k *Keeper) adapter(kind hub.Channel) (channel.Adapter, error) {
	if a := k.Adapters[kind]; a != nil {
		return a, nil
	}
	return nil, refuse("there is no channel %q", kind)
}

func refuse(format string, args ...any) error {
	return hub.E(hub.BadRequest, "account", fmt.Errorf(format, args...))
}

// tries is how often a change is made anew when somebody else's came between.
const tries = 5

// settle makes a change until nobody else's comes between, a few times.
func settle(change func() error) error {
	var err error
	for range tries {
		if err = change(); hub.CodeOf(err) != hub.Conflict {
			return err
		}
	}
	return err
}

// maxWhy bounds what is kept of an error's text, in bytes.
const maxWhy = 500

// Why is what stands in an error for people, without the operation.
func Why(err error) string {
	var e *hub.Error
	text := err.Error()
	if errors.As(err, &e) {
		text = string(e.Code)
		if e.Err != nil {
			text = e.Err.Error()
		}
	}
	if len(text) > maxWhy {
		text = text[:maxWhy]
	}
	return text
}
