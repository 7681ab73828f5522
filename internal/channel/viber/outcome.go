package viber

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

const (
	// firstWait is how long to wait when Viber says for the first time that it is too
	// much; each further time it is four times as long. The refusal does not tell whether
	// the account is too fast, which passes in seconds, or 100 messages went to one
	// customer in an hour without an answer.
	firstWait = 5 * time.Second
	// maxWait is that hour.
	maxWait = time.Hour
)

// reply is what every call is answered with, good or bad, under the HTTP status 200.
// https://developers.viber.com/docs/api/rest-bot-api/#error-codes
type reply struct {
	Status *int            `json:"status"`         // 0 = done
	Words  string          `json:"status_message"` // for people; it may repeat anything
	Token  json.RawMessage `json:"message_token"`  // of a send
}

// replyOf reads an answer; without a Status it tells nothing.
func replyOf(answer call.Answer) reply {
	var r reply
	if json.Unmarshal(answer.Body, &r) != nil {
		return reply{}
	}
	return r
}

// Viber's numbers of errors.
const (
	invalidURL      = 1
	invalidToken    = 2
	badData         = 3
	missingData     = 4
	notRegistered   = 5
	notSubscribed   = 6
	accountBlocked  = 7
	accountNotFound = 8
	suspended       = 9
	webhookNotSet   = 10
	noDevice        = 11
	tooMany         = 12
	apiVersion      = 13
	incompatible    = 14
	notAuthorized   = 15
	country         = 21
	freeUsedUp      = 23
	noBalance       = 24
	general         = 999
)

// meaning is the one place where a number of Viber's gets its meaning.
// https://developers.viber.com/docs/api/rest-bot-api/#error-codes
func meaning(r reply) (hub.Code, string) {
	switch *r.Status {
	case invalidToken:
		return hub.TokenExpired, "the token is refused"
	case badData:
		return hub.Permanent, "the request is malformed"
	case missingData:
		return hub.Permanent, "the request lacks something"
	case notRegistered:
		return hub.Unreachable, "the customer is not on Viber"
	case notSubscribed:
		return hub.Blocked, "the customer is not subscribed to the bot"
	case accountBlocked:
		return hub.AccountBroken, "the bot is blocked"
	case accountNotFound:
		return hub.AccountBroken, "the token is no bot's"
	case suspended:
		return hub.AccountBroken, "the bot is suspended"
	case webhookNotSet:
		return hub.AccountBroken, "the bot has no webhook"
	case noDevice:
		return hub.Unreachable, "the customer's device knows no bots"
	case tooMany:
		return hub.RateLimited, "too many requests"
	case apiVersion:
		return hub.Unsupported, "the customer's Viber is too old for this form"
	case incompatible:
		return hub.Unsupported, "the form needs a newer version than it names"
	case notAuthorized:
		return hub.AccountBroken, "the bot may not do this"
	case country:
		return hub.Unreachable, "Viber does not send this to the customer's country"
	case freeUsedUp:
		return hub.QuotaExhausted, "the month's free messages are used up"
	case noBalance:
		return hub.QuotaExhausted, "the bot's balance is used up"
	case general:
		if strings.Contains(strings.ToLower(r.Words), "receiver") {
			return hub.Unreachable, "the recipient is no id of Viber's"
		}
	}
	return hub.Permanent, "the message is refused"
}

// outcome is the one place where an answer to a send becomes a result or a code. An
// error that Viber numbers says that nothing was sent, and so does a 503 that asks to come
// again; without that it may be a gateway's, behind which the message went out. An answer
// that cannot be read does not tell, even with the status 200.
func outcome(op string, answer call.Answer, try int) (channel.Sent, error) {
	r := replyOf(answer)
	good, refused := answer.Status/100 == 2, answer.Status/100 == 4 && answer.Status != http.StatusRequestTimeout
	var code hub.Code
	why := "it may have been accepted"
	switch {
	case good && r.Status != nil && *r.Status == 0:
		return channel.Sent{PlatformID: scan.Word(r.Token)}, nil
	case (good || refused) && r.Status != nil && *r.Status > 0:
		code, why = meaning(r)
	case refused:
		code, why = codeOf(answer.Status)
	case answer.Status == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "":
		code, why = hub.Transient, "Viber takes no requests now"
	default:
		code = hub.Unclear
	}
	e := failure(op, code, why, answer, r)
	if code == hub.RateLimited {
		e.RetryAfter = max(answer.RetryAfter(), waitFor(try))
	}
	return channel.Sent{}, e
}

// codeOf is the meaning of a status of HTTP that refuses; Viber documents none.
func codeOf(status int) (hub.Code, string) {
	switch status {
	case http.StatusUnauthorized:
		return hub.TokenExpired, "the token is refused"
	case http.StatusForbidden:
		return hub.AccountBroken, "the bot may not do this"
	case http.StatusTooManyRequests:
		return hub.RateLimited, "too many requests"
	}
	return hub.Permanent, "the request is refused"
}

// waitFor is firstWait, four times as long for each try so far.
func waitFor(try int) time.Duration {
	wait := firstWait
	for range try {
		if wait *= 4; wait >= maxWait {
			return maxWait
		}
	}
	return wait
}

// failure makes the error of an answer. Its text has nothing of the answer's words.
func failure(op string, code hub.Code, why string, answer call.Answer, r reply) *hub.Error {
	if r.Status == nil {
		return hub.E(code, op, fmt.Errorf("%s (HTTP %d)", why, answer.Status))
	}
	return hub.E(code, op, fmt.Errorf("%s (Viber's status %d, HTTP %d)", why, *r.Status, answer.Status))
}
