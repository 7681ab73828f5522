// Package instagram speaks Instagram's messaging API, by both of Meta's routes: it checks
// and reads webhooks, sends, and connects accounts. README.md tells how an account is
// connected.
//
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
package instagram

import (
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "instagram"

// version is the Graph API's that the calls are written for, on both routes.
// https://developers.facebook.com/docs/graph-api/changelog
const version = "v25.0"

// Names of the credentials: the first three are the connection's, the others the
// account's.
const (
	AppSecret          = meta.AppSecret
	VerifyToken        = meta.VerifyToken
	InstagramAppSecret = "instagram_app_secret" // signs in place of the other, with Instagram Login
	AccessToken        = meta.AccessToken
	Login              = "login"   // LoginFacebook, the default, or LoginInstagram
	PageID             = "page_id" // of the linked Page, with Facebook Login
)

// Values of Login.
const (
	LoginFacebook  = "facebook"
	LoginInstagram = "instagram"
)

const (
	loginHost = "https://graph.instagram.com"
	// loginKind is where the fakes of the local stack have loginHost: BaseURL +
	// "/instagram/login". The other route is at BaseURL + "/instagram" itself.
	loginKind = Kind + "/login"
)

// Adapter is the Instagram channel. An account is a professional account; its external id
// is the one that stands in the webhooks' entries.
type Adapter struct {
	byPage, byLogin *meta.Graph
	renewal         *call.Client // for the one call that has no version
}

var (
	_ channel.Adapter    = (*Adapter)(nil)
	_ channel.Handshaker = (*Adapter)(nil)
	_ channel.Profiler   = (*Adapter)(nil)
	_ channel.Typist     = (*Adapter)(nil)
	_ channel.ReadMarker = (*Adapter)(nil)
	_ channel.Previewer  = (*Adapter)(nil)
	_ channel.Connector  = (*Adapter)(nil)
	_ channel.Registrar  = (*Adapter)(nil)
	_ channel.Refresher  = (*Adapter)(nil)
	_ channel.Finder     = (*Adapter)(nil)
)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	return &Adapter{
		byPage:  meta.NewGraph(p, Kind, meta.Host, version, codeOf),
		byLogin: meta.NewGraph(p, loginKind, loginHost, version, codeOf),
		renewal: call.New(p, loginKind, loginHost),
	}
}

// Kind is "instagram".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Setup is what a professional account is connected with.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{
			{Name: AppSecret, Help: "Meta App Dashboard, App settings, Basic"},
			{Name: VerifyToken, Help: "a text of your own choice; enter the same at Meta beside the webhook's URL"},
			{Name: InstagramAppSecret, Optional: true, Help: "with Instagram Login: Meta App Dashboard, Instagram, API setup with Instagram login; webhooks signed with either secret are taken"},
		},
		Account: []channel.Field{
			{Name: AccessToken, Help: "with Facebook Login that of the linked Page, with Instagram Login that of the Instagram account"},
			{Name: Login, Optional: true, Plain: true, Help: `how the token was made: "facebook", or "instagram"; facebook if empty`},
			{Name: PageID, Optional: true, Plain: true, Help: "with Facebook Login: the id of the Facebook Page that the account is linked to"},
		},
		External: "the id of the Instagram professional account (17841…)",
	}
}

// Verify checks X-Hub-Signature-256 with either of the connection's secrets: Meta does
// not say which one signs with Instagram Login. Accounts that are not the connection's
// pass: one Meta app has one webhook URL for all of them.
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	const op = "instagram: verify"
	err := meta.Verify(op, r, c.Secrets[AppSecret])
	if err != nil && c.Secrets[InstagramAppSecret] != "" {
		return meta.Verify(op, r, c.Secrets[InstagramAppSecret])
	}
	return err
}

// Handshake answers Meta's question when the webhook URL is entered.
func (a *Adapter) Handshake(r *channel.Request, c channel.Credentials) (string, error) {
	return meta.Handshake("instagram: handshake", r, c.Secrets[VerifyToken])
}

// route is how the calls of an account go.
type route struct {
	*meta.Graph
	Token hub.Secret
	login bool   // Instagram Login
	node  string // whose edges are called: the linked Page, or the account
}

// route finds the way of an account. Errors: TokenExpired without a token, wrong for what
// else is missing or has the wrong form.
func (a *Adapter) route(op string, acct channel.Account, wrong hub.Code) (route, error) {
	r := route{Token: acct.Secrets[AccessToken]}
	if r.Token == "" {
		return r, hub.E(hub.TokenExpired, op, errors.New("access_token is missing"))
	}
	switch login := acct.Secrets[Login].Reveal(); login {
	case "", LoginFacebook:
		if r.Graph, r.node = a.byPage, acct.Secrets[PageID].Reveal(); !isID(r.node) {
			return r, hub.E(wrong, op, errors.New("page_id is missing or no number: with Facebook Login it is the id of the Page that the account is linked to"))
		}
	case LoginInstagram:
		if r.Graph, r.node, r.login = a.byLogin, acct.External, true; r.node == "" {
			r.node = "me"
		}
	default:
		return r, hub.E(wrong, op, errors.New("login is neither facebook nor instagram"))
	}
	if acct.External != "" && !isID(acct.External) {
		return r, hub.E(wrong, op, errors.New("the external id is no Instagram account's: it has digits only"))
	}
	return r, nil
}

// isID reports whether a text is an id of Meta's.
func isID(text string) bool {
	return text != "" && len(text) <= 40 && strings.Trim(text, "0123456789") == ""
}
