package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"omnihub/internal/account"
	"omnihub/internal/api/problem"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

type accountShown struct {
	ID         hub.AccountID    `json:"id"`
	Connection hub.ConnectionID `json:"connection"`
	Channel    hub.Channel      `json:"channel"`
	External   string           `json:"external_id"`
	Name       string           `json:"name"`
	Scope      string           `json:"scope"`
	Active     bool             `json:"active"`
	Used       bool             `json:"has_threads"`
	OptOut     optOut           `json:"opt_out"`
	Keywords   []keyword        `json:"keywords"`
	Welcome    *hub.Content     `json:"welcome"`
	Secrets    []string         `json:"secrets_set"`
	Health     health           `json:"health"`
	Webhook    webhook          `json:"webhook"`
	Version    int              `json:"version"`
}

type optOut struct {
	OutWords []string `json:"out_words"`
	InWords  []string `json:"in_words"`
	OutReply string   `json:"out_reply"`
	InReply  string   `json:"in_reply"`
}

type keyword struct {
	Match  string      `json:"match"`
	Answer hub.Content `json:"answer"`
}

type health struct {
	State   string   `json:"state"` // good, unchecked, or the code of what is wrong
	Detail  string   `json:"detail"`
	Advice  []string `json:"advice"`
	Name    string   `json:"platform_name"`
	Checked *string  `json:"checked_at"`
	Next    *string  `json:"next_check_at"`
	Ends    *string  `json:"credentials_end_at"`
	Refused *string  `json:"credentials_refused_since"`
}

type webhook struct {
	URL        string  `json:"url"`
	ByHand     bool    `json:"entered_by_hand"`
	Registered *string `json:"registered_at"`
	Lost       *string `json:"lost_at"`
}

func showAccount(s account.Status) accountShown {
	out := accountShown{
		ID: s.Platform.ID, Connection: s.Connection, Channel: s.Channel, External: s.Platform.External, Name: s.Name, Scope: s.Scope,
		Active: !s.Off, Used: s.Used, Keywords: []keyword{}, Secrets: set(s.Own), Version: s.Version,
		OptOut: optOut{append([]string{}, s.OptOut.OutWords...), append([]string{}, s.OptOut.InWords...), s.OptOut.OutReply, s.OptOut.InReply},
		Health: health{
			State: "good", Detail: s.Care.Why, Advice: append([]string{}, s.Care.Advice...), Name: s.Care.Name, Checked: instant(s.Care.Checked),
			Next: instant(s.Care.Due), Ends: instant(s.Care.Expires), Refused: instant(s.Expired),
		},
		Webhook: webhook{s.Platform.Webhook, s.ByHand, instant(s.Care.Registered), instant(s.Care.Lost)},
	}
	for _, k := range s.Rules.Keywords() {
		out.Keywords = append(out.Keywords, keyword(k))
	}
	if s.Welcome.Type != "" {
		out.Welcome = &s.Welcome
	}
	switch {
	case s.Expired != 0:
		out.Health.State = string(hub.TokenExpired)
	case s.Care.Trouble != "":
		out.Health.State = string(s.Care.Trouble)
	case s.Care.Checked == 0:
		out.Health.State = "unchecked"
	}
	return out
}

// set names the secrets that are set. No answer of the API bears one.
func set(secrets channel.Secrets) []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(secrets))))
}

// oneAccount is an account as it stands now.
func (a *API) oneAccount(ctx context.Context, c *call, id hub.AccountID) (answer, error) {
	s, err := a.Keeper.Status(ctx, c.team.ID, id)
	if err != nil {
		return answer{}, err
	}
	return answer{body: showAccount(s), version: s.Version}, nil
}

func (a *API) listAccounts(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	all, next, err := a.Keeper.Page(ctx, c.team.ID, place, c.limit())
	if err != nil {
		return answer{}, err
	}
	n, err := fitting(all, showAccount)
	if err == nil && n < len(all) {
		all, next = all[:n], string(all[n-1].Platform.ID)
	}
	return page(c, all, next, showAccount), err
}

func (a *API) showAccount(ctx context.Context, c *call) (answer, error) {
	return a.oneAccount(ctx, c, c.account())
}

// accountGiven is what is given of an account; what is not given stays.
type accountGiven struct {
	ID         hub.AccountID         `json:"id"`
	Connection hub.ConnectionID      `json:"connection"`
	Channel    hub.Channel           `json:"channel"`
	External   string                `json:"external_id"`
	Secrets    map[string]hub.Secret `json:"secrets"`
	Name       *string               `json:"name"`
	Scope      *string               `json:"scope"`
	OptOut     *optOut               `json:"opt_out"`
	Keywords   *[]keyword            `json:"keywords"`
	Welcome    welcome               `json:"welcome"`
	Unchecked  bool                  `json:"unchecked"`
}

// welcome is what greets who opens a conversation: null takes it away.
type welcome struct {
	given   bool
	content hub.Content
}

// UnmarshalJSON is called for null, too, and leaves the content empty then.
func (w *welcome) UnmarshalJSON(raw []byte) error {
	w.given = true
	return json.Unmarshal(raw, &w.content)
}

// over puts what was given over an account as it stands.
func (g *accountGiven) over(to *settings.NewAccount) {
	to.Name = *cmp.Or(g.Name, &to.Name)
	to.Scope = *cmp.Or(g.Scope, &to.Scope)
	if g.OptOut != nil {
		to.OptOut = store.OptOut(*g.OptOut)
	}
	if g.Keywords != nil {
		to.Keywords = []hub.Keyword{}
		for _, k := range *g.Keywords {
			to.Keywords = append(to.Keywords, hub.Keyword(k))
		}
	}
	if g.Welcome.given {
		to.Welcome = g.Welcome.content
	}
}

// written is what was given as the audit has it.
func (g *accountGiven) written() map[string]string {
	fields := map[string]string{}
	for name, v := range map[string]string{"connection": string(g.Connection), "channel": string(g.Channel), "external_id": g.External} {
		if v != "" {
			fields[name] = v
		}
	}
	for name, v := range map[string]*string{"name": g.Name, "scope": g.Scope} {
		if v != nil {
			fields[name] = *v
		}
	}
	for name, given := range map[string]bool{"opt_out": g.OptOut != nil, "keywords": g.Keywords != nil, "welcome": g.Welcome.content.Type != ""} {
		if given {
			fields[name] = "set"
		}
	}
	if g.Welcome.given && g.Welcome.content.Type == "" {
		fields["welcome"] = ""
	}
	for name, v := range g.Secrets {
		fields["secret."+name] = "set"
		if v == "" {
			fields["secret."+name] = ""
		}
	}
	return fields
}

type addressKey struct{}

// WithAddress is a context of a request that came to the API's public address, as
// "https://hooks.example": webhooks are entered at the platforms below it, unless the
// Keeper has an address of its own.
func WithAddress(ctx context.Context, url string) context.Context {
	return context.WithValue(ctx, addressKey{}, url)
}

// addressOf is the address to which a request came; "" = it is not known.
func addressOf(ctx context.Context) string {
	url, _ := ctx.Value(addressKey{}).(string)
	return url
}

// keeper is the Keeper with the API's address.
func (a *API) keeper(ctx context.Context) *account.Keeper {
	k := *a.Keeper
	if k.Setup.URL == "" {
		k.Setup.URL = addressOf(ctx)
	}
	return &k
}

// connect carries out a wish about an account or a connection, and writes down who made it.
func (a *API) connect(ctx context.Context, c *call, w account.Wish, action, target string, after map[string]string) (account.Connected, error) {
	fact := c.audit(action, target)
	fact.After = after
	w.Team = c.team.ID
	return a.keeper(ctx).Connect(store.WithAudit(ctx, c.team.ID, fact), w)
}

// connectAccount connects a new account, and its connection if there is none of that id.
func (a *API) connectAccount(ctx context.Context, c *call) (answer, error) {
	var in accountGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	_, err := a.Store.Account(ctx, c.team.ID, in.ID, store.Strict)
	switch {
	case err == nil:
		return answer{}, accountIsThere()
	case hub.CodeOf(err) != hub.NotFound:
		return answer{}, err
	}
	out, err := a.wished(ctx, c, in, settings.Absent, "account.connect")
	if errors.Is(err, settings.ErrVersion) {
		err = accountIsThere() // since a moment
	}
	return out, err
}

func accountIsThere() error {
	return hub.E(hub.Conflict, "api: connect", errors.New("there is an account of this id: change that, or choose another id"))
}

func (a *API) changeAccount(ctx context.Context, c *call) (answer, error) {
	var in accountGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	it, err := a.Store.Account(ctx, c.team.ID, c.account(), store.Strict)
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(it.Version); err != nil {
		return answer{}, err
	}
	in.ID, in.Connection, in.Channel = it.ID, it.Connection, it.Channel
	return a.wished(ctx, c, in, c.match, "account.change")
}

type connectedShown struct {
	Account      accountShown    `json:"account"`
	Registered   bool            `json:"webhook_registered"`
	Unregistered *string         `json:"webhook_not_registered_because"`
	Advice       []string        `json:"advice"`
	Others       []hub.AccountID `json:"other_accounts"`
}

// wished carries out what was given of an account, over the version of it that was seen.
func (a *API) wished(ctx context.Context, c *call, in accountGiven, version int, action string) (answer, error) {
	done, err := a.connect(ctx, c, account.Wish{
		Channel: in.Channel, Connection: in.Connection, Account: in.ID, Secrets: in.Secrets, External: in.External,
		Change: in.over, Unchecked: in.Unchecked, Version: version,
	}, action, "account/"+string(in.ID), in.written())
	if err != nil {
		return answer{}, platformSays(err)
	}
	one, err := a.oneAccount(ctx, c, in.ID)
	if err != nil {
		return answer{}, err
	}
	out := connectedShown{Registered: done.Registered, Advice: []string{}, Others: append([]hub.AccountID{}, done.Others...)}
	out.Account, _ = one.body.(accountShown)
	if done.Unregistered != nil {
		out.Unregistered = some(account.Why(done.Unregistered))
	}
	if done.Standing != nil {
		out.Advice = append(out.Advice, done.Standing.Advice...)
	}
	return answer{body: out, version: one.version}, nil
}

// platformSays is an error of connecting as the API tells it: that the platform knows no
// such account is not that the API knows no such address.
func platformSays(err error) error {
	if hub.CodeOf(err) != hub.NotFound {
		return err
	}
	p := problem.Words(hub.Refused, account.Why(err))
	p.Cause = err
	return p
}
