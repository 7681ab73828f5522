package whatsapptest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// app is a Meta app: the numbers with its secret belong to it.
type app struct {
	id     string
	fields []string // of webhooks that it is subscribed to
}

// everything is what an app is subscribed to by hand, before any call.
func everything() []string {
	return []string{
		"messages", "message_template_status_update", "message_template_quality_update", "template_category_update",
		"phone_number_quality_update", "phone_number_name_update", "account_update", "account_alerts", "account_review_update",
		"business_capability_update",
	}
}

// permissions are what a system user's token has, unless the fault plan takes some.
var permissions = []string{"whatsapp_business_management", "whatsapp_business_messaging"}

func (f faults) permissions() []string {
	return slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return slices.Contains(f.MissingPermissions, p) })
}

// bearer is the credential of a call; "" = none.
func (x *exchange) bearer() string {
	bearer, _ := strings.CutPrefix(x.R.Header.Get("Authorization"), "Bearer ")
	return bearer
}

// caller finds the number whose token a call bears, or one of the app whose own
// credential it is.
func (p *platform) caller(x *exchange) (n *number, asApp bool) {
	bearer := x.bearer()
	for _, n := range p.Accounts {
		switch {
		case bearer == "":
		case n.Secrets["access_token"] == bearer:
			return n, false
		case n.app.id+"|"+n.Secrets["app_secret"] == bearer:
			return n, true
		}
	}
	return nil, strings.Contains(bearer, "|")
}

// parameters are those of the query and of a body that is a form or JSON.
func (x *exchange) parameters() url.Values {
	out := x.R.URL.Query()
	var members map[string]any
	if json.Unmarshal(x.Body, &members) == nil {
		for name, value := range members {
			if text, ok := value.(string); ok {
				out.Set(name, text)
			}
		}
		return out
	}
	if form, err := url.ParseQuery(string(x.Body)); err == nil {
		for name, values := range form {
			out[name] = append(out[name], values...)
		}
	}
	return out
}

// care answers the calls by which an account is connected; false if it is none of them.
func (p *platform) care(x *exchange, path string) bool {
	id, rest, _ := strings.Cut(path, "/")
	var do func(x *exchange, n *number, id string) *refusal
	switch x.R.Method + " " + rest {
	case "GET ":
		if do = p.tellNumber; id == "debug_token" {
			do = p.debug
		}
	case "GET phone_numbers":
		do = p.tellNumbers
	case "GET subscribed_apps":
		do = p.tellSubscribed
	case "POST subscribed_apps":
		do = p.subscribe
	case "DELETE subscribed_apps":
		do = p.unsubscribe
	case "GET subscriptions":
		do = p.tellApp
	case "POST subscriptions":
		do = p.setApp
	default:
		return false
	}
	n, asApp := p.caller(x)
	p.Mu.Lock()
	x.faults = p.Faults.of(n)
	p.Mu.Unlock()
	switch {
	case x.faults.Down:
		x.refuse(&refusal{Status: 503, Code: 2, Message: "Service temporarily unavailable"})
	case x.bearer() == "":
		x.refuse(metatest.NoToken())
	case n == nil && asApp:
		x.refuse(&refusal{Status: 400, Code: 190, Message: "Invalid OAuth access token signature."})
	case n == nil:
		x.refuse(&refusal{Status: 401, Code: 190, Message: metatest.Unparsed})
	case x.faults.ExpiredToken && !asApp:
		x.refuse(&refusal{Status: 401, Code: 190, Subcode: 463, Message: "Error validating access token: Session has expired."})
	case asApp != (rest == "subscriptions") && id != "debug_token":
		x.refuse(&refusal{Status: 403, Code: 200, Message: "(#200) This endpoint needs another kind of access token."})
	default:
		if refused := do(x, n, id); refused != nil {
			x.refuse(refused)
		}
	}
	return true
}

// debug tells about a token of the caller's app.
// https://developers.facebook.com/docs/graph-api/reference/debug_token
func (p *platform) debug(x *exchange, caller *number, _ string) *refusal {
	token := x.R.URL.Query().Get("input_token")
	var of *number
	for _, n := range p.Accounts {
		if token != "" && n.Secrets["access_token"] == token && n.app == caller.app {
			of = n
		}
	}
	if of == nil {
		x.Answer(200, map[string]any{"data": map[string]any{"is_valid": false, "scopes": []string{},
			"error": map[string]any{"code": 190, "message": metatest.Unparsed}}})
		return nil
	}
	p.Mu.Lock()
	f, now := p.Faults.of(of), p.Now()
	p.Mu.Unlock()
	data := map[string]any{"app_id": of.app.id, "application": "Omnihub", "type": "SYSTEM_USER", "is_valid": !f.ExpiredToken,
		"user_id": fake.Digits(15, "user", of.app.id), "expires_at": 0, "data_access_expires_at": 0, "issued_at": now.Add(-time.Hour).Unix()}
	if f.TokenExpiresIn > 0 {
		data["expires_at"] = now.Add(time.Duration(f.TokenExpiresIn) * time.Second).Unix()
	}
	if f.ExpiredToken {
		data["error"] = map[string]any{"code": 190, "subcode": 463, "message": "Error validating access token: Session has expired."}
	}
	type grant struct {
		Scope   string   `json:"scope"`
		Targets []string `json:"target_ids"`
	}
	var grants []grant
	for _, scope := range f.permissions() {
		grants = append(grants, grant{scope, []string{of.waba}})
	}
	data["scopes"], data["granular_scopes"] = f.permissions(), grants
	x.Answer(200, map[string]any{"data": data})
	return nil
}

// tellNumber tells about a phone number: what the caller asks for of it.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number
func (p *platform) tellNumber(x *exchange, caller *number, id string) *refusal {
	var of *number
	for _, n := range p.Accounts {
		if n.ExternalID == id && n.waba == caller.waba {
			of = n
		}
	}
	switch {
	case id == caller.waba:
		x.Answer(200, map[string]any{"id": id, "name": "Omnihub", "timezone_id": "1"})
		return nil
	case of == nil:
		return x.Missing()
	case slices.Contains(x.faults.MissingPermissions, "whatsapp_business_management"):
		return &refusal{Status: 403, Code: 200, Message: "(#200) You do not have the necessary permissions required to send messages on behalf of this WhatsApp Business Account"}
	}
	known := map[string]any{"id": of.ExternalID, "display_phone_number": "+" + of.display, "verified_name": of.ID,
		"quality_rating": "GREEN", "name_status": "APPROVED", "status": "CONNECTED", "platform_type": "CLOUD_API", "account_mode": "LIVE",
		"code_verification_status": "VERIFIED"}
	if x.faults.NumberStatus != "" {
		known["status"] = x.faults.NumberStatus
	}
	if x.faults.QualityRating != "" {
		known["quality_rating"] = x.faults.QualityRating
	}
	out := map[string]any{"id": of.ExternalID}
	asked := x.R.URL.Query().Get("fields")
	if asked == "" {
		asked = "verified_name,code_verification_status,display_phone_number,quality_rating,platform_type"
	}
	for _, name := range strings.Split(asked, ",") {
		value, ok := known[name]
		if !ok {
			return &refusal{Status: 400, Code: 100, Message: "(#100) Tried accessing nonexisting field (" + name + ") on node type (WhatsAppBusinessPhoneNumber)"}
		}
		out[name] = value
	}
	x.Answer(200, out)
	return nil
}

// tellNumbers lists the numbers of a WhatsApp Business Account.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account
func (p *platform) tellNumbers(x *exchange, caller *number, id string) *refusal {
	if id != caller.waba {
		return x.Missing()
	}
	list := []map[string]string{}
	for _, n := range p.Accounts {
		if n.waba == id {
			list = append(list, map[string]string{"id": n.ExternalID, "display_phone_number": "+" + n.display, "verified_name": n.ID})
		}
	}
	x.Answer(200, map[string]any{"data": list})
	return nil
}

func (x *exchange) success() {
	x.Answer(http.StatusOK, map[string]bool{"success": true})
}

// unconfirmed is the refusal of a webhook URL that did not answer the challenge.
func unconfirmed(status int) *refusal {
	why := "curl_errno = 7; curl_error = Failed to connect"
	if status != 0 {
		why = "HTTP Status Code = " + strconv.Itoa(status) + "; HTTP Message = " + http.StatusText(status)
	}
	return &refusal{Status: 400, Code: 2200, Message: "(#2200) Callback verification failed with the following errors: " + why}
}
