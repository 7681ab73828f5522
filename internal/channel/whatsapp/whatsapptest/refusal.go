package whatsapptest

import (
	"fmt"

	"omnihub/internal/channel/meta/metatest"
)

// refusal is an answer that is not a success. WhatsApp tells details beside the message.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
type refusal = metatest.Refusal

// codes are Meta's errors: the HTTP status and the title of each.
var codes = map[int]struct {
	status         int
	title, details string
}{
	0:      {401, "AuthException", "We were unable to authenticate the app user."},
	100:    {400, "Invalid parameter", "The request included one or more unsupported or misspelled parameters."},
	190:    {401, "Access token has expired", "The access token has expired."},
	130429: {400, "Rate limit hit", "Cloud API message throughput has been reached."},
	130472: {400, "User's number is part of an experiment", "Message was not sent as part of an experiment."},
	131000: {500, "Something went wrong", "Message failed to send due to an unknown error."},
	131005: {403, "Access denied", "Permission is either not granted or has been removed."},
	131008: {400, "Required parameter is missing", "The request is missing a required parameter."},
	131009: {400, "Parameter value is not valid", "One or more parameter values are invalid."},
	131016: {500, "Service unavailable", "A service is temporarily unavailable."},
	131021: {400, "Recipient cannot be sender", "Sender and recipient phone number is the same."},
	131026: {400, "Message undeliverable", "Unable to deliver message."},
	131031: {403, "Account has been locked", "The WhatsApp Business Account has been restricted or disabled."},
	131042: {400, "Business eligibility payment issue", "Message failed to send because there were one or more errors related to your payment method."},
	131047: {400, "Re-engagement message", "Message failed to send because more than 24 hours have passed since the customer last replied to this number."},
	131048: {400, "Spam rate limit hit", "Message failed to send because there are restrictions on how many messages can be sent from this phone number."},
	131049: {400, "Message not delivered to maintain healthy ecosystem engagement", "This message was not delivered to maintain healthy ecosystem engagement."},
	131050: {400, "User opted out of marketing messages", "The user has stopped receiving marketing messages from this business."},
	131051: {400, "Message type unknown", "Message type is currently not supported."},
	131052: {400, "Media download error", "Unable to download the media sent by the user."},
	131053: {400, "Media upload error", "Unable to upload the media used in the message."},
	131056: {400, "(Business Account, Consumer Account) pair rate limit hit", "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."},
	131057: {500, "Account in maintenance mode", "The business account is in maintenance mode."},
	131060: {400, "This message is currently unavailable", "This message is currently unavailable. Please ask the recipient to resend the message."},
	131062: {400, "Business-scoped user IDs are not supported for this message", "One-tap, zero-tap and copy-code authentication templates need a phone number."},
	132000: {400, "Number of parameters does not match the expected number of params", "The number of parameters does not match the template."},
	132001: {404, "Template name does not exist in the translation", "The template does not exist in this language or is not approved."},
	132005: {400, "Translated text too long", "The text is too long once the blanks are filled."},
	132012: {400, "Parameter format does not match format in the created template", "A parameter has not the format of the template."},
	132015: {400, "Template is paused", "The template is paused because of its quality."},
	132016: {400, "Template is disabled", "The template was paused too often and is disabled for good."},
}

// refuse makes a refusal of one of Meta's codes; without details it has the code's own.
func refuse(code int, format string, args ...any) *refusal {
	c := codes[code]
	r := &refusal{Status: c.status, Code: code, Details: c.details, Message: fmt.Sprintf("(#%d) %s", code, c.title)}
	if format != "" {
		r.Details = fmt.Sprintf(format, args...)
	}
	return r
}

// failed is one of Meta's errors as a webhook tells it.
func failed(code int, details string) failure {
	c, ok := codes[code]
	if !ok {
		c = codes[131000]
	}
	f := failure{Code: code, Title: c.title, Message: c.title}
	if f.Data.Details = details; details == "" {
		f.Data.Details = c.details
	}
	return f
}
