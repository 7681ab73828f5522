package api

import (
	"context"
	"encoding/json"

	"omnihub/internal/api/body"
	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// previewShown is a module as its platform will show it.
type previewShown struct {
	Cards  []cardShown  `json:"cards"`
	Calls  []int        `json:"calls"`
	Faults []faultShown `json:"faults"`
}

type cardShown struct {
	Messages []hub.Content     `json:"messages"`
	Losses   []lossShown       `json:"losses"`
	Native   []json.RawMessage `json:"native"`
}

type faultShown struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func showPreview(p bot.Preview, err error) (answer, error) {
	out := previewShown{Cards: []cardShown{}, Calls: append([]int{}, p.Calls...), Faults: []faultShown{}}
	for _, s := range p.Cards {
		out.Cards = append(out.Cards, cardShown{append([]hub.Content{}, s.Messages...), showLosses(s.Losses), append([]json.RawMessage{}, s.Native...)})
	}
	for _, f := range p.Faults {
		out.Faults = append(out.Faults, faultShown{body.Pointer(pathOf(f.Field)), f.Detail})
	}
	return answer{body: out}, err
}

// lost is what is not shown as it was meant of any card.
func lost(cards []bot.Shown) (all []channel.Loss) {
	for _, s := range cards {
		all = append(all, s.Losses...)
	}
	return all
}

// previewModule shows a module that need not have been saved.
func (a *API) previewModule(ctx context.Context, c *call) (answer, error) {
	var in moduleGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	return showPreview(a.studio(ctx).Preview(ctx, c.team.ID, hub.Module{Name: in.Name, Channel: in.Channel, Cards: in.Cards}))
}

// previewSavedModule shows a module as it stands.
func (a *API) previewSavedModule(ctx context.Context, c *call) (answer, error) {
	m, err := a.Studio.Get(ctx, c.team.ID, c.module())
	if err != nil {
		return answer{}, err
	}
	return showPreview(a.studio(ctx).Preview(ctx, c.team.ID, m))
}
