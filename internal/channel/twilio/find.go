package twilio

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

const (
	// clocks is how far Twilio's clock and ours may be apart; since is that much earlier
	// than the send.
	clocks = 10 * time.Second
	// findPage is how many messages are looked at, newest first.
	findPage = "20"
)

// Find looks through the newest messages from the number to the customer for one with
// the same text and as many files that was made since: of several the oldest after the
// send, since later ones have sends of their own, or else the newest within the
// difference of the clocks before it. Of templates Twilio lists the
// filled-in text, which is not known here: they are never found.
// https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
func (a *Adapter) Find(ctx context.Context, acct channel.Account, m channel.Outgoing, since hub.Millis, known map[string]bool) (channel.Sent, bool, error) {
	const op = "twilio: find"
	l, err := lineOf(op, acct, m.To)
	if err != nil {
		return channel.Sent{}, false, err
	}
	fields, err := l.fields(op, channel.Account{}, m)
	if err != nil || fields.Has("ContentSid") {
		return channel.Sent{}, false, err
	}
	from := time.UnixMilli(int64(since)).UTC().Truncate(time.Second)
	query := url.Values{"From": {l.from}, "To": {l.to}, "DateSent>": {from.Format(time.DateOnly)}, "PageSize": {findPage}}
	answer, err := a.api.Do(ctx, call.Request{
		Op: op, Method: http.MethodGet, Path: l.path("/Messages.json?" + query.Encode()), Basic: l.basic,
	})
	if err == nil {
		err = outcome(op, answer)
	}
	if err != nil {
		return channel.Sent{}, false, reading(err)
	}
	var oldest, before string                                          // after the send; within the clocks' difference before it
	for listed := range scan.Each(scan.Get(answer.Body, "messages")) { // newest first
		text := func(name string) string { return scan.Text(scan.Get(listed, name)) }
		sid := text("sid")
		made, err := time.Parse(time.RFC1123Z, text("date_created"))
		files := "0"
		if fields.Has("MediaUrl") {
			files = "1"
		}
		switch {
		case err != nil || made.Before(from) || sid == "" || known[sid]:
		case !strings.HasPrefix(text("direction"), "outbound-api") || text("from") != l.from || text("to") != l.to:
		case text("body") != fields.Get("Body") || text("num_media") != files:
		case !made.Before(from.Add(clocks)):
			oldest = sid
		case before == "":
			before = sid
		}
	}
	if oldest == "" {
		oldest = before
	}
	return channel.Sent{PlatformID: oldest}, oldest != "", nil
}

// reading makes of an unclear end one that may be tried again: nothing was to be done.
func reading(err error) error {
	if e, ok := err.(*hub.Error); ok && e.Code == hub.Unclear {
		return hub.E(hub.Transient, e.Op, e.Err)
	}
	return err
}
