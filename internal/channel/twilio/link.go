package twilio

import (
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// ChatLink opens a chat with the number, which is the account's external id.
func (a *Adapter) ChatLink(acct channel.Account, text string) (string, error) {
	const op = "twilio: chat link"
	digits, ok := strings.CutPrefix(acct.External, "+")
	if !ok || !waid.IsPhone(digits) {
		return "", hub.E(hub.AccountBroken, op, errors.New("the account's external id is no phone number: connect the account by its number with +"))
	}
	return a.links.To(op, digits, text)
}

// Landing is WhatsApp.
func (a *Adapter) Landing() channel.Landing { return a.links.Landing() }
