// Package whatsapp speaks the WhatsApp Cloud API: it checks and reads webhooks, and
// sends. README.md tells how a number is connected.
//
// https://developers.facebook.com/documentation/business-messaging/whatsapp
package whatsapp

import (
	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "whatsapp"

// version is the Graph API's that the calls are written for.
// https://developers.facebook.com/docs/graph-api/changelog
const version = "v24.0"

// Names of the fields: the first three are the connection's, the others the account's.
// The ids and the number are no secrets.
const (
	AppSecret     = meta.AppSecret
	VerifyToken   = meta.VerifyToken
	AppID         = "app_id"
	AccessToken   = meta.AccessToken
	WABAID        = "waba_id"        // of the WhatsApp Business Account
	DisplayNumber = "display_number" // the phone number, which customers see
)

// Adapter is the WhatsApp channel. An account is a phone number; its external id is
// the phone_number_id.
type Adapter struct {
	client *call.Client
	graph  *meta.Graph
	links  waid.Links
}

var (
	_ channel.Adapter    = (*Adapter)(nil)
	_ channel.Handshaker = (*Adapter)(nil)
	_ channel.Typist     = (*Adapter)(nil)
	_ channel.ReadMarker = (*Adapter)(nil)
	_ channel.Namer      = (*Adapter)(nil)
	_ channel.Previewer  = (*Adapter)(nil)
	_ channel.Connector  = (*Adapter)(nil)
	_ channel.Registrar  = (*Adapter)(nil)
	_ channel.ChatLinker = (*Adapter)(nil)
)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	return &Adapter{
		client: call.New(p, Kind, meta.Host), graph: meta.NewGraph(p, Kind, meta.Host, version, codeOf), links: waid.NewLinks(p, Kind),
	}
}

// Kind is "whatsapp".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Setup is what a number of the Cloud API is connected with.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{
			{Name: AppSecret, Help: "Meta App Dashboard, App settings, Basic"},
			{Name: VerifyToken, Help: "a text of your own choice; enter the same at Meta beside the webhook's URL"},
			{Name: AppID, Help: "beside the app secret; with it the token's end and permissions can be checked, and the webhook's URL entered", Optional: true, Plain: true},
		},
		Account: []channel.Field{
			{Name: AccessToken, Help: "of a system user that may send with the number"},
			{Name: WABAID, Help: "WhatsApp Manager, beside the number: the WhatsApp Business Account's id; with it the app is subscribed to the number's webhooks", Optional: true, Plain: true},
			{Name: DisplayNumber, Help: "the phone number with its country, for links that open a chat: +886 2 7700 1234; if it is not given, what Meta tells", Optional: true, Plain: true},
		},
		External: "the phone_number_id",
	}
}

// Verify checks X-Hub-Signature-256 with the connection's app secret. Numbers that
// are not the connection's pass: one Meta app has one webhook URL for all of them.
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	return meta.Verify("whatsapp: verify", r, c.Secrets[AppSecret])
}

// Handshake answers Meta's question when the webhook URL is entered.
func (a *Adapter) Handshake(r *channel.Request, c channel.Credentials) (string, error) {
	return meta.Handshake("whatsapp: handshake", r, c.Secrets[VerifyToken])
}
