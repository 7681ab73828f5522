package instagramtest

import (
	"encoding/base64"
	"fmt"
)

// refusal is an answer that is not a success.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
type refusal struct {
	status  int // HTTP
	code    int
	subcode int
	kind    string // "" = that of the host
	message string
}

type errorBody struct {
	Error struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    int    `json:"code"`
		Subcode int    `json:"error_subcode,omitempty"`
		Trace   string `json:"fbtrace_id"`
	} `json:"error"`
}

// Types of errors: of all tokens, of graph.instagram.com, of objects that are not there.
const (
	oauth       = "OAuthException"
	ofInstagram = "IGApiException"
	noObject    = "GraphMethodException"
)

// The refusals that a send can meet.
func outsideWindow() *refusal {
	return &refusal{status: 403, code: 10, subcode: 2534022, message: "This message is sent outside of allowed window."}
}

func noSuchUser() *refusal {
	return &refusal{status: 400, code: 100, subcode: 2534014, message: "The requested user cannot be found."}
}

func accessOff() *refusal {
	return &refusal{status: 403, code: 200, subcode: 2534041, message: "The owner of the Instagram Professional account has revoked your app's access."}
}

func tooFast() *refusal {
	return &refusal{status: 400, code: 613, subcode: 2534040, message: "Calls to this api have exceeded the rate limit."}
}

func notAvailable() *refusal {
	return &refusal{status: 400, code: 551, subcode: 1545041, message: "This person isn't available right now."}
}

func unavailable() *refusal {
	return &refusal{status: 503, code: 2, kind: oauth, message: "An unexpected error has occurred. Please retry your request later."}
}

func unknownError() *refusal {
	return &refusal{status: 500, code: 1, kind: oauth, message: "An unknown error has occurred."}
}

// invalid is a parameter that is wrong.
func invalid(format string, args ...any) *refusal {
	return &refusal{status: 400, code: 100, message: "(#100) " + fmt.Sprintf(format, args...)}
}

// lacking is a permission that the token has not.
func lacking(scope string) *refusal {
	return &refusal{status: 403, code: 10, message: "(#10) Application does not have permission for this action: " + scope}
}

// missing is an object that is not there, or not for this token.
func missing(method string) *refusal {
	return &refusal{status: 400, code: 100, subcode: 33, kind: noObject, message: "Unsupported " + method +
		" request. Object with this ID does not exist, cannot be loaded due to missing permissions, or does not support this operation."}
}

// body is what is answered.
func (r *refusal) body(login bool, trace string) errorBody {
	var out errorBody
	out.Error.Message, out.Error.Type, out.Error.Code = r.message, r.kind, r.code
	out.Error.Subcode, out.Error.Trace = r.subcode, trace
	switch {
	case r.kind != "":
	case login:
		out.Error.Type = ofInstagram
	default:
		out.Error.Type = oauth
	}
	return out
}

// trace makes an fbtrace_id.
func trace() string { return "A" + base64.RawURLEncoding.EncodeToString(random(16)) }
