package instagram

import (
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

// codeOf is what an error means on Instagram, where it is another than Messenger's; ""
// for all others.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
func codeOf(f meta.Failure) hub.Code {
	switch f.Subcode {
	case 2534022: // outside the window
		return hub.WindowClosed
	case 2534014: // no such user
		return hub.Unreachable
	case 2534040: // too fast
		return hub.RateLimited
	case 2534029, 2534041: // blocked from the API; the owner has turned the access to messages off
		return hub.AccountBroken
	case 2207050: // restricted, inactive, or at a checkpoint
		return hub.AccountBroken
	}
	switch f.Number {
	case 25: // restricted
		return hub.AccountBroken
	case 104: // no access token came along
		return hub.TokenExpired
	}
	return ""
}
