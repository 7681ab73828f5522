package messengertest

import "omnihub/internal/channel/meta/metatest"

// refusal is an answer that is not a success.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
type refusal = metatest.Refusal

// rateLimit is the code of calls that come too fast.
const rateLimit = 613

// The refusals that a send can meet.
func outsideWindow() *refusal {
	return &refusal{Status: 403, Code: 10, Subcode: 2018278, Message: "(#10) This message is sent outside of allowed window. Learn more about the new policy here: " +
		"https://developers.facebook.com/docs/messenger-platform/policy-overview"}
}

func noSuchUser() *refusal {
	return &refusal{Status: 400, Code: 100, Subcode: 2018001, Message: "(#100) No matching user found"}
}

func notAvailable() *refusal {
	return &refusal{Status: 400, Code: 551, Subcode: 1545041, Message: "(#551) This person isn't available right now."}
}

func deadTag() *refusal {
	return &refusal{Status: 400, Code: 100, Subcode: 1893061, Message: "(#100) The message tag is no longer supported."}
}

func restricted() *refusal {
	return &refusal{Status: 403, Code: 10, Subcode: 1893063, Message: "(#10) Your Page is temporarily restricted from sending messages."}
}

func controlled() *refusal {
	return &refusal{Status: 403, Code: 10, Subcode: 2018300, Message: "(#10) Message failed to send because another app is controlling this thread now."}
}

func tooFast() *refusal {
	return &refusal{Status: 400, Code: rateLimit, Message: "(#613) Calls to this api have exceeded the rate limit."}
}

func tooMany() *refusal {
	return &refusal{Status: 429, Code: 4, Message: "(#4) Application request limit reached", Transient: true}
}

func unavailable() *refusal {
	return &refusal{Status: 503, Code: 2, Message: "An unexpected error has occurred. Please retry your request later.", Transient: true}
}

// lacking is a permission that the token has not.
func lacking(scope string) *refusal {
	return &refusal{Status: 403, Code: 200, Message: "(#200) Requires " + scope + " permission to manage the object"}
}
