package demoteam

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// showing are the accounts whose bots show what modules can do.
var showing = []hub.AccountID{"line1", "messenger1"}

// show makes the bot of an account: a menu, what its buttons lead to, and the rules. It
// answers the id of the menu.
func (s *linker) show(ctx context.Context, account hub.AccountID, there []hub.Module) (hub.ModuleID, error) {
	a, err := s.store.Account(ctx, ID, account, store.Strict)
	if err != nil {
		return "", err
	}
	ids := map[string]hub.ModuleID{}
	for _, name := range []string{"passing on", "opening hours", "service", "courses", "menu"} {
		m := hub.Module{Name: "Demo: " + name, Channel: a.Channel, Cards: cards(name, ids)}
		if ids[name], err = s.made(ctx, there, m); err != nil {
			return "", err
		}
	}
	return ids["menu"], s.answers(ctx, account, rules(ids["menu"])...)
}

// cards are those of a module, which may lead to those before it.
func cards(name string, ids map[string]hub.ModuleID) []hub.ModuleCard {
	page := func(title, path string) hub.ModuleButton {
		return hub.ModuleButton{Title: title, Action: hub.DoURL, URL: "https://shop.example/" + path}
	}
	to := func(title, name string, tags ...string) hub.ModuleButton {
		return hub.ModuleButton{Title: title, Action: hub.DoModule, Module: ids[name], Tags: tags}
	}
	system := func(title string, name hub.System) hub.ModuleButton {
		return hub.ModuleButton{Title: title, Action: hub.DoSystem, System: name}
	}
	course := func(title, text, path string) hub.ModuleColumn {
		return hub.ModuleColumn{Title: title, Text: text, Buttons: []hub.ModuleButton{
			{Title: "我有興趣", Action: hub.DoNone, Tags: []string{"interest: " + path}}, page("看介紹", "courses/"+path),
		}}
	}
	switch name {
	case "passing on":
		return []hub.ModuleCard{{Type: hub.CardText, Text: "好的，請稍候，客服人員會在這裡回覆您。"}}
	case "opening hours":
		return []hub.ModuleCard{{Type: hub.CardText, Text: "營業時間為週一至週六 10:00–19:00，週日公休。", QuickReplies: []hub.ModuleButton{
			system("真人客服", hub.SystemHuman),
		}}}
	case "service":
		return []hub.ModuleCard{{Type: hub.CardText, Text: "需要什麼協助？", Buttons: []hub.ModuleButton{
			system("真人客服", hub.SystemHuman), system("取消訂閱", hub.SystemUnsubscribe), system("重新訂閱", hub.SystemSubscribe),
		}}}
	case "courses":
		return []hub.ModuleCard{
			{Type: hub.CardText, Text: "本月開課："},
			{Type: hub.CardCarousel, Columns: []hub.ModuleColumn{
				course("手沖咖啡", "每週六下午，六人小班", "coffee"), course("麵包入門", "每週三晚上，八人小班", "bread"), course("花藝", "每月一次，名額有限", "flowers"),
			}, QuickReplies: []hub.ModuleButton{to("營業時間", "opening hours")}},
		}
	}
	return []hub.ModuleCard{{Type: hub.CardText, Text: "歡迎光臨！想看什麼？", Buttons: []hub.ModuleButton{
		to("課程介紹", "courses", "demo: courses"), page("官網", ""),
		{Title: "找人聊聊", Action: hub.DoHandOver, Module: ids["passing on"], Tags: []string{"demo: asked for a person"}},
	}, QuickReplies: []hub.ModuleButton{to("營業時間", "opening hours"), to("服務", "service")}}}
}

// rules are one of each kind. Those that would answer what nobody foresees are off.
func rules(menu hub.ModuleID) []hub.Rule {
	says := func(text string) hub.RuleAnswer {
		c := hub.TextContent(text)
		return hub.RuleAnswer{Content: &c}
	}
	open := []hub.Hours{{Days: []int{1, 2, 3, 4, 5, 6}, From: "10:00", To: "18:59"}}
	return []hub.Rule{
		{Name: "Demo: menu", Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{"menu", "選單"}, Answer: hub.RuleAnswer{Module: menu}, Tags: []string{"demo: menu"}},
		{Name: "Demo: a person", Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{"真人客服"}, Answer: hub.RuleAnswer{System: hub.SystemHuman}},
		{Name: "Demo: an order's number", Trigger: hub.OnKeyword, Match: hub.MatchRegexp, Words: []string{`^訂單\s*[0-9]{8}$`}, InProgress: true,
			Answer: says("收到訂單編號，我們查到進度就回覆您。")},
		{Name: "Demo: welcome", Off: true, Trigger: hub.OnWelcome, Answer: hub.RuleAnswer{Module: menu}},
		{Name: "Demo: closed", Off: true, Trigger: hub.OnFallback, Hours: open, Outside: true, Answer: says("現在是休息時間，我們會在營業時間回覆您。")},
		{Name: "Demo: open", Off: true, Trigger: hub.OnFallback, Hours: open, Every: hub.EveryConversation, Answer: says("收到，客服人員會盡快回覆您。輸入「選單」可以看看我們的課程。")},
	}
}
