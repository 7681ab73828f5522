package hub

// advice says of each code, in plain words for people, what has happened and what can
// be done about it.
var advice = map[Code]string{
	BadRequest:   "The request is not complete or not well-formed. Correct it and try again.",
	BadSignature: "The platform's signature does not fit. Compare the secret here with the one at the platform.",
	NotFound:     "There is no such thing. Check the name.",
	BadMethod:    "This address does not take such a request.",
	TooLarge:     "It is larger than what is taken.",

	Unparsable: "The platform sent something that is not in its documentation. It is kept; look at it, and replay it when the hub can read it.",
	Oversize:   "One event was larger than 700 KB. It is kept, and cannot be replayed as it is.",
	NoAccount:  "The account is not connected, or not any more. Connect it, then replay what was kept or send again.",
	StaleEvent: "The event is more than eight days old by the platform's clock. It is kept, and nothing follows from it.",
	KeyReused:  "The platform used one message id for two contents. The first was kept.",
	Poison:     "It failed at every try. It is kept; replay it once the cause is mended.",

	Permanent:         "The platform refuses this message for good. The log names its error number.",
	Blocked:           "The customer has blocked the account. Nothing arrives until the customer writes again.",
	Unreachable:       "The platform cannot reach this customer: there is no such person any more, or the person does not take messages from the account.",
	WindowClosed:      "The customer wrote too long ago: this platform takes messages only within its window. Wait for the customer to write.",
	TemplateNeeded:    "The customer wrote too long ago for a free message. Send an approved template.",
	QuotaExhausted:    "The account's paid messages are used up. Buy more at the platform, or wait for the next month.",
	TokenExpired:      "The platform refuses the account's credentials. Enter new ones; what still waits then goes out.",
	ReplyTokenInvalid: "The reply token was used already, or is too old.",
	StaleFence:        "A member of the team took over the conversation before the automatic answer left.",
	ReplyBudget:       "More than five automatic answers within a minute: the bot stopped, so that two bots do not talk to each other for ever.",
	DeadlinePassed:    "It could not be sent in its time. Send it again if it still matters.",
	Erased:            "The customer's data was erased after the message was accepted, so it was not sent.",
	Unsupported:       "The channel cannot show this message. Send it in a simpler or shorter form.",
	OptedOut:          "The customer wants no such messages.",
	AccountBroken:     "The platform has locked the account, or it is not set up to send. Look at the account at the platform.",
	AccountOff:        "The account is switched off here, and was not switched on again in time.",
	TemplateInvalid:   "The template is missing or paused at the platform, or its blanks are filled in wrongly.",

	Transient:   "It did not work this time and is tried again by itself.",
	RateLimited: "The platform asks to wait. It is tried again by itself.",
	Unclear:     "The platform's answer was lost: it may have been sent, or not.",
	Conflict:    "Somebody else was faster. Look at it again.",
	Refused:     "What stands now forbids it; trying again changes nothing.",
	Internal:    "Something went wrong that was not foreseen. The log says more.",
}

// Advice is, in plain words for people, what a code means and what can be done; "" for
// no code.
func (c Code) Advice() string { return advice[c] }
