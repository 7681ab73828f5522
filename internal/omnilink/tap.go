package omnilink

import (
	"context"
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// View is what the page of a link shows.
type View struct {
	Team     *settings.Team
	Activity hub.Activity
	Source   *settings.Account
	Target   *settings.Account
	Landing  channel.Landing // of the target's app
	Login    bool            // the target is reached by a sign-in; else by a chat
	Image    string          // of the card; "" = none
}

// Look is what a link shows, by the last part of its address. It writes nothing and spends
// nothing. NotFound for a link that there is not, with ErrGone for one that leads nowhere
// any more.
func (l *Linker) Look(ctx context.Context, link string) (View, error) {
	const op = "look at link"
	team, _, card, err := l.card(ctx, op, link, store.Relaxed)
	if err != nil {
		return View{}, err
	}
	r, err := l.route(ctx, op, team, card.Activity)
	if err == nil && (!r.Enabled || r.Source != card.Account) {
		err = gone(op)
	}
	if err != nil {
		return View{}, err
	}
	v := View{Team: r.source.Team, Activity: r.Activity, Source: r.source, Target: r.target, Login: r.login != nil}
	if v.Login {
		v.Landing = r.login.Landing()
	} else {
		v.Landing = r.chat.Landing()
	}
	if c := shown(r.Activity.Card, hub.Linking{}, ""); c.Media != nil {
		v.Image = c.Media.URL
	}
	return v, nil
}

// card reads what a link stands for. One that has not the form of a link costs no read.
func (l *Linker) card(ctx context.Context, op, link string, how store.Read) (hub.TeamID, string, store.LinkCard, error) {
	team, token, ok := cutPath(link)
	if !ok || !tokenForm.MatchString(token) {
		return "", "", store.LinkCard{}, hub.E(hub.NotFound, "omnilink: "+op, errors.New("not a link"))
	}
	card, err := l.Store.LinkCard(ctx, team, hashOf("link", token), how)
	return team, token, card, err
}

// Tapped is a tap of a link's button.
type Tapped struct {
	Link string // the last part of the link's address
	// ID is the page's own of the tap, and Browser what ties the tap to the browser: 16 to
	// 64 characters of A-Z, a-z, 0-9, - and _. The same tap, said again, counts once and
	// has the same answer. Neither is stored but as a hash: whoever knows the id of a tap
	// can make what ties a browser to it.
	ID, Browser string
}

// Tap counts a tap, mints its code and answers where the customer goes on: one read, and
// one transaction. A tap of which no link can be made counts too, with its reason.
//
// Errors: as of Look; BadRequest for ids of another form; Refused if the code of the tap
// was used, or has ended: the page is to make another id; AccountBroken if the target has
// not what its link is made of: another tap may find it mended.
func (l *Linker) Tap(ctx context.Context, tap Tapped) (url string, err error) {
	const op = "tap"
	if !idForm.MatchString(tap.ID) || !idForm.MatchString(tap.Browser) {
		return "", hub.E(hub.BadRequest, "omnilink: "+op, errors.New("the ids of tap and browser have 16 to 64 characters"))
	}
	team, token, card, err := l.card(ctx, op, tap.Link, store.Strict)
	if err != nil {
		return "", err
	}
	r, err := l.route(ctx, op, team, card.Activity)
	if err == nil && r.Source != card.Account {
		err = gone(op)
	}
	if err != nil {
		return "", err
	}
	t, now := r.source.Team, l.now()
	code := newCode(t.Pepper, token, tap.ID, tap.Browser)
	c := store.LinkCode{
		Hash: hashOf("code", code), Activity: card.Activity, Source: card.Home, User: card.User, Account: r.Target, Tap: hashOf("tap", tap.ID),
		Browser: browserMark(code, tap.Browser), Device: deviceMark(card.Home, tap.Browser), Minted: now, Expires: now.Add(r.life()), State: store.LinkIssued,
	}
	url, failed := r.open(team, code)
	switch {
	case !r.Enabled:
		c.Why = hub.LinkDisabled
	case failed != nil:
		c.Why = hub.LinkNotMade
		l.Log.Warn("no link to the target", "team", team, "activity", card.Activity, "code", hub.CodeOf(failed), "error", failed)
	}
	if c.Why != "" {
		c.State, c.Done = store.LinkFailed, now
	}
	failpoint.BeforeWrite.Hit()
	var stands store.LinkCode
	fresh := false
	err = settings.Settle(func() (err error) {
		var part store.Participation // which a reason is noted with
		if c.Why != "" {
			if part, err = l.Store.Participation(ctx, team, c.Source, c.Activity); err != nil {
				return err
			}
		}
		stands, fresh, err = l.Store.MintCode(ctx, team, c, part)
		return err
	})
	if err != nil {
		return "", goneIf(op, err)
	}
	failpoint.AfterWrite.Hit()
	switch {
	case stands.State == store.LinkFailed && stands.By == "":
		// No link could be made, now or when the tap was counted.
		if stands.Why == hub.LinkNotMade && failed != nil {
			return "", hub.E(hub.AccountBroken, "omnilink: "+op, failed)
		}
		return "", gone(op)
	case !fresh && (stands.State != store.LinkIssued || stands.Expires <= now):
		return "", hub.E(hub.Refused, "omnilink: "+op, errors.New("the tap's code was used, or has ended"))
	case c.Why != "":
		return "", gone(op)
	}
	return url, nil
}

// open is where a code is brought.
func (r *route) open(team hub.TeamID, code string) (string, error) {
	if r.login != nil {
		return r.login.LoginLink(r.target.Platform, path(team, code))
	}
	return r.chat.ChatLink(r.target.Platform, strings.TrimPrefix(r.Message+"\n"+code, "\n"))
}

// deviceMark tells the browser that tapped a home's card first from others: who got the
// card forwarded, and has a browser of his own, is not who tapped it before.
func deviceMark(home hub.HomeID, browser string) string {
	return hub.Digest("omnilink device", string(home), browser)
}

// browserMark ties a code to a browser: who has only the table cannot tell whether two
// codes are of one browser.
func browserMark(code, browser string) string {
	if browser == "" {
		return ""
	}
	return hub.Digest("omnilink browser", code, browser)
}
