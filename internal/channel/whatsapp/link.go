package whatsapp

import (
	"errors"

	"omnihub/internal/channel"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// ChatLink opens a chat with the number. The Graph API names it by another id, so the
// number itself must be known.
func (a *Adapter) ChatLink(acct channel.Account, text string) (string, error) {
	const op = "whatsapp: chat link"
	digits := waid.Digits(acct.Secrets[DisplayNumber].Reveal())
	if !waid.IsPhone(digits) {
		return "", hub.E(hub.AccountBroken, op, errors.New("the account's phone number is not known: "+
			"connect the account again, or enter the number as display_number"))
	}
	return a.links.To(op, digits, text)
}

// Landing is WhatsApp.
func (a *Adapter) Landing() channel.Landing { return a.links.Landing() }
