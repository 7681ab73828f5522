package bot

import (
	"errors"
	"slices"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Shown is a card, or an answer, as a platform will show it.
type Shown = channel.Shown

// why is what an adapter says is wrong, without codes.
func why(err error) string {
	var e *hub.Error
	for errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	return err.Error()
}

// fits shows a content and says, of a field, what the channel does not show as it is; with
// adapt what it shows in another form is no fault.
func (f *faults) fits(adapter channel.Adapter, field string, content hub.Content, adapt bool) Shown {
	shown, err := channel.Show(adapter, content)
	wrong := adapter.Capabilities().Check(content)
	switch {
	case err != nil:
		f.say(field, "%s", why(err))
	case adapt || wrong == nil:
	case len(shown.Losses) > 0:
		f.say(field, "%s. In another form: %s", why(wrong), shown.Losses[0].Sentence())
	default:
		f.say(field, "%s. The channel shows it in another form", why(wrong))
	}
	return shown
}

// cards says what the module's channel does not show of its cards.
func (f *faults) cards(adapter channel.Adapter, m *hub.Module, adapt bool) []Shown {
	out := make([]Shown, len(m.Cards))
	for i := range m.Cards {
		if m.Cards[i].Type == hub.CardOmniLink {
			continue
		}
		var of faults
		if out[i] = of.fits(adapter, "", ContentOf(m, i), adapt); len(of) == 0 {
			continue
		}
		field := hub.Path("cards", i)
		if name := blame(m, i, func(try *hub.Module) bool {
			var left faults
			left.fits(adapter, "", ContentOf(try, i), adapt)
			return len(left) == 0
		}); name != "" {
			field += "." + name
		}
		f.say(field, "%s", of[0].Detail)
	}
	return out
}

// change is a change of a card that takes one thing out of it, or makes it harmless.
type change struct {
	field string
	make  func(*hub.ModuleCard)
}

// blame names the smallest part of a card without which it would be good; "" = it is none
// alone.
func blame(m *hub.Module, i int, good func(*hub.Module) bool) string {
	var ways []change
	tap := func(b *hub.ModuleButton) { b.Title, b.Action, b.URL = "x", hub.DoNone, "" }
	card := m.Cards[i]
	rows := []struct {
		name string
		of   func(*hub.ModuleCard) *[]hub.ModuleButton
	}{
		{"buttons", func(c *hub.ModuleCard) *[]hub.ModuleButton { return &c.Buttons }},
		{"quick_replies", func(c *hub.ModuleCard) *[]hub.ModuleButton { return &c.QuickReplies }},
	}
	for n := range card.Columns {
		at := hub.Path("columns", n)
		column := func(do func(*hub.ModuleColumn)) func(*hub.ModuleCard) {
			return func(c *hub.ModuleCard) { do(&c.Columns[n]) }
		}
		rows = append(rows, struct {
			name string
			of   func(*hub.ModuleCard) *[]hub.ModuleButton
		}{at + ".buttons", func(c *hub.ModuleCard) *[]hub.ModuleButton { return &c.Columns[n].Buttons }})
		ways = append(ways, change{at + ".text", column(func(c *hub.ModuleColumn) { c.Text = "x" })},
			change{at + ".title", column(func(c *hub.ModuleColumn) { c.Title = "x" })},
			change{at + ".image", column(func(c *hub.ModuleColumn) { c.Image = "https://x.example/x.png" })})
	}
	ways = append(ways, change{"text", func(c *hub.ModuleCard) { c.Text = "x" }}, change{"text", func(c *hub.ModuleCard) { c.Text = "" }})
	for _, row := range rows {
		for j := range *row.of(&card) {
			ways = append(ways, change{hub.Path(row.name, j), func(c *hub.ModuleCard) { tap(&(*row.of(c))[j]) }})
		}
		// A column may need one.
		for left := range min(len(*row.of(&card)), 2) {
			ways = append(ways, change{row.name, func(c *hub.ModuleCard) { *row.of(c) = (*row.of(c))[:left] }})
		}
	}
	ways = append(ways, change{"columns", func(c *hub.ModuleCard) { c.Columns = c.Columns[:min(len(c.Columns), 1)] }},
		change{"media", func(c *hub.ModuleCard) { c.Type, c.Media, c.Text = hub.CardText, nil, "x" }})
	for _, w := range ways {
		try := clone(m)
		w.make(&try.Cards[i])
		if len(try.Cards[i].Columns) == 0 && card.Type == hub.CardCarousel {
			continue
		}
		if good(&try) {
			return w.field
		}
	}
	return ""
}

// clone is a module that shares nothing that may change.
func clone(m *hub.Module) hub.Module {
	out := *m
	out.Cards = slices.Clone(m.Cards)
	for i := range out.Cards {
		c := &out.Cards[i]
		c.Buttons, c.QuickReplies, c.Columns = slices.Clone(c.Buttons), slices.Clone(c.QuickReplies), slices.Clone(c.Columns)
		for n := range c.Columns {
			c.Columns[n].Buttons = slices.Clone(c.Columns[n].Buttons)
		}
	}
	return out
}
