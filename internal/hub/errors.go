package hub

import (
	"errors"
	"fmt"
	"time"
)

// Code is the closed list of what can go wrong. Callers decide by code and never
// read an error's text.
type Code string

const (
	// At the edge.
	BadRequest   Code = "bad_request"       // the request is malformed
	BadSignature Code = "signature_invalid" // the webhook is not the platform's
	NotFound     Code = "not_found"         // no such channel, connection or item
	BadMethod    Code = "method_not_allowed"
	TooLarge     Code = "too_large"

	// About an event: it goes to quarantine.
	Unparsable Code = "unparsable"      // signed, but not what the platform documents
	Oversize   Code = "oversize"        // an event over 700 KB
	NoAccount  Code = "unknown_account" // signed, for an account that is not connected
	StaleEvent Code = "stale_event"     // platform time older than 8 days
	KeyReused  Code = "key_reused"      // the same event id with other content
	Poison     Code = "poison"          // failed at every try

	// About a send: why it failed for good.
	Permanent         Code = "permanent"           // the platform refuses this message
	Blocked           Code = "blocked"             // the customer blocked the account
	Unreachable       Code = "unreachable"         // no such user, or not to be reached
	WindowClosed      Code = "window_closed"       // outside the platform's session window
	TemplateNeeded    Code = "template_needed"     // only a template may be sent now
	QuotaExhausted    Code = "quota_exhausted"     // the account's paid quota is used up
	TokenExpired      Code = "token_expired"       // the account's credentials are refused
	ReplyTokenInvalid Code = "reply_token_invalid" // used, or too old
	StaleFence        Code = "stale_fence"         // a person took the floor since
	ReplyBudget       Code = "reply_budget"        // over 5 automatic answers a minute
	DeadlinePassed    Code = "deadline_passed"     // could not be sent in its time
	Erased            Code = "erased"              // the customer was erased since
	Unsupported       Code = "unsupported"         // the channel cannot show this
	OptedOut          Code = "opted_out"           // the customer wants no such messages
	AccountBroken     Code = "account_broken"      // the platform has locked or not set up the account
	AccountOff        Code = "account_off"         // the account was deactivated, and not activated again in time
	TemplateInvalid   Code = "template_invalid"    // the template is missing, paused, or filled in wrongly

	// About a try: do it again later.
	Transient   Code = "transient"    // a definite failure that may pass
	RateLimited Code = "rate_limited" // the platform or a budget asks to wait
	Unclear     Code = "unclear"      // the answer was lost; it may have been done
	Conflict    Code = "conflict"     // another writer was faster
	Refused     Code = "refused"      // what stands forbids it, and doing it again changes nothing
	Internal    Code = "internal"     // anything not foreseen
)

// Error is the one error type that crosses packages. Op names the operation
// ("line: push"); Err is the cause. Neither holds a secret or a body.
type Error struct {
	Code       Code
	Op         string
	Err        error
	RetryAfter time.Duration // with RateLimited: how long the platform asks to wait; 0 = not said
}

// E makes an Error.
func E(code Code, op string, cause error) *Error { return &Error{Code: code, Op: op, Err: cause} }

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Op, e.Code)
	}
	return fmt.Sprintf("%s: %s: %v", e.Op, e.Code, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the outermost Error in err's chain, Internal for any
// other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// RetryAfterOf is the wait that the error asks for, or 0.
func RetryAfterOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// Retryable reports whether doing the same again later may succeed.
func (c Code) Retryable() bool {
	switch c {
	case Transient, RateLimited, Unclear, Conflict, Internal:
		return true
	}
	return false
}

// Quarantined reports whether an event that fails with this code is kept aside
// with its raw body instead of being tried again.
func (c Code) Quarantined() bool {
	switch c {
	case Unparsable, Oversize, NoAccount, StaleEvent, KeyReused, Poison:
		return true
	}
	return false
}

// HTTPStatus is the status that a caller over HTTP gets.
func (c Code) HTTPStatus() int {
	switch c {
	case "":
		return 200
	case BadRequest:
		return 400
	case BadSignature:
		return 401
	case NotFound:
		return 404
	case BadMethod:
		return 405
	case Conflict, Refused:
		return 409
	case TooLarge:
		return 413
	case RateLimited:
		return 429
	}
	return 503
}
