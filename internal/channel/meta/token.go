package meta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Token is what Meta tells of an access token.
// https://developers.facebook.com/docs/graph-api/reference/debug_token
type Token struct {
	Valid   bool
	Failure Failure // with a token that is not valid: why; may be empty
	App     string  // the id of the app that it was made for
	Kind    string  // "PAGE", "USER", "SYSTEM_USER" …
	Profile string  // of a Page's token: the Page's id
	// Expires is when it ends, DataExpires when it can no more read people's data;
	// 0 = never.
	Expires, DataExpires hub.Millis
	scopes               []string
	granular             map[string][]string
}

// AppToken is an app's own credential, by which it asks about itself and its tokens; ""
// if either part is missing.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens#apptokens
func AppToken(app string, appSecret hub.Secret) hub.Secret {
	if app == "" || appSecret == "" {
		return ""
	}
	return hub.Secret(app + "|" + appSecret.Reveal())
}

// Inspect asks Meta about a token, with the credential of an AppToken, or with the token
// itself, which Meta allows for some. Errors as of Ask.
func (g *Graph) Inspect(ctx context.Context, op string, token, by hub.Secret) (Token, error) {
	body, err := g.Ask(ctx, op, http.MethodGet, "/debug_token", url.Values{"input_token": {token.Reveal()}}, by)
	if err != nil {
		return Token{}, err
	}
	data := scan.Get(body, "data")
	t := Token{
		Valid:       isTrue(scan.Get(data, "is_valid")),
		App:         scan.Name(scan.Get(data, "app_id")),
		Kind:        scan.Name(scan.Get(data, "type")),
		Profile:     scan.Name(scan.Get(data, "profile_id")),
		Expires:     Millis(scan.Get(data, "expires_at")),
		DataExpires: Millis(scan.Get(data, "data_access_expires_at")),
		granular:    map[string][]string{},
	}
	t.Failure, _ = FailureOf(data)
	if n, ok := Number(scan.Get(scan.Get(data, "error"), "subcode")); ok {
		t.Failure.Subcode = n
	}
	for scope := range scan.Each(scan.Get(data, "scopes")) {
		t.scopes = append(t.scopes, scan.Name(scope))
	}
	for grant := range scan.Each(scan.Get(data, "granular_scopes")) {
		var ids []string
		for id := range scan.Each(scan.Get(grant, "target_ids")) {
			ids = append(ids, scan.Name(id))
		}
		t.granular[scan.Name(scan.Get(grant, "scope"))] = ids
	}
	return t, nil
}

// Lacks gives those of the permissions that the token does not have for any of the ids
// by which its account is known (a Page's, an Instagram account's). A permission that is
// not limited to some ids holds for all.
func (t Token) Lacks(permissions []string, ids ...string) (out []string) {
	for _, p := range permissions {
		targets := t.granular[p]
		limited := len(targets) > 0 && !slices.ContainsFunc(targets, func(id string) bool { return slices.Contains(ids, id) })
		if !slices.Contains(t.scopes, p) || limited {
			out = append(out, p)
		}
	}
	return out
}

// Vet tells what hinders a token from serving an account: TokenExpired if it is not
// valid, AccountBroken if it is of another kind or of another app, or lacks permissions,
// which the text names. Kinds are those that serve; app may be "", if it is not known.
func (t Token) Vet(op string, kinds []string, app string, permissions []string, ids ...string) error {
	broken := func(format string, args ...any) error {
		return hub.E(hub.AccountBroken, op, fmt.Errorf(format, args...))
	}
	lacks := t.Lacks(permissions, ids...)
	switch {
	case !t.Valid:
		why := "the token is not valid"
		if t.Failure.Number != 0 {
			why += ": " + t.Failure.String()
		}
		if words := t.Failure.words(); words != "" {
			why += ": " + words
		}
		return hub.E(hub.TokenExpired, op, errors.New(why))
	case len(kinds) > 0 && !slices.Contains(kinds, t.Kind):
		return broken("the token is of the kind %.32q, and not %s", t.Kind, strings.Join(kinds, " or "))
	case app != "" && t.App != "" && t.App != app:
		return broken("the token was made for another app than app_id names")
	case len(lacks) == 1:
		return broken("the token lacks the permission %s", lacks[0])
	case len(lacks) > 1:
		return broken("the token lacks the permissions %s", strings.Join(lacks, ", "))
	}
	return nil
}
