package whatsapptest

import (
	"mime"
	"net/http"
	"regexp"
	"strings"

	"omnihub/internal/channel/meta/metatest"
)

// exchange is one call of the API.
type exchange struct {
	metatest.Call
	number *number
	faults faults
}

func (x *exchange) refuse(r *refusal) { x.Refuse(r, metatest.OAuth) }

var (
	versionPath  = regexp.MustCompile(`^/(v\d{1,2}\.\d)/([^/]+(?:/[^/]+)?)$`)
	messagesPath = regexp.MustCompile(`^/(v\d{1,2}\.\d)/([^/]+)/messages$`)
)

// ServeHTTP is the Graph API, with the endpoint that sends and those by which an account
// is connected.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.chatLink(w, r) {
		return
	}
	call, ok := metatest.Begin(w, r)
	if !ok {
		return
	}
	x := &exchange{Call: call}
	path := messagesPath.FindStringSubmatch(x.R.URL.Path)
	for _, n := range p.Accounts {
		if path != nil && n.ExternalID == path[2] {
			x.number = n
		}
	}
	p.Mu.Lock()
	x.faults = p.Faults.of(x.number)
	p.Mu.Unlock()
	if !x.faults.Delay(r.Context()) {
		return
	}
	if of := versionPath.FindStringSubmatch(x.R.URL.Path); of != nil && path == nil {
		w.Header().Set("Facebook-Api-Version", of[1])
		if p.care(x, of[2]) {
			return
		}
	}
	if refused := p.admit(x, path); refused != nil {
		x.refuse(refused)
		return
	}
	p.messages(x)
}

// admit tells why a call is not let in; nil if it is.
func (p *platform) admit(x *exchange, path []string) *refusal {
	if x.faults.Down {
		return refuse(131016, "")
	}
	if path == nil {
		return x.NoPath()
	}
	x.W.Header().Set("Facebook-Api-Version", path[1])
	bearer, ok := strings.CutPrefix(x.R.Header.Get("Authorization"), "Bearer ")
	if !ok || bearer == "" {
		return &refusal{Status: 401, Code: 0, Message: "Authentication Error", Details: codes[0].details}
	}
	known := false
	for _, n := range p.Accounts {
		known = known || n.Secrets["access_token"] == bearer
	}
	switch {
	case x.faults.ExpiredToken:
		return &refusal{Status: 401, Code: 190, Subcode: 463, Message: "Error validating access token: Session has expired."}
	case !known:
		return &refusal{Status: 401, Code: 190, Message: metatest.Unparsed}
	case x.number == nil:
		return x.Missing()
	case x.number.Secrets["access_token"] != bearer:
		return refuse(131005, "")
	case x.R.Method != http.MethodPost:
		return &refusal{Status: 400, Code: 100, Kind: metatest.NoObject, Message: "Unsupported " + strings.ToLower(x.R.Method) + " request."}
	case len(x.Body) > metatest.MaxBody:
		return metatest.TooLarge()
	}
	if media, _, err := mime.ParseMediaType(x.R.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return required("messaging_product")
	}
	return nil
}

// required is the refusal of a request that lacks a parameter of its own.
func required(parameter string) *refusal {
	r := refuse(100, "")
	r.Message = "(#100) The parameter " + parameter + " is required."
	return r
}
