package bot

import (
	"context"

	"omnihub/internal/hub"
)

// Preview is a module as its platform will show it.
type Preview struct {
	Cards  []Shown   // for each card what becomes of it; nothing where Faults says why
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
	return Preview{Cards: shown, Faults: wrong}, err
}
