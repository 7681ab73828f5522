package demoteam

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// link is an activity of OmniLink: its module answers the target's keyword in the source.
type link struct {
	source, target hub.AccountID
	keyword        string
}

// links are one for each pair of source and target channels.
var links = []link{
	{"line1", "whatsapp1", "whatsapp"},
	{"messenger1", "whatsapp1", "whatsapp"},
	{"instagram1", "whatsapp1", "whatsapp"},
	{"messenger1", "line1", "line"},
	{"instagram1", "line1", "line"},
	{"whatsapp1", "line1", "line"},
}

func (l link) id() hub.ActivityID {
	return hub.ActivityID(strings.TrimSuffix(string(l.source), "1") + "to" + strings.TrimSuffix(string(l.target), "1"))
}

// linker sets up the links.
type linker struct {
	store      *store.Store
	studio     *bot.Studio
	activities *omnilink.Activities
}

func newLinker(st *store.Store, reader *settings.Reader, api string) *linker {
	adapters := all.Adapters(channel.Platform{})
	cards := &omnilink.Linker{Store: st, Settings: reader, Adapters: adapters, URL: api, Now: time.Now}
	studio := &bot.Studio{Store: st, Adapters: adapters, Sample: cards.Sample}
	return &linker{store: st, studio: studio, activities: &omnilink.Activities{
		Store: st, Settings: reader, Adapters: adapters, Now: time.Now,
		Module: func(ctx context.Context, team hub.TeamID, id hub.ModuleID) (hub.Channel, error) {
			m, err := studio.Get(ctx, team, id)
			return m.Channel, err
		},
	}}
}

// seed makes the activities, a module for each with its card, and the rules that answer
// with the modules. What is there already stays as it is.
func (s *linker) seed(ctx context.Context, seeded map[string]string) error {
	modules, err := s.studio.List(ctx, ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := s.activity(ctx, l); err != nil {
			return fmt.Errorf("demoteam: activity %s: %w", l.id(), err)
		}
		module, err := s.module(ctx, l, modules)
		if err != nil {
			return fmt.Errorf("demoteam: module of %s: %w", l.id(), err)
		}
		if err := s.rule(ctx, l, module); err != nil {
			return fmt.Errorf("demoteam: rule of %s: %w", l.id(), err)
		}
		if l == links[0] {
			seeded["activity"], seeded["module"] = string(l.id()), string(module)
		}
	}
	return nil
}

func audit(action, target string) hub.Audit {
	now := hub.MillisOf(time.Now())
	return hub.Audit{ID: hub.Digest("demoteam", action, target, fmt.Sprint(now))[:26], Actor: hub.Actor{Kind: hub.ActorHub, ID: "demoteam"}, Action: action, Target: target, At: now}
}

func (s *linker) activity(ctx context.Context, l link) error {
	if _, err := s.activities.Get(ctx, ID, l.id()); hub.CodeOf(err) != hub.NotFound {
		return err
	}
	_, _, err := s.activities.Save(ctx, ID, hub.Activity{
		ID: l.id(), Name: fmt.Sprintf("Demo: %s to %s", l.source, l.target), Enabled: true, Source: l.source, Target: l.target,
		Card:    hub.LinkCard{Text: "加入會員，優惠不漏接", Button: "立即加入"},
		Message: map[bool]string{true: "你好，我要加入會員"}[l.keyword == "whatsapp"],
		Success: hub.LinkSays{Source: hub.Say{Text: "已完成綁定，謝謝你！"}, Target: hub.Say{Text: "歡迎加入，之後的優惠會在這裡通知你。"}},
		Failure: hub.Say{Text: "綁定沒有成功，請再點一次按鈕，或聯絡客服。"},
		Tags:    hub.LinkTags{Source: []string{"omnilink source"}, Target: []string{"omnilink member"}},
	}, audit("activity.create", "activity/"+string(l.id())))
	return err
}

func (s *linker) module(ctx context.Context, l link, there []hub.Module) (hub.ModuleID, error) {
	name := "Demo: card of " + string(l.id())
	if i := slices.IndexFunc(there, func(m hub.Module) bool { return m.Name == name }); i >= 0 {
		return there[i].ID, nil
	}
	source, err := s.store.Account(ctx, ID, l.source, store.Strict)
	if err != nil {
		return "", err
	}
	m, _, err := s.studio.Save(ctx, store.Deed{Team: ID, Audit: audit("module.create", "module/"+string(l.id()))}, hub.Module{
		Name: name, Channel: source.Channel, Cards: []hub.ModuleCard{{Type: hub.CardOmniLink, Activity: l.id()}},
	}, false)
	return m.ID, err
}

func (s *linker) rule(ctx context.Context, l link, module hub.ModuleID) error {
	rules, err := s.studio.Rules(ctx, ID, l.source)
	if err != nil {
		return err
	}
	name := "Demo: " + string(l.id())
	if slices.ContainsFunc(rules.List, func(r hub.Rule) bool { return r.Name == name }) {
		return nil
	}
	list := append(slices.Clone(rules.List), hub.Rule{
		Name: name, Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{l.keyword}, Answer: hub.RuleAnswer{Module: module},
	})
	_, _, err = s.studio.PutRules(ctx, store.Deed{Team: ID, Audit: audit("replies.put", "account/"+string(l.source))}, l.source, rules.Version, list, false)
	return err
}
