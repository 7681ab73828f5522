package viber

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// profileWait is how long to leave a user's details alone: Viber tells them twice in
// 12 hours. https://developers.viber.com/docs/api/rest-bot-api/#get-user-details
const profileWait = 12 * time.Hour

// Profile tells who a subscriber is. Most events tell it too, without a call.
func (a *Adapter) Profile(ctx context.Context, acct channel.Account, user string) (channel.Profile, error) {
	const op = "viber: profile"
	var out struct {
		User json.RawMessage `json:"user"`
	}
	r, answer, err := a.ask(ctx, op, acct, "get_user_details", struct {
		ID string `json:"id"`
	}{user}, &out)
	if err != nil {
		return channel.Profile{}, err
	}
	if *r.Status == 0 {
		return profileOf(out.User), nil
	}
	code, why := meaning(r)
	switch code {
	case hub.Blocked:
		code = hub.Unreachable
	case hub.AccountBroken, hub.QuotaExhausted, hub.Unsupported:
		code = hub.Permanent
	}
	e := failure(op, code, why, answer, r)
	if code == hub.RateLimited {
		e.RetryAfter = profileWait
	}
	return channel.Profile{}, e
}

// ask makes a call that may be repeated, and reads its answer if it has a status: an
// error is about the call, not what Viber says.
func (a *Adapter) ask(ctx context.Context, op string, acct channel.Account, name string, body, into any) (reply, call.Answer, error) {
	answer, err := a.post(ctx, op, acct, name, body)
	switch {
	case hub.CodeOf(err) == hub.Unclear:
		return reply{}, answer, hub.E(hub.Transient, op, errors.Unwrap(err))
	case err != nil:
		return reply{}, answer, err
	}
	r := replyOf(answer)
	good, refused := answer.Status/100 == 2, answer.Status/100 == 4 && answer.Status != http.StatusRequestTimeout
	switch {
	case good && r.Status != nil && (*r.Status != 0 || json.Unmarshal(answer.Body, into) == nil):
		return r, answer, nil
	case refused && r.Status != nil && *r.Status > 0:
		return r, answer, nil
	case !refused:
		return r, answer, failure(op, hub.Transient, "no answer that can be read", answer, r)
	}
	code, why := codeOf(answer.Status)
	e := failure(op, code, why, answer, r)
	if code == hub.RateLimited {
		e.RetryAfter = max(answer.RetryAfter(), firstWait)
	}
	return r, answer, e
}
