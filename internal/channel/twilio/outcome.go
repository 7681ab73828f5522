package twilio

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// dayWait is how long to leave an account alone that has sent all it may in a day.
const dayWait = time.Hour

// dayLimit is the error of such an account.
const dayLimit = 63038

// meaning is what one of Twilio's numbers comes to, and in words for people.
type meaning struct {
	code  hub.Code
	words string
}

// meanings is the one place where a number of Twilio's gets its meaning, in an answer
// or in a status callback.
// https://www.twilio.com/docs/api/errors
// https://www.twilio.com/docs/whatsapp/api/error-code-mapping
var meanings = map[int]meaning{
	20003: {hub.TokenExpired, "Twilio refuses the Account SID with this auth token"},

	10001: {hub.AccountBroken, "the Twilio account is not active"},
	20005: {hub.AccountBroken, "the Twilio account is not active"},
	20404: {hub.AccountBroken, "Twilio knows no such account or number"},
	21212: {hub.AccountBroken, "the number is none that Twilio can send from"},
	21603: {hub.AccountBroken, "the number is none that Twilio can send from"},
	21606: {hub.AccountBroken, "the number is none that Twilio can send from"},
	21609: {hub.AccountBroken, "Twilio cannot use the URL for status callbacks"},
	21701: {hub.AccountBroken, "there is no such Messaging Service"},
	21703: {hub.AccountBroken, "the Messaging Service has no number to send from"},
	21704: {hub.AccountBroken, "the Messaging Service has no number to send from"},
	30002: {hub.AccountBroken, "the Twilio account is suspended"},
	63001: {hub.AccountBroken, "WhatsApp refuses Twilio's credentials for the number"},
	63002: {hub.AccountBroken, "the number is no WhatsApp sender"},
	63007: {hub.AccountBroken, "the number is no WhatsApp sender of this Twilio account"},
	63008: {hub.AccountBroken, "the WhatsApp sender is not set up in full at Twilio"},
	63020: {hub.AccountBroken, "Meta asks for the payment set-up of the business"},
	63022: {hub.AccountBroken, "the display name of the number has no valid certificate"},

	63016: {hub.TemplateNeeded, "more than 24 hours since the customer's last message: send a template"},

	21654: {hub.TemplateInvalid, "the template's ContentSid is missing"},
	21655: {hub.TemplateInvalid, "there is no template with this ContentSid"},
	21656: {hub.TemplateInvalid, "a variable of the template is empty or malformed"},
	63027: {hub.TemplateInvalid, "the template is not approved in this language"},
	63028: {hub.TemplateInvalid, "the number of the template's variables does not fit"},
	63040: {hub.TemplateInvalid, "WhatsApp has rejected the template"},
	63041: {hub.TemplateInvalid, "WhatsApp has paused the template"},
	63042: {hub.TemplateInvalid, "WhatsApp has disabled the template"},

	14101: {hub.Unreachable, "the recipient is no number of WhatsApp"},
	21211: {hub.Unreachable, "the recipient is no phone number"},
	21608: {hub.Unreachable, "a trial account reaches only numbers that were verified at Twilio"},
	21612: {hub.Unreachable, "the recipient cannot be reached from this number"},
	21614: {hub.Unreachable, "the recipient is no mobile number"},
	63003: {hub.Unreachable, "WhatsApp does not find the recipient"},
	63015: {hub.Unreachable, "the recipient has not joined the sandbox, or did so over three days ago"},
	63024: {hub.Unreachable, "the recipient is not on WhatsApp"},
	63032: {hub.Unreachable, "WhatsApp does not let this customer be written to"},

	63014: {hub.Blocked, "the customer has blocked the number"},
	63033: {hub.Blocked, "the customer has blocked the number"},
	21610: {hub.Blocked, "the customer has sent STOP to the number"},

	14107: {hub.RateLimited, "too many messages to one number"},
	20429: {hub.RateLimited, "too many calls at a time"},
	21611: {hub.RateLimited, "Twilio's queue for the number is full"},
	30001: {hub.RateLimited, "Twilio's queue for the number is full"},
	63017: {hub.RateLimited, "too many messages a second"},
	63018: {hub.RateLimited, "over WhatsApp's limit for the number"},
	63038: {hub.RateLimited, "the account has sent all it may in a day"},

	21617: {hub.Unsupported, "the text is over 1600 characters"},
	21619: {hub.Unsupported, "the message is empty"},
	63005: {hub.Unsupported, "WhatsApp does not take the content"},
	63021: {hub.Unsupported, "WhatsApp does not take the content, or it is too long"},
	63030: {hub.Unsupported, "a parameter does not belong to this kind of message"},
	63034: {hub.Unsupported, "the medium is too large"},

	12300: {hub.Permanent, "the medium's server tells another type than the medium has"},
	21620: {hub.Permanent, "the medium's address is none"},
	63013: {hub.Permanent, "against WhatsApp's policy"},
	63019: {hub.Permanent, "the medium could not be loaded"},
	63031: {hub.Permanent, "the number cannot write to itself"},
	63049: {hub.Permanent, "Meta held the marketing message back for the customer's peace"},

	63009: {hub.Transient, "WhatsApp failed"},
	63010: {hub.Transient, "Twilio failed"},
	63012: {hub.Transient, "WhatsApp failed"},
}

// codeOf is a number's code; "" for those that are not in the table.
func codeOf(n int) hub.Code { return meanings[n].code }

// outcome is the one place where an answer becomes a result or a code. Only a 4xx says
// that nothing was done.
// https://www.twilio.com/docs/usage/twilios-response
func outcome(op string, answer call.Answer) error {
	if answer.Status/100 == 2 {
		return nil
	}
	n, told := failure(answer.Body)
	code := hub.Code("")
	if told {
		code = codeOf(n)
	}
	switch {
	case answer.Status/100 != 4 || answer.Status == http.StatusRequestTimeout:
		code = hub.Unclear
	case answer.Status == http.StatusTooManyRequests:
		code = hub.RateLimited
	case code != "":
	case answer.Status == http.StatusUnauthorized:
		code = hub.TokenExpired
	case answer.Status == http.StatusForbidden:
		code = hub.AccountBroken
	default:
		code = hub.Permanent
	}
	e := hub.E(code, op, explain(answer.Status, n, told))
	if code == hub.RateLimited {
		if e.RetryAfter = answer.RetryAfter(); n == dayLimit {
			e.RetryAfter = max(e.RetryAfter, dayWait)
		}
	}
	return e
}

// explain tells what Twilio said by its number and our words. Twilio's own words may
// hold the customer's number.
func explain(httpStatus, n int, told bool) error {
	switch words := meanings[n].words; {
	case !told:
		return fmt.Errorf("status %d, no error of Twilio's", httpStatus)
	case words == "":
		return fmt.Errorf("status %d, Twilio's error %d", httpStatus, n)
	default:
		return fmt.Errorf("status %d, Twilio's error %d: %s", httpStatus, n, words)
	}
}

// failure reads the number of an error: {"code":63016,"message":"…","more_info":"…",
// "status":400}.
func failure(body []byte) (n int, ok bool) {
	if !scan.Valid(body) {
		return 0, false
	}
	value := scan.Get(body, "code")
	if scan.IsNumber(value) {
		return number(string(value))
	}
	return number(scan.Text(value))
}

// number reads one of Twilio's numbers of errors.
func number(text string) (n int, ok bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && len(text) <= 6
}

func itoa(n int) string { return strconv.Itoa(n) }

// accepted is what Twilio made of a send.
func accepted(body []byte) channel.Sent {
	if !scan.Valid(body) {
		return channel.Sent{}
	}
	return channel.Sent{PlatformID: scan.Text(scan.Get(body, "sid"))}
}
