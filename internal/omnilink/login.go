package omnilink

import (
	"context"
	"errors"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// SignIn is what the page of a sign-in shows, by what the link brought it.
type SignIn struct {
	Team    *settings.Team
	Account *settings.Account // the target
	Page    channel.LoginPage
	Nonce   string // for a sign-in that takes one
}

// SignIn reads what the page of a sign-in needs; bearer is its parameter "c". It writes
// nothing. NotFound for one that was never made, with ErrGone if its account is not what
// it was. Whether the code is good still, CompleteLogin tells.
func (l *Linker) SignIn(ctx context.Context, bearer string) (SignIn, error) {
	_, code, in, err := l.bearer(ctx, bearer)
	if err != nil {
		return SignIn{}, err
	}
	return SignIn{Team: in.account.Team, Account: in.account, Page: in.page, Nonce: nonce(in.account.Team.Pepper, code)}, nil
}

// nonce is what a sign-in for a code may bear.
func nonce(pepper hub.Pepper, code string) string { return pepper.Value("omnilink nonce", code) }

// signing is a code that was brought to a sign-in, with its account.
type signing struct {
	code    store.LinkCode
	account *settings.Account
	login   channel.Login
	page    channel.LoginPage
}

// bearer reads what a link brought to a sign-in.
func (l *Linker) bearer(ctx context.Context, text string) (team hub.TeamID, code string, in signing, err error) {
	const op = "sign in"
	team, secret, ok := cutPath(text)
	if code, _ = CodeIn(secret); !ok || code == "" || code != secret {
		return team, "", in, hub.E(hub.NotFound, "omnilink: "+op, errors.New("not a code"))
	}
	if in.code, err = l.Store.LinkCode(ctx, team, hashOf("code", code)); err != nil {
		return team, code, in, err
	}
	if in.account, err = l.Settings.Account(ctx, team, in.code.Account); err != nil {
		return team, code, in, goneIf(op, err)
	}
	if in.login, ok = l.Adapters[in.account.Channel].(channel.Login); !ok {
		return team, code, in, gone(op)
	}
	if in.page, err = in.login.LoginPage(in.account.Platform); err != nil {
		return team, code, in, gone(op)
	}
	return team, code, in, nil
}

// Arrival is somebody who has signed in at the target.
type Arrival struct {
	Bearer  string     // the page's parameter "c"
	Token   hub.Secret // what the platform gave the page to prove who it is
	Browser string     // what ties taps to the browser; "" = it has nothing
}

// CompleteLogin completes a link by a sign-in. Who is no friend of the account makes no
// link: the code is spent, and the customer has to tap the card again. A customer of whom
// the hub knows nothing gets a home.
//
// It may be called again, as CompleteText. Errors: as of SignIn; those of VerifyLogin, which
// spend nothing; Transient, RateLimited and AccountBroken of the platform's profile; as of
// CompleteText.
func (l *Linker) CompleteLogin(ctx context.Context, in Arrival) (Outcome, error) {
	_, code, s, err := l.bearer(ctx, in.Bearer)
	if err != nil {
		return Outcome{}, err
	}
	team := s.account.Team
	user, err := s.login.VerifyLogin(ctx, s.account.Platform, in.Token, nonce(team.Pepper, code), l.Now())
	if err != nil {
		return Outcome{}, err
	}
	who, err := l.signedIn(ctx, s.account, user)
	if err != nil {
		return Outcome{}, err
	}
	now := l.now()
	return l.settle(ctx, attempt{
		team: team, account: s.account.Platform.ID, home: who.ID, user: who.User, id: hub.Digest("omnilink sign-in", in.Token.Reveal()), at: now,
		hash: s.code.Hash, by: mark(code, who.ID), tied: s.code.Browser != "" && browserMark(code, in.Browser) == s.code.Browser, device: deviceMark(s.code.Source, in.Browser),
		made: l.making(s.account, who, now),
	})
}

// signedIn is the home that who signed in has, or would have.
func (l *Linker) signedIn(ctx context.Context, account *settings.Account, user string) (hub.Home, error) {
	pepper := account.Team.Pepper
	home := hub.Home{
		Account: account.Platform.ID, Channel: account.Channel, User: pepper.User(account.Platform.ID, user),
		External: hub.Personal(user), Kind: hub.Person,
	}
	t, err := l.Store.Thread(ctx, store.Ref{Team: account.Team.ID, User: home.User})
	switch {
	case err == nil && t.Account != "":
		home.Account, home.User, home.External, home.Kind, home.Epoch = t.Account, t.User, t.External, t.Kind, t.Epoch
	case err == nil: // what an erasure left
		home.Epoch = t.Epoch
	case hub.CodeOf(err) != hub.NotFound:
		return hub.Home{}, err
	}
	home.ID = pepper.Home(home.Account, home.External.Reveal(), home.Epoch)
	return home, nil
}

// making asks the platform whether the account may write to who signed in, and makes the
// home of whom the hub does not know.
func (l *Linker) making(account *settings.Account, who hub.Home, at hub.Millis) func(context.Context) (State, error) {
	asked := false
	return func(ctx context.Context) (State, error) {
		if profiler, ok := l.Adapters[account.Channel].(channel.Profiler); ok && !asked {
			_, err := profiler.Profile(ctx, account.Platform, who.External.Reveal())
			switch code := hub.CodeOf(err); {
			case code == hub.Unreachable || code == hub.Blocked:
				return Stranger, nil
			case code == hub.TokenExpired: // the account's own, and not the sign-in
				return "", hub.E(hub.AccountBroken, "omnilink: ask for profile", err)
			case err != nil:
				return "", err
			}
			asked = true
		}
		ref := store.Ref{Team: account.Team.ID, User: who.User}
		_, step, err := l.Store.Know(ctx, ref, at, "", store.Arrival{Account: who.Account, External: who.External, Kind: who.Kind})
		if err != nil || step == store.Gone {
			return "", err // of one who was erased just now there is no home
		}
		failpoint.AfterWrite.Hit()
		home := who
		home.Created = at
		return "", l.Store.PutHome(ctx, account.Team.ID, home)
	}
}
