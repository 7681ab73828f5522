package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/bus"
	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/webhook"
)

const staleDays = int(hub.StaleAfter / (24 * time.Hour))

// deploymentTeam owns what belongs to no team.
const deploymentTeam hub.TeamID = "hub"

// replayer finds the ways of entries.
type replayer struct {
	*control
	stack  string
	read   *settings.Reader
	byName map[string]queue.Stock
}

// settings is one reader for all entries.
func (r *replayer) settings() *settings.Reader {
	if r.read == nil {
		r.read = r.reader()
	}
	return r.read
}

// queue finds one of the stack's queues by its logical name; they are listed once.
func (r *replayer) queue(ctx context.Context, logical string) (*queue.Queue, error) {
	if r.byName == nil {
		list, err := r.control.stackQueues(ctx, r.stack)
		if err != nil {
			return nil, err
		}
		r.byName = map[string]queue.Stock{}
		for _, s := range list {
			r.byName[s.Logical] = s
		}
	}
	s, ok := r.byName[logical]
	if !ok {
		return nil, fmt.Errorf("hubctl: the stack %s has no %s", r.stack, logical)
	}
	return &queue.Queue{Client: r.queues, URL: s.URL}, nil
}

// find tells how an entry gets on its way, or why it would only come back: with a code
// that is not retryable then.
func (r *replayer) find(ctx context.Context, q store.Quarantined) (way, error) {
	switch q.Reason {
	case hub.StaleEvent:
		return way{}, stays(hub.StaleEvent, "the platform's time is over %d days old: it would be refused again", staleDays)
	case hub.KeyReused:
		return way{}, stays(hub.KeyReused, "another message is stored under the same id: it would be refused again")
	}
	body, known, whole, err := r.store.QuarantinedWhole(ctx, q)
	if err != nil {
		return way{}, err
	}
	if !whole {
		return way{}, missingChunks(q, len(body))
	}
	if q.Team == deploymentTeam || q.Connection == "" {
		return r.unreadable(ctx, string(body))
	}
	return r.event(ctx, q, known, body)
}

// why is what stands in a hub.Error: its code and its cause.
func why(err error) string {
	var e *hub.Error
	if errors.As(err, &e) && e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.Err)
	}
	return err.Error()
}

func stays(code hub.Code, format string, args ...any) error {
	return hub.E(code, "hubctl quarantine", fmt.Errorf(format, args...))
}

// event is the way of what came by a webhook: cut and addressed as the edge would do it
// now. What inbound could not understand either stays.
func (r *replayer) event(ctx context.Context, q store.Quarantined, known store.Known, body []byte) (way, error) {
	if known.Event == "" && q.Reason != hub.Unparsable {
		return way{}, stays(hub.Refused, "what the edge knew of the event was not kept with it")
	}
	base := hub.Envelope{
		Team: q.Team, Connection: q.Connection, Account: q.Account, Channel: q.Channel, User: q.User,
		Event: known.Event, Head: known.Head, Raw: body, Hash: known.Hash, Received: q.At, Trace: q.Trace,
	}
	intake := &webhook.Intake{Settings: r.settings(), Adapters: r.adapters, Now: r.now, Log: slog.New(slog.DiscardHandler)}
	again := func(token string) ([]queue.Message, error) {
		return intake.Again(ctx, base, known.External, known.Person, token)
	}
	messages, err := again("")
	what := fmt.Sprintf("%d messages to Inbound", len(messages))
	if err == nil && known.Event != "" {
		what, err = "event to Inbound", r.understood(r.adapters[q.Channel], base)
	}
	if err != nil {
		return way{}, err
	}
	return way{what, func(ctx context.Context, token string) error {
		messages, err := again(token)
		if err != nil {
			return err
		}
		return r.send(ctx, "InboundQueue", messages)
	}}, nil
}

// understood tells whether inbound would take an event now.
func (r *replayer) understood(adapter channel.Adapter, e hub.Envelope) error {
	ev, err := adapter.Parse(e.Head, e.Raw)
	if err != nil {
		return err
	}
	if ev.At != 0 && ev.At.Add(hub.StaleAfter) < hub.MillisOf(r.now()) {
		return stays(hub.StaleEvent, "the platform's time is over %d days old by now: it would be refused", staleDays)
	}
	return nil
}

func (r *replayer) send(ctx context.Context, logical string, messages []queue.Message) error {
	q, err := r.queue(ctx, logical)
	if err != nil {
		return err
	}
	_, err = q.Send(ctx, messages)
	return err
}

// unreadable is the way of a message or record that a function did not recognise as what
// the hub writes, or could not carry out: back to the queue that its form belongs to, if
// it has the form of one now.
func (r *replayer) unreadable(ctx context.Context, body string) (way, error) {
	var form struct {
		Change *json.RawMessage `json:"dynamodb"`
		Kind   string           `json:"detail-type"`
		Home   string           `json:"home"`
		Field  string           `json:"field"`
		Key    string           `json:"k"`
		Raw    *json.RawMessage `json:"raw"`
	}
	if err := json.Unmarshal([]byte(body), &form); err != nil {
		return way{}, stays(hub.Unparsable, "it is no JSON of the hub's")
	}
	to := func(name, group, what string) way {
		return way{what + " to " + name, func(ctx context.Context, token string) error {
			return r.send(ctx, name+"Queue", []queue.Message{{Body: body, Group: group, Dedup: hub.Digest("replay", token)}})
		}}
	}
	switch {
	case form.Change != nil:
		return r.record(ctx, body)
	case form.Kind != "":
		_, err := omnilink.ReadTold(body)
		return to("LinkFollow", "", "event of a tap"), err
	case form.Raw != nil:
		e, err := chat.ReadEnvelope(body)
		group := string(e.User)
		if e.Chunk != nil {
			group = e.Chunk.ID
		}
		return to("Inbound", group, "envelope"), err
	case form.Key != "":
		o, err := chat.ReadOrder(body)
		return to("Outbound", string(o.Line()), "order"), err
	case form.Field != "":
		_, err := contact.ReadChanged(body)
		return to("Match", form.Home, "change of a field"), err
	case form.Home != "":
		a, err := contact.ReadAsk(body)
		return to("Profile", string(a.User), "ask for a profile"), err
	}
	return way{}, stays(hub.Unparsable, "it has the form of nothing that the hub writes")
}

// record is the way of a record of a change stream. A fact or revision is published. An
// intent to send is left to reconcile, which finds it in the table itself, with its
// state of now: an order from an old record might come beside the one that is under way.
func (r *replayer) record(ctx context.Context, body string) (way, error) {
	change, of, err := readRecord([]byte(body))
	switch {
	case err != nil:
		return way{}, err
	case change.Send != nil:
		return way{"nothing to do: reconcile hands on the intent", func(context.Context, string) error { return nil }}, nil
	case change.Event == nil:
		return way{"nothing to do: the record asks for nothing", func(context.Context, string) error { return nil }}, nil
	}
	erased, err := r.erasedSince(ctx, []store.Origin{of})
	if err == nil && erased[0] {
		err = stays(hub.Erased, "the person was erased since")
	}
	if err != nil {
		return way{}, err
	}
	return way{change.Event.Kind + " to the bus", func(ctx context.Context, _ string) error {
		return r.bus(r.stack).Publish(ctx, []hub.Published{*change.Event})[0]
	}}, nil
}

// readRecord reads a stream's record as relay does, and whose it is.
func readRecord(raw []byte) (change store.Change, of store.Origin, err error) {
	defer func() {
		if recover() != nil { // the reader of values panics at what is none
			err = stays(hub.Unparsable, "the record is malformed")
		}
	}()
	var r events.DynamoDBEventRecord
	if err := json.Unmarshal(raw, &r); err != nil {
		return change, of, stays(hub.Unparsable, "the record is malformed")
	}
	change, err = store.ReadChange(r)
	return change, store.OriginOf(r), err
}

// bus is the stack's event bus.
func (c *control) bus(stack string) *bus.Bus { return &bus.Bus{Client: c.events, Name: stack + "-bus"} }

// stack adds the flag -stack.
func (f flags) stack() *string { return f.String("stack", "omnihub", "") }

// stackQueues lists a stack's queues; none is an error that helps.
func (c *control) stackQueues(ctx context.Context, stack string) ([]queue.Stock, error) {
	if stack == "" || strings.ContainsAny(stack, "/*") {
		return nil, errors.New("hubctl: -stack is the name of a stack")
	}
	list, err := queue.Stack(ctx, c.queues, stack)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("hubctl: there are no queues of a stack %s in this account and region; -stack names another", stack)
	}
	return list, err
}
