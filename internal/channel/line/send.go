package line

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// maxAnswer caps what is read of an answer; LINE's own have a few hundred bytes.
const maxAnswer = 64 << 10

type textMessage struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// https://developers.line.biz/en/reference/messaging-api/#send-push-message
type pushBody struct {
	To       string        `json:"to"`
	Messages []textMessage `json:"messages"`
}

// https://developers.line.biz/en/reference/messaging-api/#send-reply-message
type replyBody struct {
	ReplyToken string        `json:"replyToken"`
	Messages   []textMessage `json:"messages"`
}

// Send pushes. A repeated Send with the same retry key within 24 hours sends
// nothing again and answers Repeated, so an Unclear end may be tried again.
// https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "line: push"
	messages, err := messagesOf(op, m)
	if err != nil {
		return channel.Sent{}, err
	}
	if m.RetryKey == "" {
		return channel.Sent{}, hub.E(hub.Internal, op, errors.New("no retry key"))
	}
	return a.post(ctx, acct, call{op: op, path: "/v2/bot/message/push", retryKey: m.RetryKey,
		body: pushBody{To: m.To, Messages: messages}})
}

// ReplyLife is 50 seconds.
func (a *Adapter) ReplyLife() time.Duration { return replyLife }

// Reply answers an event with its token.
func (a *Adapter) Reply(ctx context.Context, acct channel.Account, token hub.Secret, m channel.Outgoing) (channel.Sent, error) {
	const op = "line: reply"
	messages, err := messagesOf(op, m)
	if err != nil {
		return channel.Sent{}, err
	}
	return a.post(ctx, acct, call{op: op, path: "/v2/bot/message/reply",
		body: replyBody{ReplyToken: token.Reveal(), Messages: messages}})
}

// messagesOf makes LINE's message objects, or refuses what LINE would not take.
func messagesOf(op string, m channel.Outgoing) ([]textMessage, error) {
	switch {
	case m.Type != hub.Text:
		return nil, hub.E(hub.Unsupported, op, fmt.Errorf("message type %s", m.Type))
	case m.Text == "":
		return nil, hub.E(hub.Unsupported, op, errors.New("empty text"))
	case units(m.Text) > maxText:
		return nil, hub.E(hub.Unsupported, op, fmt.Errorf("text over %d units", maxText))
	}
	return []textMessage{{Type: "text", Text: m.Text}}, nil
}

// units counts as LINE counts a text: in UTF-16.
// https://developers.line.biz/en/docs/messaging-api/text-character-count/
func units(text string) int {
	n := 0
	for _, r := range text {
		if n++; r > 0xFFFF {
			n++
		}
	}
	return n
}

// call is one request; with a retry key it may be repeated, without never.
type call struct {
	op, path, retryKey string
	body               any
}

// post makes the call once.
func (a *Adapter) post(ctx context.Context, acct channel.Account, c call) (channel.Sent, error) {
	token := acct.Secrets[ChannelToken].Reveal()
	if !fitsHeader(token) {
		return channel.Sent{}, hub.E(hub.TokenExpired, c.op, errors.New("no usable channel token"))
	}
	body, err := json.Marshal(c.body)
	if err != nil {
		return channel.Sent{}, hub.E(hub.Internal, c.op, errors.New("encode the request"))
	}
	// The body leaves after the headers. Until they were written nothing can have
	// been done, and when the transport takes another connection it has made sure
	// that nothing went over the one before.
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { written.Store(false) },
		WroteHeaders: func() { written.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+c.path, bytes.NewReader(body))
	if err != nil {
		return channel.Sent{}, hub.E(hub.Internal, c.op, errors.New("make the request"))
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "omnihub")
	if c.retryKey != "" {
		req.Header.Set("X-Line-Retry-Key", c.retryKey)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		if written.Load() {
			return channel.Sent{}, hub.E(hub.Unclear, c.op, causeOf(err))
		}
		return channel.Sent{}, hub.E(hub.Transient, c.op, causeOf(err))
	}
	defer resp.Body.Close()
	// What cannot be read is not needed: the status alone decides whether it was sent.
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return c.outcome(resp.StatusCode, resp.Header, answer)
}

// causeOf keeps of a transport's error what tells why, and leaves out what the other
// side wrote, which may be anything.
func causeOf(err error) error {
	var (
		network     *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case os.IsTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &certificate):
		return errors.New("certificate refused")
	case errors.As(err, &network):
		return network
	}
	return errors.New("connection lost")
}

// fitsHeader reports whether the token can stand in a header at all.
func fitsHeader(token string) bool {
	return token != "" && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
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
		out.PlatformID = text(a.SentMessages[0].ID)
		if out.PlatformID == "" && isNumber(a.SentMessages[0].ID) {
			out.PlatformID = string(a.SentMessages[0].ID)
		}
	}
	return out
}
