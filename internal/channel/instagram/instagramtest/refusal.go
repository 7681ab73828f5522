package instagramtest

import "omnihub/internal/channel/meta/metatest"

// refusal is an answer that is not a success; without a type of its own it has the
// host's.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
type refusal = metatest.Refusal

// ofInstagram is the type of errors of graph.instagram.com.
const ofInstagram = "IGApiException"

// The refusals that a send can meet.
func outsideWindow() *refusal {
	return &refusal{Status: 403, Code: 10, Subcode: 2534022, Message: "This message is sent outside of allowed window."}
}

func noSuchUser() *refusal {
	return &refusal{Status: 400, Code: 100, Subcode: 2534014, Message: "The requested user cannot be found."}
}

func accessOff() *refusal {
	return &refusal{Status: 403, Code: 200, Subcode: 2534041, Message: "The owner of the Instagram Professional account has revoked your app's access."}
}

func tooFast() *refusal {
	return &refusal{Status: 400, Code: 613, Subcode: 2534040, Message: "Calls to this api have exceeded the rate limit."}
}

func notAvailable() *refusal {
	return &refusal{Status: 400, Code: 551, Subcode: 1545041, Message: "This person isn't available right now."}
}

func unavailable() *refusal {
	return &refusal{Status: 503, Code: 2, Kind: metatest.OAuth, Message: "An unexpected error has occurred. Please retry your request later."}
}

// lacking is a permission that the token has not.
func lacking(scope string) *refusal {
	return &refusal{Status: 403, Code: 10, Message: "(#10) Application does not have permission for this action: " + scope}
}
