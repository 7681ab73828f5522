// Package twilio speaks WhatsApp through Twilio: it checks and reads webhooks and
// status callbacks, sends, and looks for sends whose answer was lost. README.md tells
// how a number is connected.
//
// https://www.twilio.com/docs/whatsapp/api
package twilio

import (
	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "twilio"

const (
	apiHost       = "https://api.twilio.com"       // messages and accounts
	messagingHost = "https://messaging.twilio.com" // senders
)

// Names of the fields: the first three are the connection's, the others the account's.
const (
	AccountSID          = "account_sid"
	AuthToken           = "auth_token"
	AuthTokenBefore     = "auth_token_before" // while the token is being changed
	Sandbox             = "sandbox"           // the sandbox's join code
	AttachmentsIn       = "attachments_in"    // Off, or anything else
	AttachmentsOut      = "attachments_out"
	MessagingServiceSID = "messaging_service_sid"
)

// Off is what turns off AttachmentsIn and AttachmentsOut.
const Off = "off"

// SandboxNumber is the one that all of Twilio's sandboxes share.
// https://www.twilio.com/docs/whatsapp/sandbox
const SandboxNumber = "+14155238886"

// Adapter is the Twilio channel. A connection is an account of Twilio's, an account a
// WhatsApp number of it; its external id is the number with "+".
type Adapter struct {
	api, messaging *call.Client
	links          waid.Links
}

var (
	_ channel.Adapter    = (*Adapter)(nil)
	_ channel.Namer      = (*Adapter)(nil)
	_ channel.Previewer  = (*Adapter)(nil)
	_ channel.Connector  = (*Adapter)(nil)
	_ channel.Finder     = (*Adapter)(nil)
	_ channel.ChatLinker = (*Adapter)(nil)
)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	return &Adapter{api: call.New(p, Kind, apiHost), messaging: call.New(p, Kind, messagingHost), links: waid.NewLinks(p, Kind)}
}

// Kind is "twilio".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Setup is what a WhatsApp number of Twilio's is connected with.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{
			{Name: AccountSID, Plain: true, Help: "Twilio Console, Account Dashboard, Account Info: Account SID (AC and 32 digits)"},
			{Name: AuthToken, Help: "Twilio Console, Account Dashboard, Account Info: the primary Auth Token"},
			{Name: AuthTokenBefore, Optional: true, Help: "the Auth Token before, for as long as it is being changed: webhooks that it signed are taken too"},
		},
		Account: []channel.Field{
			{Name: Sandbox, Optional: true, Plain: true, Help: "for Twilio's sandbox only: the code that people send after \"join\""},
			{Name: AttachmentsIn, Optional: true, Plain: true, Help: "\"off\": files that customers send are not shown"},
			{Name: AttachmentsOut, Optional: true, Plain: true, Help: "\"off\": nobody sends files to customers"},
			{Name: MessagingServiceSID, Optional: true, Plain: true, Help: "if the number belongs to a Messaging Service: its SID (MG and 32 digits)"},
		},
		External: "the WhatsApp number with its country, beginning with + (the sandbox's is " + SandboxNumber + ")",
	}
}
