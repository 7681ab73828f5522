package api

import (
	"context"
	"slices"
	"strconv"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

type moduleShown struct {
	ID      hub.ModuleID     `json:"id"`
	Name    string           `json:"name"`
	Channel hub.Channel      `json:"channel"`
	Cards   []hub.ModuleCard `json:"cards"`
	Created *string          `json:"created_at"`
	Changed *string          `json:"changed_at"`
	By      string           `json:"changed_by"`
	Version int              `json:"version"`
}

func showModule(m hub.Module) moduleShown {
	return moduleShown{m.ID, m.Name, m.Channel, m.Cards, instant(m.Created), instant(m.Changed), m.By, m.Version}
}

// moduleSaved is a module with what its channel does not show as it was meant.
type moduleSaved struct {
	moduleShown
	Losses []lossShown `json:"losses"`
}

func savedModule(m hub.Module, losses []channel.Loss, err error) (answer, error) {
	return answer{body: moduleSaved{showModule(m), showLosses(losses)}, version: m.Version}, err
}

func showLosses(losses []channel.Loss) []lossShown {
	out := []lossShown{}
	for i, l := range losses {
		if !slices.Contains(losses[:i], l) {
			out = append(out, lossShown{l, l.Sentence()})
		}
	}
	return out
}

// links is the Linker with the API's address.
func (a *API) links(ctx context.Context) *omnilink.Linker {
	l := *a.Links
	if l.URL == "" {
		l.URL = addressOf(ctx)
	}
	return &l
}

// studio is the Studio with the cards of activities.
func (a *API) studio(ctx context.Context) *bot.Studio {
	s := *a.Studio
	s.Sample = a.links(ctx).Sample
	return &s
}

func (c *call) module() hub.ModuleID { return hub.ModuleID(c.param("module")) }

// deed is the change of the bot that the call makes.
func (c *call) deed(action, target string) store.Deed {
	return store.Deed{Team: c.team.ID, Audit: c.audit(action, target)}
}

// adapts tells that what the channel shows in another form only is let through.
func (c *call) adapts() bool {
	adapt, _ := c.query["adapt"].(bool)
	return adapt
}

// listModules lists a team's modules by their ids.
func (a *API) listModules(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	all, err := a.Studio.List(ctx, c.team.ID)
	if err != nil {
		return answer{}, err
	}
	var left []hub.Module
	for _, m := range all {
		if kind := c.text("channel"); string(m.ID) > place && (kind == "" || string(m.Channel) == kind) {
			left = append(left, m)
		}
	}
	return firstPage(c, left, showModule, func(m hub.Module) string { return string(m.ID) })
}

// firstPage is as much of what is left of a list as was asked for and fits into an answer.
func firstPage[F, T any](c *call, left []F, shown func(F) T, place func(F) string) (answer, error) {
	list, next := left[:min(len(left), c.limit())], ""
	n, err := fitting(list, shown)
	if err == nil && n < len(left) {
		list, next = list[:n], place(list[n-1])
	}
	return page(c, list, next, shown), err
}

func (a *API) showModule(ctx context.Context, c *call) (answer, error) {
	m, err := a.Studio.Get(ctx, c.team.ID, c.module())
	return answer{body: showModule(m), version: m.Version}, err
}

// moduleGiven is what is given of a module: all of it.
type moduleGiven struct {
	Name    string           `json:"name"`
	Channel hub.Channel      `json:"channel"` // of a new one
	Cards   []hub.ModuleCard `json:"cards"`
}

func (a *API) createModule(ctx context.Context, c *call) (answer, error) {
	var in moduleGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	deed := c.deed("module.create", "")
	deed.Audit.Target = "module/" + string(bot.MadeModule(c.team.ID, deed.Audit.ID))
	return savedModule(a.studio(ctx).Save(ctx, deed, hub.Module{Name: in.Name, Channel: in.Channel, Cards: in.Cards}, c.adapts()))
}

// changeModule replaces a module. Its channel stays.
func (a *API) changeModule(ctx context.Context, c *call) (answer, error) {
	var in moduleGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	m, err := a.Studio.Get(ctx, c.team.ID, c.module())
	if err != nil {
		return answer{}, err
	}
	m.Name, m.Cards, m.Version = in.Name, in.Cards, c.match
	return savedModule(a.studio(ctx).Save(ctx, c.deed("module.change", "module/"+string(m.ID)), m, c.adapts()))
}

func (a *API) removeModule(ctx context.Context, c *call) (answer, error) {
	return answer{}, a.Studio.Delete(ctx, c.deed("module.remove", "module/"+string(c.module())), c.module(), c.match)
}

// version is the version that the path names.
func (c *call) version() int {
	v, _ := strconv.Atoi(c.param("version")) // of its form: up to nine digits
	return v
}

// listModuleVersions lists the versions of a module that are kept, the newest first.
func (a *API) listModuleVersions(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	all, err := a.Studio.Versions(ctx, c.team.ID, c.module())
	if err != nil {
		return answer{}, err
	}
	left := all
	if before, err := strconv.Atoi(place); err == nil {
		left = nil
		for _, m := range all {
			if m.Version < before {
				left = append(left, m)
			}
		}
	}
	return firstPage(c, left, showModule, func(m hub.Module) string { return strconv.Itoa(m.Version) })
}

func (a *API) restoreModule(ctx context.Context, c *call) (answer, error) {
	deed := c.deed("module.restore", "module/"+string(c.module()))
	return savedModule(a.studio(ctx).Restore(ctx, deed, c.module(), c.match, c.version(), c.adapts()))
}

// moduleMade tells of the module that was made.
func (a *API) moduleMade(ctx context.Context, c *call) (answer, error) {
	return a.moduleTold(ctx, c, bot.MadeModule(c.team.ID, c.id()))
}

// moduleChanged tells of the module that was changed.
func (a *API) moduleChanged(ctx context.Context, c *call) (answer, error) {
	return a.moduleTold(ctx, c, c.module())
}

func (a *API) moduleTold(ctx context.Context, c *call, id hub.ModuleID) (answer, error) {
	m, err := a.Studio.Get(ctx, c.team.ID, id)
	if err != nil {
		return answer{}, sinceGone(err)
	}
	shown, err := a.studio(ctx).Preview(ctx, c.team.ID, m)
	return savedModule(m, lost(shown.Cards), err)
}

// ModuleChannel tells activities of which channel a module is.
func ModuleChannel(st *store.Store) func(context.Context, hub.TeamID, hub.ModuleID) (hub.Channel, error) {
	return func(ctx context.Context, team hub.TeamID, id hub.ModuleID) (hub.Channel, error) {
		m, err := st.Module(ctx, team, id, store.Strict)
		return m.Channel, err
	}
}
