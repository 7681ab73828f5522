package meta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Graph calls the Graph API for a channel. It is safe for concurrent use.
type Graph struct {
	version string
	client  *call.Client
	code    func(Failure) hub.Code
}

// NewGraph makes one for a host (Host, or Instagram's own) and a version ("v25.0"). Code
// gives the meaning of errors that the channel sees otherwise than MessagingCode, and ""
// for all others; nil = none.
func NewGraph(p channel.Platform, kind hub.Channel, host, version string, code func(Failure) hub.Code) *Graph {
	return &Graph{version: version, client: call.New(p, kind, host), code: func(f Failure) hub.Code {
		if code != nil {
			if c := code(f); c != "" {
				return c
			}
		}
		return MessagingCode(f)
	}}
}

// Path joins the parts of a path, each escaped; the version comes before them by itself.
func Path(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

// Send makes a call that sends, once: a POST of the body to a path of Path. Errors:
// those of channel.Adapter's Send.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
func (g *Graph) Send(ctx context.Context, op, path string, token hub.Secret, body any) (channel.Sent, error) {
	answer, err := g.client.Do(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: "/" + g.version + path, Bearer: token, Body: body,
	})
	if err != nil {
		return channel.Sent{}, err
	}
	if err := g.failure(op, answer); err != nil {
		return channel.Sent{}, err
	}
	if !scan.Valid(answer.Body) {
		return channel.Sent{}, nil
	}
	return channel.Sent{PlatformID: scan.Name(scan.Get(answer.Body, "message_id"))}, nil
}

// Ask makes a call that may be repeated, once, and gives the answer's body, which is a
// JSON object. What a query holds may be secret: no error shows it. Errors: TokenExpired,
// AccountBroken, Unreachable, Permanent and the like, Transient (never Unclear),
// RateLimited.
func (g *Graph) Ask(ctx context.Context, op, method, path string, query url.Values, token hub.Secret) ([]byte, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return g.ask(ctx, call.Request{Op: op, Method: method, Path: path, Bearer: token})
}

func (g *Graph) ask(ctx context.Context, r call.Request) ([]byte, error) {
	r.Path = "/" + g.version + r.Path
	answer, err := g.client.Do(ctx, r)
	if err == nil {
		err = g.failure(r.Op, answer)
	}
	if err == nil && (!scan.Valid(answer.Body) || !scan.IsObject(trim(answer.Body))) {
		err = hub.E(hub.Transient, r.Op, errors.New("the answer is no object"))
	}
	var e *hub.Error
	if errors.As(err, &e) && e.Code == hub.Unclear { // nothing was sent to anybody
		return nil, hub.E(hub.Transient, r.Op, e.Err)
	}
	if err != nil {
		return nil, err
	}
	return trim(answer.Body), nil
}

func trim(body []byte) []byte {
	s := scan.Of(body)
	return s.Value()
}

// failure is the one place where an answer becomes a code; nil for a good one. An error
// with a number of its own says that nothing was done, whatever the status; "unknown"
// and "temporary" say so only with a 4xx.
// https://developers.facebook.com/docs/graph-api/guides/error-handling
func (g *Graph) failure(op string, answer call.Answer) error {
	if answer.Status/100 == 2 {
		return nil
	}
	f, told := FailureOf(answer.Body)
	code := hub.Code("")
	if told {
		code = g.code(f)
	}
	refused := answer.Status/100 == 4 && answer.Status != http.StatusRequestTimeout
	switch {
	case code != "" && (refused || code != hub.Transient):
	case !refused:
		code = hub.Unclear
	case answer.Status == http.StatusUnauthorized:
		code = hub.TokenExpired
	case answer.Status == http.StatusTooManyRequests:
		code = hub.RateLimited
	case f.Passing:
		code = hub.Transient
	default:
		code = hub.Permanent
	}
	e := hub.E(code, op, &refusal{status: answer.Status, failure: f, told: told})
	if code == hub.RateLimited {
		e.RetryAfter = max(answer.RetryAfter(), regain(answer.Header))
	}
	return e
}

// refusal is the cause of an error that Meta answered with.
type refusal struct {
	status  int
	failure Failure
	told    bool
}

func (r *refusal) Error() string {
	if !r.told {
		return fmt.Sprintf("status %d, no error of the Graph API", r.status)
	}
	text := fmt.Sprintf("status %d, %s", r.status, r.failure)
	if words := r.failure.words(); words != "" {
		text += ": " + words
	}
	return text
}

// FailureIn finds Meta's own numbers in an error of Send or Ask.
func FailureIn(err error) (Failure, bool) {
	var r *refusal
	if errors.As(err, &r) && r.told {
		return r.failure, true
	}
	return Failure{}, false
}

// maxRegain caps the wait that a header may ask for.
const maxRegain = time.Hour

// regain is the longest wait that X-Business-Use-Case-Usage tells, in minutes there; 0
// if it tells none.
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers-2
func regain(header http.Header) time.Duration {
	usage := []byte(header.Get("X-Business-Use-Case-Usage"))
	if !scan.Valid(usage) {
		return 0
	}
	var longest int
	s := scan.Of(usage)
	for range s.Members {
		for use := range scan.Each(s.Value()) {
			if minutes, ok := Number(scan.Get(use, "estimated_time_to_regain_access")); ok {
				longest = max(longest, min(minutes, int(maxRegain/time.Minute)))
			}
		}
	}
	return time.Duration(longest) * time.Minute
}

// MessagingCode is the one place where a number of Messenger's and Instagram's gets its
// meaning; "" for those that are not documented.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
func MessagingCode(f Failure) hub.Code {
	switch f.Subcode {
	case 2018278, 2018065, 2534022: // outside the window, of Messenger and of Instagram
		return hub.WindowClosed
	case 1545041, 2018108, 2018001, 2018218, 2534014: // not available; no such user, or no profile
		return hub.Unreachable
	case 1893063, 2534029, 2534041: // the Page restricted; the API blocked; access to messages off
		return hub.AccountBroken
	case 2018300: // another app has the conversation
		return hub.Permanent
	}
	switch f.Number {
	case 551: // the person is not available: blocked, left, or messages turned off
		return hub.Unreachable
	case 17, 32, 341, 613, 80001, 80002, 80006: // calls of a user, a Page, an app; of messages
		return hub.RateLimited
	case 99, 1200: // unknown; temporary
		return hub.Transient
	case 102: // the session has ended
		return hub.TokenExpired
	case 10904: // the Page has messages turned off
		return hub.AccountBroken
	}
	return f.Code()
}
