package line

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// loadingSeconds is how long the loading animation is shown if nothing is sent
// before: LINE takes 5 to 60 in steps of 5.
// https://developers.line.biz/en/reference/messaging-api/#display-a-loading-indicator
const loadingSeconds = 20

// Profile tells who a person is, and of a group its name and picture. LINE tells
// nothing of a multi-person chat.
// https://developers.line.biz/en/reference/messaging-api/#get-profile and #get-group-summary
func (a *Adapter) Profile(ctx context.Context, acct channel.Account, user string) (channel.Profile, error) {
	const op = "line: profile"
	var path string
	switch {
	case isPerson(user):
		path = "/v2/bot/profile/" + url.PathEscape(user)
	case strings.HasPrefix(user, "C"):
		path = "/v2/bot/group/" + url.PathEscape(user) + "/summary"
	default:
		return channel.Profile{}, hub.E(hub.Unreachable, op, errors.New("neither a person nor a group"))
	}
	var who struct {
		DisplayName   string `json:"displayName"`
		GroupName     string `json:"groupName"`
		PictureURL    string `json:"pictureUrl"`
		Language      string `json:"language"`
		StatusMessage string `json:"statusMessage"`
	}
	if err := a.read(ctx, acct, op, path, hub.Unreachable, &who); err != nil {
		return channel.Profile{}, err
	}
	out := channel.Profile{
		Name: hub.Personal(who.DisplayName + who.GroupName), Language: who.Language, Status: hub.Personal(who.StatusMessage),
	}
	if strings.HasPrefix(who.PictureURL, "https://") {
		out.Picture = hub.Personal(who.PictureURL)
	}
	return out, nil
}

// isPerson reports whether the id is a person's, which is "U" and 32 hexadecimal digits;
// a group's begins with C, a multi-person chat's with R.
// https://developers.line.biz/en/docs/messaging-api/getting-user-ids/
func isPerson(user string) bool { return strings.HasPrefix(user, "U") }

// Names are the aliases that a user's id is by itself: a person has the same id in all
// accounts of a provider. Groups have none.
func (a *Adapter) Names(user string) []channel.Alias {
	if !isPerson(user) {
		return nil
	}
	return []channel.Alias{{Kind: channel.AliasUser, Value: hub.Personal(user)}}
}

// Quota asks for the month's limit and for what of it is used, by two calls.
// https://developers.line.biz/en/reference/messaging-api/#get-quota and #get-consumption
func (a *Adapter) Quota(ctx context.Context, acct channel.Account) (channel.Quota, error) {
	const op = "line: quota"
	var limit struct {
		Type  string `json:"type"` // "none" or "limited"
		Value int64  `json:"value"`
	}
	var used struct {
		TotalUsage int64 `json:"totalUsage"`
	}
	if err := a.read(ctx, acct, op, "/v2/bot/message/quota", hub.Permanent, &limit); err != nil {
		return channel.Quota{}, err
	}
	if err := a.read(ctx, acct, op, "/v2/bot/message/quota/consumption", hub.Permanent, &used); err != nil {
		return channel.Quota{}, err
	}
	out := channel.Quota{Limited: limit.Type == "limited", Used: used.TotalUsage}
	if out.Limited {
		out.Limit = limit.Value
	}
	return out, nil
}

// Typing shows the loading animation until the next message, or for 20 seconds.
// LINE has it in chats with one person only.
func (a *Adapter) Typing(ctx context.Context, acct channel.Account, user, _ string) error {
	const op = "line: loading"
	if !isPerson(user) {
		return hub.E(hub.Unsupported, op, errors.New("not a person"))
	}
	out, err := a.client.Do(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: "/v2/bot/chat/loading/start", Bearer: acct.Secrets[ChannelToken],
		Body: struct {
			ChatID         string `json:"chatId"`
			LoadingSeconds int    `json:"loadingSeconds"`
		}{user, loadingSeconds},
	})
	if err != nil {
		return err
	}
	_, err = outcome(op, show, out)
	return err
}

// read asks for one thing, which may be missing. Whatever end the call takes, nothing
// was changed.
func (a *Adapter) read(ctx context.Context, acct channel.Account, op, path string, missing hub.Code, into any) error {
	out, err := a.client.Do(ctx, call.Request{Op: op, Method: http.MethodGet, Path: path, Bearer: acct.Secrets[ChannelToken]})
	switch {
	case hub.CodeOf(err) == hub.Unclear:
		return hub.E(hub.Transient, op, errors.Unwrap(err))
	case err != nil:
		return err
	case out.Status/100 == 2:
		if json.Unmarshal(out.Body, into) != nil {
			return failure(op, hub.Transient, "an answer that cannot be read", out)
		}
		return nil
	case out.Status == http.StatusUnauthorized:
		return failure(op, hub.TokenExpired, "channel token refused", out)
	case out.Status == http.StatusNotFound:
		return failure(op, missing, "LINE does not tell", out)
	case out.Status == http.StatusTooManyRequests:
		return failure(op, hub.RateLimited, "too many requests", out)
	case out.Status/100 == 4 && out.Status != http.StatusRequestTimeout:
		return failure(op, hub.Permanent, "refused", out)
	}
	return failure(op, hub.Transient, "no answer", out)
}
