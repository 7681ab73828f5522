package api

import (
	"context"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// repliesShown are the automatic answers of an account. Their version is one more than
// that of the rules, which is 0 before the first are set: no tag of the API is 0.
type repliesShown struct {
	Rules   []hub.Rule  `json:"rules"`
	Losses  []lossShown `json:"losses"`
	Version int         `json:"version"`
}

func showRules(r hub.Rules, losses []channel.Loss, err error) (answer, error) {
	out := repliesShown{append([]hub.Rule{}, r.List...), showLosses(losses), r.Version + 1}
	return answer{body: out, version: out.Version}, err
}

func (a *API) showReplies(ctx context.Context, c *call) (answer, error) {
	it, err := a.Store.Account(ctx, c.team.ID, c.account(), store.Strict)
	if err != nil {
		return answer{}, err
	}
	rules, err := a.Studio.Rules(ctx, c.team.ID, c.account())
	if err != nil {
		return answer{}, err
	}
	var losses []channel.Loss
	if adapter := a.Keeper.Adapters[it.Channel]; adapter != nil {
		for _, r := range rules.List {
			if r.Answer.Content == nil {
				continue
			}
			// One that the channel shows in no form any more is told when it is changed.
			_, some, _ := channel.Fit(adapter.Capabilities(), *r.Answer.Content)
			losses = append(losses, some...)
		}
	}
	return showRules(rules, losses, nil)
}

// changeReplies replaces the rules of an account.
func (a *API) changeReplies(ctx context.Context, c *call) (answer, error) {
	var in struct {
		Rules []hub.Rule `json:"rules"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	deed := c.deed("replies.change", "account/"+string(c.account()))
	return showRules(a.Studio.PutRules(ctx, deed, c.account(), c.match-1, in.Rules, c.adapts()))
}
