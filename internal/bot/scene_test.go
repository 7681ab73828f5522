package bot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// scene is a studio over a hub.
type scene struct {
	*hubtest.Hub
	*bot.Studio
	t testing.TB
	n int
}

func newScene(t testing.TB) *scene {
	h := hubtest.New(t)
	return &scene{Hub: h, Studio: &bot.Studio{Store: h.Store, Adapters: all.Adapters(channel.Platform{})}, t: t}
}

// deed is another one each time.
func (s *scene) deed() store.Deed {
	s.n++
	return store.Deed{Team: hubtest.Team, Audit: hub.Audit{
		ID: fmt.Sprintf("%026d", s.n), Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, Action: "module.save", Target: "module",
		At: hub.MillisOf(s.Clock.Now()) + hub.Millis(s.n),
	}}
}

func text(words string, buttons ...hub.ModuleButton) hub.ModuleCard {
	return hub.ModuleCard{Type: hub.CardText, Text: words, Buttons: buttons}
}

func button(title string) hub.ModuleButton { return hub.ModuleButton{Title: title, Action: hub.DoNone} }

func link(title string) hub.ModuleButton {
	return hub.ModuleButton{Title: title, Action: hub.DoURL, URL: "https://shop.example/a?b=c"}
}

func buttons(n int) (list []hub.ModuleButton) {
	for i := range n {
		list = append(list, button(fmt.Sprint("b", i)))
	}
	return list
}

func module(kind hub.Channel, cards ...hub.ModuleCard) hub.Module {
	return hub.Module{Name: "Menu", Channel: kind, Cards: cards}
}

func (s *scene) save(m hub.Module) hub.Module {
	s.t.Helper()
	out, _, err := s.Studio.Save(s.t.Context(), s.deed(), m, false)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// wrong is the field that is at fault; "" = none is.
func wrong(t testing.TB, err error) string {
	t.Helper()
	var invalid bot.Invalid
	if err != nil && (!errors.As(err, &invalid) || hub.CodeOf(err) != hub.BadRequest) {
		t.Errorf("got %v, want a fault of a field", err)
	}
	return invalid.Field
}

func (s *scene) refuses(what string, err, cause error) {
	s.t.Helper()
	if hub.CodeOf(err) != hub.Refused || cause != nil && !errors.Is(err, cause) {
		s.t.Errorf("%s: got %v, want it refused: %v", what, err, cause)
	}
}

var ctx = context.Background()
