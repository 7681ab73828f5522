// Package messenger speaks the Messenger Platform for Facebook Pages: it checks and reads
// webhooks, and sends. README.md tells how a Page is connected.
//
// https://developers.facebook.com/documentation/business-messaging/messenger-platform
package messenger

import (
	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "messenger"

// version is the Graph API's that the calls are written for.
// https://developers.facebook.com/docs/graph-api/changelog
const version = "v25.0"

// Names of the credentials: the first three are the connection's, the last the account's.
const (
	AppSecret   = meta.AppSecret
	VerifyToken = meta.VerifyToken
	AppID       = "app_id"
	AccessToken = meta.AccessToken
)

// envelope is how Messenger uses what it shares with Instagram.
var envelope = meta.Messaging{Name: string(Kind), Objects: []string{object}}

// object is Meta's name of what Pages' webhooks are about.
const object = "page"

// Adapter is the Messenger channel. An account is a Page; its external id is the Page's
// id. A customer's id is the page-scoped id (PSID), or that of meta.UserRef.
type Adapter struct{ graph *meta.Graph }

var (
	_ channel.Adapter    = (*Adapter)(nil)
	_ channel.Handshaker = (*Adapter)(nil)
	_ channel.Profiler   = (*Adapter)(nil)
	_ channel.Typist     = (*Adapter)(nil)
	_ channel.ReadMarker = (*Adapter)(nil)
	_ channel.Previewer  = (*Adapter)(nil)
	_ channel.Connector  = (*Adapter)(nil)
	_ channel.Registrar  = (*Adapter)(nil)
)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	return &Adapter{graph: meta.NewGraph(p, Kind, meta.Host, version, nil)}
}

// Kind is "messenger".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Setup is what a Page is connected with.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{
			{Name: AppSecret, Help: "Meta App Dashboard, App settings, Basic: App secret"},
			{Name: VerifyToken, Help: "a text of your own choice; Meta asks for it when the webhook's URL is entered"},
			{Name: AppID, Help: "beside the app secret; with it the webhook's URL is entered at the app when the account is registered", Optional: true, Plain: true},
		},
		Account:  []channel.Field{{Name: AccessToken, Help: "Meta App Dashboard, Messenger API settings: Generate token, beside the Page"}},
		External: "the Page's id, digits only",
	}
}

// Verify checks X-Hub-Signature-256 with the connection's app secret. Pages that are not
// the connection's pass: one Meta app has one webhook URL for all of them.
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	return meta.Verify("messenger: verify", r, c.Secrets[AppSecret])
}

// Handshake answers Meta's question when the webhook URL is entered.
func (a *Adapter) Handshake(r *channel.Request, c channel.Credentials) (string, error) {
	return meta.Handshake("messenger: handshake", r, c.Secrets[VerifyToken])
}

// Split cuts a webhook into its items.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) { return envelope.Split(r) }

// Parse reads one event of Split.
func (a *Adapter) Parse(head, raw []byte) (channel.Event, error) { return envelope.Parse(head, raw) }
