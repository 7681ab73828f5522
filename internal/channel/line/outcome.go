package line

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// sameUserWait is how long to leave a user alone to whom too many messages went;
// LINE does not say.
const sameUserWait = 5 * time.Minute

// way is how a call was made, which decides what some answers mean.
type way int

const (
	push  way = iota // with a retry key: it may be repeated
	reply            // with a reply token: it may not
	show             // of the loading animation: nothing is sent
)

// outcome is the one place where LINE's answer to a send becomes a result or a code.
// https://developers.line.biz/en/reference/messaging-api/#status-codes and #error-messages
func outcome(op string, w way, out call.Answer) (channel.Sent, error) {
	var a answer
	_ = json.Unmarshal(out.Body, &a) // what it does not tell stays empty
	says := func(words string) bool { return strings.Contains(strings.ToLower(a.Message), words) }
	fail := func(code hub.Code, why string) (channel.Sent, error) {
		e := failure(op, code, why, out)
		if code == hub.RateLimited && says("same user") {
			e.RetryAfter = max(e.RetryAfter, sameUserWait)
		}
		return channel.Sent{}, e
	}
	switch {
	case out.Status/100 == 2:
		return a.sent(false), nil
	case out.Status == http.StatusConflict && w == push:
		return a.sent(true), nil
	case out.Status == http.StatusUnauthorized:
		return fail(hub.TokenExpired, "channel token refused")
	case out.Status == http.StatusForbidden:
		return fail(hub.AccountBroken, "the account may not do this")
	case out.Status == http.StatusTooManyRequests && says("monthly limit"):
		return fail(hub.QuotaExhausted, "monthly limit reached")
	case out.Status == http.StatusTooManyRequests:
		return fail(hub.RateLimited, "too many requests")
	case out.Status == http.StatusBadRequest && w == reply && (says("reply token") || says("replytoken")):
		return fail(hub.ReplyTokenInvalid, "reply token refused")
	case out.Status == http.StatusBadRequest && says("failed to send messages"):
		return fail(hub.Unreachable, "no such recipient")
	case out.Status/100 == 4 && out.Status != http.StatusRequestTimeout:
		return fail(hub.Permanent, "message refused")
	}
	// LINE may have accepted it before it failed. A push is tried again under its key.
	return fail(hub.Unclear, "it may have been accepted")
}

// failure makes the error of an answer. Its text has nothing of the answer's body.
func failure(op string, code hub.Code, why string, out call.Answer) *hub.Error {
	e := hub.E(code, op, fmt.Errorf("%s (status %d, request %s)", why, out.Status, requestID(out.Header)))
	if code == hub.RateLimited {
		e.RetryAfter = out.RetryAfter()
	}
	return e
}

var requestForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// requestID is LINE's id of the call, which its support asks for.
// https://developers.line.biz/en/reference/messaging-api/#response-headers
func requestID(header http.Header) string {
	id := header.Get("X-Line-Request-Id")
	if !requestForm.MatchString(id) {
		return "unknown"
	}
	return id
}
