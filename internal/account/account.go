// Package account connects a team's accounts to the hub and looks after them: it checks
// credentials at the platform, enters webhooks there, renews what ends, and tells in
// time what a person must renew.
package account

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
	// A rune that the cut parts, and what the platform wrote that is no text, is left out.
	return strings.ToValidUTF8(text[:min(len(text), maxWhy)], "")
}
