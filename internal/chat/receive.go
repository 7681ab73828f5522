// Package chat moves messages: what customers write into their threads, and what
// the team and the bot send out to the platforms.
package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Receiver stores what the edge accepted. Everything that it does may be done
// again, in any order, and ends in the same state.
type Receiver struct {
	Store    *store.Store
	Settings *settings.Reader
	Contacts *contact.Book
	Adapters map[hub.Channel]channel.Adapter
	// Bot answers by itself.
	Bot Bot
	// Tag puts tags on a home, as of a time; the same id is one change. nil = nobody does.
	// Errors as of tag.Book.Change.
	Tag func(ctx context.Context, team hub.TeamID, home hub.HomeID, names []string, id string, at hub.Millis) error
	// Linked tells, by itself, of what is OmniLink's: a code at the end of a text, or the
	// answer to a question of its. Link carries it out, at every delivery of the message,
	// after it was stored, and gives what is to be answered, if anything is: the same at each
	// delivery. Nothing else answers it. Both are nil where there is no OmniLink.
	Linked func(said hub.Said) bool
	Link   func(ctx context.Context, c hub.Came) (*hub.Content, error)
	// Hidden finds what of a text is for nobody else to read, such as a code that whoever
	// knows it could use: of each part only the first two bytes are stored and told on the
	// bus, in the text and in the event as it came. What is done about a message is decided
	// by the whole text, at every delivery. nil = all is stored.
	Hidden func(text string) (parts []string)
	// Consent reads whether a text takes the customer out of automatic and marketing
	// messages (hub.OptOut), in again (hub.OptIn), or neither ("").
	Consent    func(words store.OptOut, text string) string
	Quarantine Quarantine
	Now        func() time.Time
	Log        *slog.Logger
	Metrics    *metric.Meter
}

// ReadEnvelope reads a message of the inbound queue. Unparsable if it is none.
func ReadEnvelope(body string) (hub.Envelope, error) {
	var e hub.Envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return e, hub.E(hub.Unparsable, "chat: read envelope", fmt.Errorf("not an envelope"))
	}
	if e.Version != hub.EnvelopeVersion || !e.Team.Valid() {
		return e, hub.E(hub.Unparsable, "chat: read envelope", fmt.Errorf("version %d is not known", e.Version))
	}
	return e, nil
}

// Receive works off one envelope. A nil error means that it is stored, or lies in
// quarantine; any other that it should be tried again.
func (rc *Receiver) Receive(ctx context.Context, e hub.Envelope) error {
	ctx = hub.WithTrace(ctx, e.Trace)
	var err error
	if e.Chunk == nil {
		if err = rc.event(ctx, e); !hub.CodeOf(err).Quarantined() {
			return err
		}
	}
	if e.User != "" {
		own := arrived{e: e, own: store.Ref{Team: e.Team, User: e.User}}
		if gone, err := rc.erased(ctx, &own, e.Received); gone || err != nil {
			return err
		}
	}
	if e.Chunk != nil {
		return rc.Quarantine.Chunk(ctx, e)
	}
	return rc.Quarantine.Event(ctx, e, hub.CodeOf(err), why(err))
}

// why is the cause of an error without its code: what the quarantine's list shows.
func why(err error) string {
	var e *hub.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return ""
}

// arrived is an event with what is known of it.
type arrived struct {
	e       hub.Envelope
	ev      channel.Event
	team    *settings.Team
	account *settings.Account // as the bot was asked with it; nil = it was not, or there is none
	caps    channel.Capabilities
	own     store.Ref      // the partition of the id by which the event names its user
	at      hub.Millis     // its place in the log
	key     hub.MessageKey // of the message, if it is one

	// What names the user in every account of the scope, hashed; phones first.
	aliases, former []store.Alias
}

func (rc *Receiver) event(ctx context.Context, e hub.Envelope) error {
	adapter := rc.Adapters[e.Channel]
	if adapter == nil {
		return hub.E(hub.Unparsable, "chat: receive", fmt.Errorf("the channel is not known"))
	}
	ev, err := adapter.Parse(e.Head, e.Raw)
	if err != nil {
		return err
	}
	now := hub.MillisOf(rc.Now())
	if ev.At != 0 && ev.At.Add(hub.StaleAfter) < now {
		return hub.E(hub.StaleEvent, "chat: receive", fmt.Errorf("the platform's time is over %v old", hub.StaleAfter))
	}
	if admitter, ok := adapter.(channel.Admitter); ok && ev.Kind == channel.EventMessage {
		account, err := rc.Settings.Account(ctx, e.Team, e.Account)
		if err != nil && hub.CodeOf(err) != hub.NotFound {
			return err
		}
		if err == nil {
			ev = admitter.Admit(ev, account.Platform.Secrets)
		}
	}
	a := &arrived{e: e, ev: ev, caps: adapter.Capabilities(), own: store.Ref{Team: e.Team, User: e.User}}
	if a.team, err = rc.Settings.Team(ctx, e.Team); err != nil {
		return err
	}
	if err := rc.name(ctx, a); err != nil {
		return err
	}
	var moved hub.MessageKey
	if a.at, moved, err = rc.time(ctx, a); err != nil {
		return err
	}
	if err := rc.work(ctx, a, moved); err != nil || e.Answered == nil {
		return err
	}
	return rc.answered(ctx, a)
}

// work does what an event asks for.
func (rc *Receiver) work(ctx context.Context, a *arrived, moved hub.MessageKey) error {
	e, ev := a.e, &a.ev
	switch ev.Kind {
	case channel.EventMessage:
		return rc.message(ctx, a, moved)
	case channel.EventEcho:
		return rc.echo(ctx, a)
	case channel.EventEntry:
		return rc.entry(ctx, a)
	case channel.EventAction:
		return rc.action(ctx, a)
	case channel.EventReceipt:
		return rc.receipt(ctx, a)
	case channel.EventWatermark:
		return rc.watermark(ctx, a)
	case channel.EventSubscription:
		return rc.subscription(ctx, a)
	case channel.EventIdentity:
		return rc.identity(ctx, a)
	case channel.EventNotice:
		return rc.Store.PutNotice(ctx, e, store.Notice{
			Connection: e.Connection, Account: e.Account, Topic: ev.Notice.Topic, At: a.at, Detail: ev.Notice.Detail,
		})
	case channel.EventLink:
		return rc.keep(ctx, a, hub.AccountLinked, map[string]string{"ok": fmt.Sprint(ev.Link.OK), "nonce": ev.Link.Nonce})
	}
	return rc.keep(ctx, a, "", nil)
}

// time is the event's place in the log: the platform's time, or that of the first
// arrival if the platform gives none that can be trusted. In the latter case moved
// is the key that the platform's time would have given.
func (rc *Receiver) time(ctx context.Context, a *arrived) (hub.Millis, hub.MessageKey, error) {
	if a.ev.At != 0 && a.ev.At <= a.e.Received.Add(hub.MaxAhead) {
		return a.ev.At, "", nil
	}
	id := a.ev.Message.ID
	if id == "" {
		id = a.e.Event
	}
	at, err := rc.Store.PutArrival(ctx, a.own, id, a.e.Received)
	if err != nil || a.ev.At == 0 || a.ev.Kind != channel.EventMessage {
		return at, "", err
	}
	return at, hub.NewMessageKey(a.ev.At, a.ev.Message.ID), nil
}

// keep stores an event as it came: one that the hub does not act upon, or one that
// is told on the bus.
func (rc *Receiver) keep(ctx context.Context, a *arrived, publish string, texts map[string]string) error {
	t, err := rc.Store.Thread(ctx, a.own)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return err
	}
	if rc.gone(a, &t) {
		return nil
	}
	return rc.Store.PutOther(ctx, a.own, a.e, store.Kept{Type: a.ev.Type, At: a.at, Publish: publish, Home: a.home(&t), Texts: texts}, "")
}

// erased reads whether something of a time is not after the erasure of the event's user.
func (rc *Receiver) erased(ctx context.Context, a *arrived, at hub.Millis) (bool, error) {
	t, err := rc.Store.Thread(ctx, a.own)
	if hub.CodeOf(err) == hub.NotFound {
		return false, nil
	}
	return err == nil && rc.before(a, &t, at), err
}

// gone tells of an event that is not after the customer's erasure: it is dropped.
func (rc *Receiver) gone(a *arrived, t *hub.Thread) bool { return rc.before(a, t, a.at) }

func (rc *Receiver) before(a *arrived, t *hub.Thread, at hub.Millis) bool {
	if t.Erased == 0 || at > t.Erased {
		return false
	}
	rc.Log.Info("event dropped", "trace", a.e.Trace, "why", "the customer was erased after it")
	return true
}

// home is the home of a thread; "" while the thread is not known.
func (a *arrived) home(t *hub.Thread) hub.HomeID {
	if t.Account == "" {
		return ""
	}
	return a.team.Pepper.Home(t.Account, t.External.Reveal(), t.Epoch)
}

// arrival is what the event tells its thread.
func (a *arrived) arrival(k hub.MessageKey, preview string) store.Arrival {
	return store.Arrival{
		Key: k, Own: a.own.User, Account: a.e.Account, External: hub.Personal(a.ev.User), Kind: a.ev.UserKind, Preview: preview,
	}
}
