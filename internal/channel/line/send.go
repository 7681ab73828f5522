package line

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// https://developers.line.biz/en/reference/messaging-api/#send-push-message
type pushBody struct {
	To       string `json:"to"`
	Messages []any  `json:"messages"`
}

// https://developers.line.biz/en/reference/messaging-api/#send-reply-message
type replyBody struct {
	ReplyToken string `json:"replyToken"`
	Messages   []any  `json:"messages"`
}

// Send pushes. A repeated Send with the same retry key within 24 hours sends
// nothing again and answers Repeated, so an Unclear end may be tried again.
// https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "line: push"
	messages, err := objectsOf(m.Content)
	if err != nil {
		return channel.Sent{}, hub.E(hub.Unsupported, op, err)
	}
	if m.RetryKey == "" {
		return channel.Sent{}, hub.E(hub.Internal, op, errors.New("no retry key"))
	}
	out, err := a.client.Do(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: "/v2/bot/message/push", Bearer: acct.Secrets[ChannelToken],
		Header: map[string]string{"X-Line-Retry-Key": m.RetryKey},
		Body:   pushBody{To: m.To.Reveal(), Messages: messages},
	})
	if err != nil {
		return channel.Sent{}, err
	}
	return outcome(op, push, out)
}

// ReplyLife is 50 seconds.
func (a *Adapter) ReplyLife() time.Duration { return replyLife }

// Reply answers an event with its token.
func (a *Adapter) Reply(ctx context.Context, acct channel.Account, token hub.Secret, m channel.Outgoing) (channel.Sent, error) {
	const op = "line: reply"
	messages, err := objectsOf(m.Content)
	if err != nil {
		return channel.Sent{}, hub.E(hub.Unsupported, op, err)
	}
	out, err := a.client.Do(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: "/v2/bot/message/reply", Bearer: acct.Secrets[ChannelToken],
		Body: replyBody{ReplyToken: token.Reveal(), Messages: messages},
	})
	if err != nil {
		return channel.Sent{}, err
	}
	return outcome(op, reply, out)
}

// objectsOf makes the message objects of one call.
func objectsOf(c hub.Content) ([]any, error) {
	parts := []hub.Content{c}
	if c.Type == hub.Several {
		parts = c.Parts
	}
	out := make([]any, len(parts))
	for i, part := range parts {
		var err error
		if out[i], err = objectOf(part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// answer is what LINE says to a call, good or bad.
// https://developers.line.biz/en/reference/messaging-api/#error-responses
type answer struct {
	Message      string `json:"message"`
	SentMessages []struct {
		ID json.RawMessage `json:"id"` // a string in the examples, a number in the text
	} `json:"sentMessages"`
}

func (a *answer) sent(repeated bool) channel.Sent {
	out := channel.Sent{Repeated: repeated}
	if len(a.SentMessages) > 0 {
		out.PlatformID = scan.Text(a.SentMessages[0].ID)
		if out.PlatformID == "" && scan.IsNumber(a.SentMessages[0].ID) {
			out.PlatformID = string(a.SentMessages[0].ID)
		}
	}
	return out
}
