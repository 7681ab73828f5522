// Package bus publishes what happened on the event bus. It is the only user of
// EventBridge.
package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"omnihub/internal/bus/catalogue"
	"omnihub/internal/hub"
)

// Limits of PutEvents. The service wants less than 1 MB for the entries of a call;
// counted as 10^6, this leaves 48 KB for the envelope that the service puts around
// an event, so that a queue, which takes 1 MiB, takes it as well.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const (
	maxEntries = 10
	maxBytes   = 1_000_000
	timeBytes  = 14 // what the time of an entry counts
)

// Bus is one event bus. At the service an event for a bus that does not exist is
// taken and dropped, so the name must come from the deployment.
type Bus struct {
	Client *eventbridge.Client
	Name   string
}

// Publish puts events on the bus, at most 10 and less than 1 MB in a call. It
// answers for each event nil if the bus took it, else an error:
//
//   - Oversize or Unparsable: this event can never be published as it is. These
//     codes are Quarantined.
//   - Transient: it was not taken, or not tried, and may be published again.
//
// After a call with a transient failure no further call is made. The order of
// events is not kept. An event may be published again: it bears the same id, and a
// subscriber knows it by that.
func (b *Bus) Publish(ctx context.Context, list []hub.Published) []error {
	errs := make([]error, len(list))
	var entries []entry
	for i, p := range list {
		e, err := b.entry(p)
		if err != nil {
			errs[i] = err
			continue
		}
		e.index = i
		entries = append(entries, e)
	}
	for start := 0; start < len(entries); {
		end, size := start, 0
		for end < len(entries) && end-start < maxEntries && (end == start || size+entries[end].size < maxBytes) {
			size += entries[end].size
			end++
		}
		if stop := b.put(ctx, entries[start:end], errs); stop != nil {
			for _, e := range entries[end:] {
				errs[e.index] = stop
			}
			return errs
		}
		start = end
	}
	return errs
}

// entry is one event in the service's form.
type entry struct {
	types.PutEventsRequestEntry
	index int // in the caller's list
	size  int // bytes, as the service counts them
}

// entry makes the event's entry. Its detail is one flat object: id, team and at
// stand in it beside the members of the kind.
func (b *Bus) entry(p hub.Published) (entry, error) {
	if !catalogue.Known(p.Kind) {
		return entry{}, hub.E(hub.Unparsable, "bus: publish", errors.New("the kind is not in the catalogue"))
	}
	if p.ID == "" || p.Team == "" || p.At <= 0 {
		return entry{}, hub.E(hub.Unparsable, "bus: publish", fmt.Errorf("a %s has no id, no team or no time", p.Kind))
	}
	members := make(map[string]any, len(p.Detail)+3)
	for name, v := range p.Detail {
		members[name] = v
	}
	members["id"], members["team"], members["at"] = p.ID, p.Team, p.At
	var detail bytes.Buffer
	enc := json.NewEncoder(&detail)
	enc.SetEscapeHTML(false) // the same object in fewer bytes
	if err := enc.Encode(members); err != nil {
		return entry{}, hub.E(hub.Unparsable, "bus: publish", fmt.Errorf("a member of a %s is no JSON", p.Kind))
	}
	text := hub.Queueable(string(bytes.TrimSuffix(detail.Bytes(), []byte("\n"))))
	size := timeBytes + len(hub.Source) + len(p.Kind) + len(text)
	if size >= maxBytes {
		return entry{}, hub.E(hub.Oversize, "bus: publish", fmt.Errorf("a %s of %d bytes", p.Kind, size))
	}
	return entry{size: size, PutEventsRequestEntry: types.PutEventsRequestEntry{
		EventBusName: &b.Name, Source: aws.String(hub.Source), DetailType: &p.Kind, Detail: &text, Time: aws.Time(p.At.Time()),
	}}, nil
}

// put makes one call and notes what came of each entry. It answers an error if
// something may be put again later.
func (b *Bus) put(ctx context.Context, entries []entry, errs []error) error {
	request := make([]types.PutEventsRequestEntry, len(entries))
	for i, e := range entries {
		request[i] = e.PutEventsRequestEntry
	}
	out, err := b.Client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: request})
	switch {
	case err == nil:
		return settle(entries, out.Entries, errs)
	case !invalid(err):
		err = wrap(err)
		for _, e := range entries {
			errs[e.index] = err
		}
		return err
	case len(entries) == 1:
		errs[entries[0].index] = hub.E(hub.Unparsable, "bus: publish", errors.New(codeOf(err)))
		return nil
	}
	// The call was refused as a whole, for an entry that it does not name. Alone,
	// each shows which it is, and the others do not wait behind it.
	for i := range entries {
		if stop := b.put(ctx, entries[i:i+1], errs); stop != nil {
			for _, e := range entries[i:] {
				errs[e.index] = stop
			}
			return stop
		}
	}
	return nil
}

// settle notes each entry's result. An entry without one was not taken.
func settle(entries []entry, results []types.PutEventsResultEntry, errs []error) error {
	var stop error
	for i, e := range entries {
		code := "no result"
		if i < len(results) {
			if aws.ToString(results[i].EventId) != "" {
				continue
			}
			if given := aws.ToString(results[i].ErrorCode); given != "" {
				code = given
			}
		}
		switch code {
		case "MalformedDetail", "InvalidArgument":
			errs[e.index] = hub.E(hub.Unparsable, "bus: publish", errors.New(code))
		default: // throttling, a failure of the service, or a permission that can be given
			stop = hub.E(hub.Transient, "bus: publish", errors.New(code))
			errs[e.index] = stop
		}
	}
	return stop
}

// invalid reports whether the service refused a call for what stands in it.
func invalid(err error) bool {
	switch codeOf(err) {
	case "ValidationException", "ValidationError":
		return true
	}
	return false
}

// codeOf is the service's own code; its message may quote values.
func codeOf(err error) string {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return ""
}

func wrap(err error) error {
	if code := codeOf(err); code != "" {
		return hub.E(hub.Transient, "bus: publish", errors.New(code))
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return hub.E(hub.Transient, "bus: publish", errors.New("out of time"))
	}
	return hub.E(hub.Transient, "bus: publish", errors.New("no answer from the bus"))
}
