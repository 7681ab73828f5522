package bot

import (
	"context"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Preview is a module as its platform will show it.
type Preview struct {
	Cards  []Shown   // for each card what becomes of it; nothing where Faults says why
	Calls  []int     // how many messages go out in each call of the platform, in order
	Faults []Invalid // for which it cannot be saved without adapt
}

// Preview shows a module, whether it was saved or not, and changes nothing. Of an OmniLink
// card it shows the activity's, with a link that leads nowhere. Errors: Transient.
func (s *Studio) Preview(ctx context.Context, team hub.TeamID, m hub.Module) (Preview, error) {
	m = clone(&m)
	if m.ID == "" {
		m.ID = hub.ModuleID(newID(16))
	}
	m.Version = max(m.Version, 1)
	m.Buttons(func(_ string, b *hub.ModuleButton) {
		if b.ID == "" {
			b.ID = newID(6)
		}
	})
	shown, _, wrong, err := s.look(ctx, team, &m, false)
	if err != nil || len(shown) == 0 {
		return Preview{Faults: wrong}, err
	}
	p := Preview{Cards: shown, Faults: wrong}
	var messages []hub.Content
	for _, card := range shown {
		messages = append(messages, card.Messages...)
	}
	for _, call := range channel.Together(s.Adapters[m.Channel], messages) {
		p.Calls = append(p.Calls, max(len(call.Parts), 1))
	}
	return p, nil
}
