package instagramtest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// The fields that can be subscribed to: of an account with Instagram Login, and of a
// Page. Which of an account's events come, the app's own page says; that the app is
// subscribed to any field lets them through.
// https://developers.facebook.com/docs/instagram-platform/webhooks
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
var (
	loginFields = []string{"messages", "message_reactions", "messaging_postbacks", "messaging_referral", "messaging_seen",
		"messaging_handover", "messaging_optins", "standby", "comments", "live_comments", "message_echoes"}
	pageFields = []string{"feed", "messages", "messaging_postbacks", "message_deliveries", "message_echoes", "message_reads", "message_edits",
		"message_reactions", "messaging_referrals", "messaging_optins", "messaging_handovers", "messaging_policy_enforcement",
		"messaging_account_linking", "standby"}
)

// told reports whether the app gets the account's webhooks.
func (a *account) told() bool { return a.Webhook != "" && len(a.subscribed) > 0 }

// fields are the names that a call asks for, the outermost only.
func (x *exchange) fields() []string {
	var out []string
	depth, start, list := 0, 0, x.R.URL.Query().Get("fields")
	for i, c := range list + "," {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ',' && depth == 0:
			if name, _, _ := strings.Cut(list[start:i], "{"); name != "" {
				out = append(out, name)
			}
			start = i + 1
		}
	}
	return out
}

// only keeps of an object what was asked for.
func only(all map[string]any, fields []string) (map[string]any, *refusal) {
	out := map[string]any{}
	for _, name := range fields {
		value, known := all[name]
		if !known {
			return nil, metatest.Invalid("Tried accessing nonexisting field (%s)", name)
		}
		if value != nil {
			out[name] = value
		}
	}
	return out, nil
}

// me tells who the account is, or with Facebook Login the Page with its account.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started
func (p *platform) me(x *exchange) *refusal {
	a := x.account
	fields := x.fields()
	all := map[string]any{"id": a.page, "name": "Page of " + a.username, "instagram_business_account": map[string]any{"id": a.ExternalID, "username": a.username}}
	scope := "pages_show_list"
	if x.login {
		all = map[string]any{"id": "25" + fake.Digits(15, "asid", a.ExternalID), "user_id": a.ExternalID, "username": a.username, "name": "Shop " + a.username,
			"account_type": "BUSINESS", "profile_picture_url": "https://scontent.cdninstagram.com/" + a.username + ".jpg"}
		scope = "instagram_business_basic"
	}
	switch {
	case !x.token.has(scope):
		return lacking(scope)
	case !x.login && !x.token.has("instagram_basic"):
		delete(all, "instagram_business_account") // it is left out without a word
		fields = slices.DeleteFunc(fields, func(f string) bool { return f == "instagram_business_account" })
	}
	if x.login && len(fields) == 0 || !slices.Contains(fields, "id") {
		fields = append(fields, "id")
	}
	out, refused := only(all, fields)
	if refused == nil {
		x.Answer(http.StatusOK, out)
	}
	return refused
}

// profile tells who a customer is, once that person has written.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/user-profile
func (p *platform) profile(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	c := x.account.lookUp(x.node)
	scope := "instagram_basic"
	if x.login {
		scope = "instagram_business_basic"
	}
	switch {
	case !x.token.has(scope):
		return lacking(scope)
	case x.account.chats[x.node] == nil:
		return x.Missing()
	case c == nil:
		return &refusal{Status: 403, Code: 230, Kind: metatest.OAuth, Message: "(#230) User consent is required to access user profile"}
	case c.blocked:
		return x.Missing()
	}
	who := p.person(c.key)
	var name any = who.Name
	if who.Name == "" {
		name = nil
	}
	out, refused := only(map[string]any{"id": x.node, "name": name, "username": who.Username,
		"profile_pic": "https://scontent.cdninstagram.com/" + x.node + ".jpg", "is_verified_user": false, "follower_count": 7,
		"is_user_follow_business": true, "is_business_follow_user": false}, append(x.fields(), "id"))
	if refused == nil {
		x.Answer(http.StatusOK, out)
	}
	return refused
}

type debugAnswer struct {
	Data struct {
		App     string    `json:"app_id"`
		Type    string    `json:"type"`
		Expires int64     `json:"expires_at"`
		Data    int64     `json:"data_access_expires_at"`
		Issued  int64     `json:"issued_at,omitempty"`
		Valid   bool      `json:"is_valid"`
		Scopes  []string  `json:"scopes"`
		Page    string    `json:"profile_id,omitempty"`
		Error   *errorOfD `json:"error,omitempty"`
	} `json:"data"`
}

type errorOfD struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Subcode int    `json:"subcode,omitempty"`
}

// debug tells what stands behind a token of the same app.
// https://developers.facebook.com/docs/graph-api/reference/debug_token
func (p *platform) debug(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	input := x.R.URL.Query().Get("input_token")
	if input == "" {
		return metatest.Invalid("The parameter input_token is required.")
	}
	var out debugAnswer
	out.Data.Scopes = []string{}
	for _, a := range p.Accounts {
		t := a.tokens[input]
		if t == nil || a.Secrets["app_secret"] != x.account.Secrets["app_secret"] {
			continue
		}
		d := &out.Data
		d.App, d.Type, d.Scopes, d.Page, d.Issued = a.app(), "PAGE", t.Scopes, a.page, t.Issued.Unix()
		d.Data = t.Issued.Add(90 * 24 * time.Hour).Unix()
		if !t.Expires.IsZero() {
			d.Expires = t.Expires.Unix()
		}
		if refused := t.refused(p.Now()); refused != nil {
			d.Error = &errorOfD{refused.Code, refused.Message, refused.Subcode}
		}
		d.Valid = d.Error == nil
	}
	if out.Data.App == "" {
		out.Data.Error = &errorOfD{Code: 190, Message: "Invalid OAuth access token."}
	}
	x.Answer(http.StatusOK, out)
	return nil
}

type refreshAnswer struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Scopes  string `json:"permissions,omitempty"`
}

// refresh makes a new token out of one that is a day old; the old one lives on.
// https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
func (p *platform) refresh(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	now := p.Now()
	switch {
	case x.R.URL.Query().Get("grant_type") != "ig_refresh_token":
		return metatest.Invalid("The parameter grant_type is required.")
	case now.Sub(x.token.Issued) < 24*time.Hour:
		return metatest.Invalid("The access token must be at least 24 hours old to be refreshed.")
	case !x.token.has("instagram_business_basic"):
		return lacking("instagram_business_basic")
	}
	t := &token{Value: "IGAA" + strings.ReplaceAll(metatest.Trace(), "-", "x"), Issued: now, Expires: now.Add(longLife), Scopes: x.token.Scopes}
	p.keepToken(x.account, t)
	p.Ledger.Add(fake.Call{Channel: kind, Account: x.account.ID, Kind: "refresh", At: now.UnixMilli()})
	x.Answer(http.StatusOK, refreshAnswer{t.Value, "bearer", int64(longLife / time.Second), strings.Join(t.Scopes, ",")})
	return nil
}

// subscriptions subscribes the app to the account's webhooks, or ends that. Meta keeps
// the webhook's URL with the app; it is entered on the app's own page only.
// https://developers.facebook.com/docs/instagram-platform/webhooks
func (p *platform) subscriptions(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	a := x.account
	scope := "pages_manage_metadata"
	if x.login {
		scope = "instagram_business_manage_messages"
	}
	if !x.token.has(scope) {
		return lacking(scope)
	}
	what := "subscribe"
	switch x.R.Method {
	case http.MethodGet:
		data := []map[string]any{}
		if len(a.subscribed) > 0 {
			data = append(data, map[string]any{"id": a.app(), "name": "Omnihub", "link": "https://hub.example/", "subscribed_fields": a.subscribed})
		}
		x.Answer(http.StatusOK, map[string]any{"data": data})
		return nil
	case http.MethodPost:
		list := strings.Split(x.R.URL.Query().Get("subscribed_fields"), ",")
		known := pageFields
		if x.login {
			known = loginFields
		}
		for i, f := range list {
			if !slices.Contains(known, f) {
				return metatest.Invalid("Param subscribed_fields[%d] must be one of %q - got %q.", i, known, f)
			}
		}
		a.subscribed = list
	case http.MethodDelete:
		a.subscribed, what = nil, "unsubscribe"
	default:
		return x.Missing()
	}
	p.rememberAccount(a)
	p.Ledger.Add(fake.Call{Channel: kind, Account: a.ID, Kind: what, Text: strings.Join(a.subscribed, ","), At: p.Now().UnixMilli()})
	x.Answer(http.StatusOK, map[string]bool{"success": true})
	return nil
}
