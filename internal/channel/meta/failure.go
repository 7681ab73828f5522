package meta

import (
	"fmt"
	"regexp"
	"strconv"

	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Failure is what an error of the Graph API says that may be repeated: its message
// is left out, since it may hold what was sent.
// https://developers.facebook.com/docs/graph-api/guides/error-handling
type Failure struct {
	Number  int
	Subcode int    // 0 = none
	Trace   string // fbtrace_id, by which Meta's support finds the call; "" = none, or of another form
	Passing bool   // is_transient: Meta says that it may pass
}

// traceForm is that of the trace ids seen; Meta does not document it.
var traceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{11,40}$`)

// FailureOf reads the body of an answer; ok tells whether it is an error of the
// Graph API with a number.
func FailureOf(body []byte) (f Failure, ok bool) {
	if !scan.Valid(body) {
		return Failure{}, false
	}
	e := scan.Get(body, "error")
	f.Number, ok = Number(scan.Get(e, "code"))
	if !ok {
		return Failure{}, false
	}
	f.Subcode, _ = Number(scan.Get(e, "error_subcode"))
	f.Passing = isTrue(scan.Get(e, "is_transient"))
	if trace := scan.Text(scan.Get(e, "fbtrace_id")); traceForm.MatchString(trace) && mixed(trace) {
		f.Trace = trace
	}
	return f, true
}

// Number reads the number of an error, with or without quotes.
func Number(value []byte) (int, bool) {
	n, err := strconv.Atoi(scan.Word(value))
	return n, err == nil && n >= 0
}

// mixed reports whether a text has both small and capital letters, as trace ids do;
// phone numbers and secrets in hexadecimal digits do not.
func mixed(text string) bool {
	var small, capital bool
	for _, c := range []byte(text) {
		small = small || c >= 'a' && c <= 'z'
		capital = capital || c >= 'A' && c <= 'Z'
	}
	return small && capital
}

// String is the failure in an error's text.
func (f Failure) String() string {
	text := fmt.Sprintf("error %d", f.Number)
	if f.Subcode != 0 {
		text += fmt.Sprintf(", subcode %d", f.Subcode)
	}
	if f.Trace != "" {
		text += ", trace " + f.Trace
	}
	return text
}

// Code is the meaning of the error numbers that all of the Graph API shares; "" for
// the others. Transient says nothing but "not now": whether the call was done follows
// from the answer's status.
// https://developers.facebook.com/docs/graph-api/guides/error-handling#errorcodes
func (f Failure) Code() hub.Code {
	switch f.Number {
	case 0, 190: // the token is refused, or expired
		return hub.TokenExpired
	case 3, 10, 368: // no such capability; no permission; blocked for its conduct
		return hub.AccountBroken
	case 1, 2: // unknown; down or overloaded
		return hub.Transient
	case 4, 80007: // calls of the app; of the WhatsApp Business Account
		return hub.RateLimited
	case 100:
		if f.Subcode == 33 { // no such object, or not for this token
			return hub.AccountBroken
		}
		return hub.Permanent // a parameter is wrong
	}
	if f.Number >= 200 && f.Number <= 299 { // permissions
		return hub.AccountBroken
	}
	return ""
}

// words tells people what the commonest failures are; "" for the others.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
func (f Failure) words() string {
	switch f.Number {
	case 190:
		switch f.Subcode {
		case 458:
			return "the app was removed by the person who made the token"
		case 460:
			return "the token ended when its owner changed the password"
		case 463, 467:
			return "the token has expired"
		case 492:
			return "the token's owner has no role at the Page any more"
		}
		return "the access token is refused"
	case 551:
		return "the person is not available"
	}
	switch f.Subcode {
	case 2018278, 2018065, 2534022:
		return "outside the allowed window"
	case 2018001, 2534014:
		return "no such person"
	case 2018300:
		return "another app has the conversation"
	}
	if f.Number == 10 || f.Number >= 200 && f.Number <= 299 {
		return "a permission is missing"
	}
	return ""
}
