package line

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	// sameUserWait is how long to leave a user alone to whom too many messages went;
	// LINE does not say.
	sameUserWait = 5 * time.Minute
	// maxWait caps what an answer may ask for.
	maxWait = time.Hour
)

// outcome is the one place where an answer of LINE becomes a result or a code.
// https://developers.line.biz/en/reference/messaging-api/#status-codes and #error-messages
func (c call) outcome(status int, header http.Header, body []byte) (channel.Sent, error) {
	var a answer
	_ = json.Unmarshal(body, &a) // what it does not tell stays empty
	says := func(words string) bool { return strings.Contains(strings.ToLower(a.Message), words) }
	idempotent := c.retryKey != ""

	fail := func(code hub.Code, why string) (channel.Sent, error) {
		e := hub.E(code, c.op, fmt.Errorf("%s (status %d, request %s)", why, status, requestID(header)))
		if code == hub.RateLimited {
			e.RetryAfter = retryAfter(header)
			if says("same user") {
				e.RetryAfter = max(e.RetryAfter, sameUserWait)
			}
		}
		return channel.Sent{}, e
	}
	switch {
	case status/100 == 2:
		return a.sent(false), nil
	case status == http.StatusConflict && idempotent:
		return a.sent(true), nil
	case status == http.StatusUnauthorized:
		return fail(hub.TokenExpired, "channel token refused")
	case status == http.StatusTooManyRequests && says("monthly limit"):
		return fail(hub.QuotaExhausted, "monthly limit reached")
	case status == http.StatusTooManyRequests:
		return fail(hub.RateLimited, "too many requests")
	case status == http.StatusBadRequest && !idempotent && (says("reply token") || says("replytoken")):
		return fail(hub.ReplyTokenInvalid, "reply token refused")
	case status == http.StatusBadRequest && says("failed to send messages"):
		return fail(hub.Unreachable, "no such recipient")
	case status/100 == 4 && status != http.StatusRequestTimeout:
		return fail(hub.Permanent, "message refused")
	}
	// LINE may have accepted it before it failed. A push is tried again under its key.
	return fail(hub.Unclear, "it may have been accepted")
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

// retryAfter reads the header's seconds; 0 if there are none.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(maxWait/time.Second))) * time.Second
}
