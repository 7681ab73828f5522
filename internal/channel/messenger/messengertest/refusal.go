package messengertest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// refusal is an answer that is not a success.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
type refusal struct {
	status    int // HTTP
	code      int
	subcode   int
	kind      string // "" = OAuthException
	message   string
	transient bool
	minutes   int // until calls are let in again; 0 = not told
}

type errorBody struct {
	Error struct {
		Message   string `json:"message"`
		Type      string `json:"type"`
		Transient bool   `json:"is_transient,omitempty"`
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode,omitempty"`
		Trace     string `json:"fbtrace_id"`
	} `json:"error"`
}

// noObject is the type of errors about objects that are not there.
const noObject = "GraphMethodException"

// The refusals that a send can meet.
func outsideWindow() *refusal {
	return &refusal{status: 403, code: 10, subcode: 2018278, message: "(#10) This message is sent outside of allowed window. Learn more about the new policy here: " +
		"https://developers.facebook.com/docs/messenger-platform/policy-overview"}
}

func noSuchUser() *refusal {
	return &refusal{status: 400, code: 100, subcode: 2018001, message: "(#100) No matching user found"}
}

func notAvailable() *refusal {
	return &refusal{status: 400, code: 551, subcode: 1545041, message: "(#551) This person isn't available right now."}
}

func deadTag() *refusal {
	return &refusal{status: 400, code: 100, subcode: 1893061, message: "(#100) The message tag is no longer supported."}
}

func restricted() *refusal {
	return &refusal{status: 403, code: 10, subcode: 1893063, message: "(#10) Your Page is temporarily restricted from sending messages."}
}

func controlled() *refusal {
	return &refusal{status: 403, code: 10, subcode: 2018300, message: "(#10) Message failed to send because another app is controlling this thread now."}
}

func tooFast() *refusal {
	return &refusal{status: 400, code: 613, message: "(#613) Calls to this api have exceeded the rate limit.", minutes: 1}
}

func tooMany() *refusal {
	return &refusal{status: 429, code: 4, message: "(#4) Application request limit reached", transient: true}
}

func unavailable() *refusal {
	return &refusal{status: 503, code: 2, message: "An unexpected error has occurred. Please retry your request later.", transient: true}
}

func unknownError() *refusal {
	return &refusal{status: 500, code: 1, message: "An unknown error has occurred."}
}

// invalid is a parameter that is wrong.
func invalid(format string, args ...any) *refusal {
	return &refusal{status: 400, code: 100, message: "(#100) " + fmt.Sprintf(format, args...)}
}

// lacking is a permission that the token has not.
func lacking(scope string) *refusal {
	return &refusal{status: 403, code: 200, message: "(#200) Requires " + scope + " permission to manage the object"}
}

// missing is an object that is not there, or not for this token.
func missing(method string) *refusal {
	return &refusal{status: 400, code: 100, subcode: 33, kind: noObject, message: "Unsupported " + strings.ToLower(method) +
		" request. Object with this ID does not exist, cannot be loaded due to missing permissions, or does not support this operation."}
}

// body is what is answered.
func (r *refusal) body(trace string) errorBody {
	var out errorBody
	out.Error.Message, out.Error.Type, out.Error.Code = r.message, r.kind, r.code
	out.Error.Subcode, out.Error.Trace, out.Error.Transient = r.subcode, trace, r.transient
	if r.kind == "" {
		out.Error.Type = "OAuthException"
	}
	return out
}

// trace makes an fbtrace_id.
func trace() string { return "A" + base64.RawURLEncoding.EncodeToString(random(16)) }
