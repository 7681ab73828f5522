package whatsapp

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

const (
	// spamWait is how long to leave a number alone of which people complained.
	spamWait = time.Hour
	// maxWait caps the wait between two messages to one person. Meta's own rule goes on to
	// hours, but the pace is one message in 6 seconds: after minutes the pair is paid off.
	maxWait = 5 * time.Minute
)

// Numbers of errors that need more than a code.
const (
	pairRate = 131056 // too many messages to one person
	spamRate = 131048
)

// codeOf is the one place where a number of WhatsApp's gets its meaning, in an answer
// or in a status; "" for those that are not documented.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
func codeOf(f meta.Failure) hub.Code {
	switch f.Number {
	case 130429, spamRate, pairRate, 132069, 133016: // of the number; … ; of a form; of registering
		return hub.RateLimited
	case 131047: // over 24 hours since the customer's last message
		return hub.TemplateNeeded
	case 131026, 131030: // not on WhatsApp, or too old a client; not on a test number's list
		return hub.Unreachable
	case 131050: // no marketing messages
		return hub.OptedOut
	case 131049, 130472: // held back for the customer's peace; for an experiment
		return hub.Permanent
	case 131051, 131062: // the message type; a BSUID for this message
		return hub.Unsupported
	case 131008, 131009, 131021, 131053, 132068: // parameters; to itself; the medium; a blocked form
		return hub.Permanent
	case 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016:
		return hub.TemplateInvalid
	case 33, 130497, 131005, 131031, 131037, 131042, 131045, 133010:
		return hub.AccountBroken // deleted; country; permission; locked; name; payment; certificate; registration
	case 131000, 131016, 131052, 131057, 133004: // unknown; down; the medium not loaded; maintenance; down
		return hub.Transient
	}
	return f.Code()
}

// outcome is the one place where an answer becomes a result or a code. An error that
// WhatsApp numbers itself says that nothing was sent, whatever the status; of the
// Graph API's own "unknown" and "down" only a 4xx does.
func outcome(op string, answer call.Answer, try int) (channel.Sent, error) {
	if answer.Status/100 == 2 {
		return channel.Sent{PlatformID: scan.Text(sentID(answer.Body))}, nil
	}
	f, told := meta.FailureOf(answer.Body)
	code := hub.Code("")
	if told {
		code = codeOf(f)
	}
	refused := answer.Status/100 == 4 && answer.Status != http.StatusRequestTimeout
	switch {
	case code != "" && (refused || f.Number > 2 || f.Number == 0):
	case !refused:
		code = hub.Unclear
	case answer.Status == http.StatusUnauthorized:
		code = hub.TokenExpired
	case answer.Status == http.StatusTooManyRequests:
		code = hub.RateLimited
	default:
		code = hub.Permanent
	}
	why := errors.New("no error of the Graph API")
	if told {
		why = errors.New(f.String())
	}
	e := hub.E(code, op, fmt.Errorf("status %d, %w", answer.Status, why))
	if code == hub.RateLimited {
		e.RetryAfter = answer.RetryAfter()
		switch f.Number {
		case pairRate:
			e.RetryAfter = max(e.RetryAfter, pairWait(try))
		case spamRate:
			e.RetryAfter = max(e.RetryAfter, spamWait)
		}
	}
	return channel.Sent{}, e
}

// sentID is messages[0].id of an acceptance; a message that is held back or paused
// has one too.
func sentID(body []byte) []byte {
	if !scan.Valid(body) {
		return nil
	}
	return scan.Get(scan.First(scan.Get(body, messages)), "id")
}

// pairWait is 4 to the power of the tries so far, in seconds, and 5 minutes at most.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput#pair-rate-limits
func pairWait(try int) time.Duration {
	wait := time.Second
	for range try {
		if wait *= 4; wait >= maxWait {
			return maxWait
		}
	}
	return wait
}
