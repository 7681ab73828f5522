package twiliotest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"omnihub/internal/channel/fake"
)

// refusal is an answer that is not a success.
// https://www.twilio.com/docs/usage/twilios-response
type refusal struct {
	status  int // HTTP
	code    int
	message string
}

type errorBody struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	More    string `json:"more_info"`
	Status  int    `json:"status"`
}

// codes are Twilio's errors: the HTTP status and the text of each.
// https://www.twilio.com/docs/api/errors
var codes = map[int]refusal{
	10001: {status: 401, message: "Account is not active"},
	20001: {status: 400, message: "Unknown parameters"},
	20003: {status: 401, message: "Authenticate"},
	20004: {status: 405, message: "Method not allowed"},
	20404: {status: 404, message: "The requested resource was not found"},
	20429: {status: 429, message: "Too Many Requests"},
	20500: {status: 500, message: "Internal Server Error"},
	20503: {status: 503, message: "Service Unavailable"},
	21211: {status: 400, message: "Invalid 'To' Phone Number"},
	21603: {status: 400, message: "A 'From' or 'MessagingServiceSid' parameter is required to send a message"},
	21604: {status: 400, message: "A 'To' phone number is required."},
	21609: {status: 400, message: "The 'StatusCallback' URL is not a valid URL"},
	21617: {status: 400, message: "The concatenated message body exceeds the 1600 character limit"},
	21619: {status: 400, message: "A text message body or media urls must be specified."},
	21620: {status: 400, message: "Invalid media URL(s)"},
	21623: {status: 400, message: "Number of media files exceeds allowed limit"},
	21655: {status: 400, message: "The ContentSid is Invalid"},
	21656: {status: 400, message: "The Content Variables parameter is invalid."},
	21701: {status: 400, message: "The Messaging Service does not exist"},
	21910: {status: 400, message: "Invalid From and To pair. From and To should be of the same channel"},
	63007: {status: 400, message: "Twilio could not find a Channel with the specified From address"},
	63014: {status: 400, message: "Channel: the user has blocked the account"},
	63015: {status: 400, message: "Channel Sandbox can only send messages to phone numbers that have joined the Sandbox"},
	63016: {status: 400, message: "Failed to send freeform message because you are outside the allowed window. If you are using WhatsApp, please use a Message Template."},
	63018: {status: 400, message: "Rate limit exceeded for Channel"},
	63019: {status: 400, message: "Media failed to download"},
	63021: {status: 400, message: "Channel invalid content error"},
	63024: {status: 400, message: "Invalid message recipient"},
	63028: {status: 400, message: "Number of parameters provided does not match the expected number of parameters"},
	63030: {status: 400, message: "Unsupported parameter for type of channels message"},
	63031: {status: 400, message: "Channels message cannot have same From and To"},
	63040: {status: 400, message: "Template rejected"},
	63041: {status: 400, message: "Template paused"},
	63042: {status: 400, message: "Template disabled"},
}

// refuse makes a refusal of one of Twilio's codes; details stand after its text.
func refuse(code int, details ...string) *refusal {
	r := codes[code]
	r.code = code
	for _, d := range details {
		r.message += ": " + d
	}
	return &r
}

// exchange is one call of the API.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	owner  *owner
	faults faults
}

func (x *exchange) answer(status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this package come here
	}
	fake.Answer(x.w, status, "application/json", body)
}

func (x *exchange) refuse(r *refusal) {
	x.answer(r.status, errorBody{r.code, r.message, fmt.Sprintf("https://www.twilio.com/docs/errors/%d", r.code), r.status})
}
