package bot

import (
	"cmp"
	"context"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/team"
)

// speech is a text that the hub has by itself, by language.
type speech map[string]string

var speechOf = map[hub.System]speech{
	hub.SystemHuman: {
		"zh-TW": "已為您轉接真人客服，請稍候。",
		"zh-CN": "已为您转接人工客服，请稍候。",
		"en":    "We are passing you to a member of our team. Please wait a moment.",
	},
	hub.SystemUnsubscribe: {
		"zh-TW": "您已取消訂閱，將不再收到自動與行銷訊息。",
		"zh-CN": "您已取消订阅，将不再收到自动与营销消息。",
		"en":    "You have unsubscribed. You will get no more automatic and marketing messages.",
	},
	hub.SystemSubscribe: {
		"zh-TW": "您已重新訂閱，歡迎回來！",
		"zh-CN": "您已重新订阅，欢迎回来！",
		"en":    "You have subscribed. Welcome back!",
	},
}

// in is the text for a language, as BCP 47 names it, or else for the next one; a language
// in which the hub does not speak is answered in English.
func (s speech) in(languages ...string) string {
	name := strings.ToLower(cmp.Or(append(languages, team.DefaultLanguage)...))
	name = strings.ReplaceAll(name, "_", "-")
	switch {
	case name == "zh-cn", name == "zh-sg", strings.HasPrefix(name, "zh-hans"):
		return s["zh-CN"]
	case name == "zh", strings.HasPrefix(name, "zh-"):
		return s["zh-TW"]
	}
	return s["en"]
}

// system is what a system module does, in the team's language.
func (b *Bot) system(account *settings.Account, name hub.System, r *hub.Reaction) {
	text := speechOf[name].in(account.Team.Language)
	switch name {
	case hub.SystemHuman:
		r.HandOver = true
	case hub.SystemUnsubscribe:
		r.Consent, r.Notice = hub.OptOut, true
		text = cmp.Or(account.OptOut.OutReply, text)
	case hub.SystemSubscribe:
		r.Consent, r.Notice = hub.OptIn, true
		text = cmp.Or(account.OptOut.InReply, text)
	}
	if text != "" {
		r.Contents = []hub.Content{hub.TextContent(text)}
	}
}

// language is the customer's, as far as it is known: what the event tells, else what the
// home does.
func (b *Bot) language(ctx context.Context, at hub.Scene) (string, error) {
	if at.Language != "" || b.Store == nil || at.Home == "" {
		return at.Language, nil
	}
	_, registers, err := b.Store.Profile(ctx, at.Team, at.Home, []string{"language"})
	if hub.CodeOf(err) == hub.NotFound {
		return "", nil
	}
	return registers["language"].Value, err
}
