package bot

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// speech is a text that the hub has by itself, by language.
type speech map[hub.Language]string

var speechOf = map[hub.System]speech{
	hub.SystemHuman: {
		hub.TraditionalChinese: "已為您轉接真人客服，請稍候。",
		hub.SimplifiedChinese:  "已为您转接人工客服，请稍候。",
		hub.English:            "We are passing you to a member of our team. Please wait a moment.",
	},
	hub.SystemUnsubscribe: {
		hub.TraditionalChinese: "您已取消訂閱，將不再收到自動與行銷訊息。",
		hub.SimplifiedChinese:  "您已取消订阅，将不再收到自动与营销消息。",
		hub.English:            "You have unsubscribed. You will get no more automatic and marketing messages.",
	},
	hub.SystemSubscribe: {
		hub.TraditionalChinese: "您已重新訂閱，歡迎回來！",
		hub.SimplifiedChinese:  "您已重新订阅，欢迎回来！",
		hub.English:            "You have subscribed. Welcome back!",
	},
}

// system is what a system module does; it speaks the customer's language, or else the
// team's, where the account has no words of its own.
func (b *Bot) system(ctx context.Context, account *settings.Account, name hub.System, at hub.Scene, r *hub.Reaction) error {
	text := ""
	switch name {
	case hub.SystemHuman:
		r.HandOver = true
	case hub.SystemUnsubscribe:
		r.Consent, r.Notice, text = hub.OptOut, true, account.OptOut.OutReply
	case hub.SystemSubscribe:
		r.Consent, r.Notice, text = hub.OptIn, true, account.OptOut.InReply
	}
	if at.Quiet {
		return nil
	}
	if text == "" {
		language, err := b.language(ctx, at)
		if err != nil {
			return err
		}
		text = speechOf[name][hub.Spoken(language, account.Team.Language)]
	}
	r.Contents = []hub.Content{hub.TextContent(text)}
	return nil
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
