package channel

import (
	"context"
	"time"

	"omnihub/internal/hub"
)

// ChatLinker is the ability to lead a customer from elsewhere into a chat with the
// account. What the customer then sends proves who it is, as every message does.
type ChatLinker interface {
	// ChatLink is a link that opens the chat with a text that the customer has only to
	// send; "" = none. It asks nobody. Errors: AccountBroken if the account lacks what the
	// link needs, with what is to be done; BadRequest for a text that no link can hold.
	ChatLink(a Account, text string) (string, error)

	// Landing tells of the app that the link opens.
	Landing() Landing
}

// Login is the ability to tell who has opened a page of ours, by the platform's own
// sign-in within its app.
type Login interface {
	// LoginLink is a link that opens our sign-in page, which gets the code as its
	// parameter "c". It asks nobody. Errors: AccountBroken if the account lacks what a
	// sign-in needs, with what is to be done.
	LoginLink(a Account, code string) (string, error)

	// LoginPage is what the sign-in page needs. It asks nobody. Errors: as of LoginLink.
	LoginPage(a Account) (LoginPage, error)

	// VerifyLogin tells who signed in, by the token that the sign-in gave to the page; the
	// id is that of the account's webhooks. It may ask the platform for its public keys.
	// A token that bears a nonce must bear this one. Errors: BadSignature for a token that
	// is not accepted; TokenExpired for one that was good and has ended, so that the
	// person may sign in again; AccountBroken as of LoginLink; Transient if the keys could
	// not be read now.
	VerifyLogin(ctx context.Context, a Account, idToken hub.Secret, nonce string, now time.Time) (user string, err error)

	// Landing tells of the app that the link opens.
	Landing() Landing
}

// Landing tells of the app that a customer is taken to by a link.
type Landing struct {
	App string // as people call it: "WhatsApp"
	// Origins are the addresses that the link passes on its way, its own first:
	// "https://wa.me".
	Origins []string
	// NotFrom are in-app browsers of others from which the app cannot be opened.
	NotFrom []InApp
}

// InApp is the browser within another platform's app.
type InApp string

// MessengerApp is the browser within the apps of Messenger and Facebook.
const MessengerApp InApp = "messenger app"

// LoginPage is what our page needs for a sign-in.
type LoginPage struct {
	App    string // the sign-in's id at the platform
	Name   string // the app in which it happens, as people call it: "LINE"
	Script string // the platform's script
	// Scripts and Connects are the addresses from which the script takes further scripts
	// and answers: "https://api.line.me".
	Scripts, Connects []string
	Friend            string // where the account is added as a friend; "" = not known
}
