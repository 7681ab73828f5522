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

// seed makes the activities, a module for each with its card, the modules that show what a
// bot can do, and the rules that answer with the modules. What is there already stays as it
// is.
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
	for _, account := range showing {
		menu, err := s.show(ctx, account, modules)
		if err != nil {
			return fmt.Errorf("demoteam: the bot of %s: %w", account, err)
		}
		if account == showing[0] {
			seeded["menu"] = string(menu)
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

// module is the module with the activity's card.
func (s *linker) module(ctx context.Context, l link, there []hub.Module) (hub.ModuleID, error) {
	source, err := s.store.Account(ctx, ID, l.source, store.Strict)
	if err != nil {
		return "", err
	}
	return s.made(ctx, there, hub.Module{
		Name: "Demo: card of " + string(l.id()), Channel: source.Channel, Cards: []hub.ModuleCard{{Type: hub.CardOmniLink, Activity: l.id()}},
	})
}

// made makes a module, unless its channel has one of its name.
func (s *linker) made(ctx context.Context, there []hub.Module, m hub.Module) (hub.ModuleID, error) {
	if i := slices.IndexFunc(there, func(old hub.Module) bool { return old.Name == m.Name && old.Channel == m.Channel }); i >= 0 {
		return there[i].ID, nil
	}
	target := "module/" + string(m.Channel) + "/" + m.Name
	saved, _, err := s.studio.Save(ctx, store.Deed{Team: ID, Audit: audit("module.create", target)}, m, false)
	return saved.ID, err
}

// rule answers the link's keyword with its module.
func (s *linker) rule(ctx context.Context, l link, module hub.ModuleID) error {
	return s.answers(ctx, l.source, hub.Rule{
		Name: "Demo: " + string(l.id()), Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{l.keyword}, Answer: hub.RuleAnswer{Module: module},
	})
}

// answers adds rules to an account's, but those whose name it has.
func (s *linker) answers(ctx context.Context, account hub.AccountID, added ...hub.Rule) error {
	rules, err := s.studio.Rules(ctx, ID, account)
	if err != nil {
		return err
	}
	list := slices.Clone(rules.List)
	for _, r := range added {
		if !slices.ContainsFunc(rules.List, func(old hub.Rule) bool { return old.Name == r.Name }) {
			list = append(list, r)
		}
	}
	if len(list) == len(rules.List) {
		return nil
	}
	_, _, err = s.studio.PutRules(ctx, store.Deed{Team: ID, Audit: audit("replies.put", "account/"+string(account))}, account, rules.Version, list, false)
	return err
}
