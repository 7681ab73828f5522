package scenario

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"omnihub/internal/stack"
)

// object is a JSON object.
type object = map[string]any

// What customers read, in all campaigns of these tests.
const (
	cardText     = "加入會員，領 NT$100 購物金！"
	cardButton   = "立即加入"
	linkMessage  = "您好，我要加入會員"
	linkedHere   = "您已完成綁定，謝謝！"
	linkedThere  = "歡迎！之後的優惠會在這裡通知您。"
	notLinked    = "綁定沒有成功，請再按一次按鈕。"
	leadsNowhere = "此連結不存在，請洽客服詢問"
	askPeople    = "洽詢客服" // the button of a failure that a module tells

	// sourceTag and targetTag are what the two sides get.
	sourceTag, targetTag = "came from here", "arrived there"
)

// campaign is an activity of OmniLink that the tests make through the API: who writes its
// id in the source gets its card.
type campaign struct {
	id             string
	source, target string // accounts
	confirm        string // "" = the default
	fails          bool   // by a module: what the source is told of a failure
}

func (c campaign) channel() string { return kindOf(c.source) }

// kindOf is the channel of an account of the demo team's.
func kindOf(account string) string { return account[:len(account)-1] }

// campaigns are one for each scenario, so that each has its counters for itself.
var campaigns = []campaign{
	{id: "robot", source: "messenger1", target: "whatsapp1"},
	{id: "offbefore", source: "messenger1", target: "whatsapp1"},
	{id: "offafter", source: "messenger1", target: "whatsapp1", fails: true},
	{id: "offlogin", source: "whatsapp1", target: "line1"},
	{id: "nosource", source: "messenger1", target: "whatsapp1"},
	{id: "notarget", source: "messenger1", target: "whatsapp1", confirm: "always"},
	{id: "conflict", source: "messenger1", target: "whatsapp1", confirm: "never"},
	{id: "conflictline", source: "whatsapp1", target: "line1", confirm: "never"},
	{id: "notmade", source: "messenger1", target: "whatsapp2"},
	{id: "noliff", source: "whatsapp1", target: "line1"},
	{id: "broken", source: "whatsapp1", target: "line1"},
	{id: "never", source: "messenger1", target: "whatsapp1"},
	{id: "nothing", source: "instagram1", target: "whatsapp1"},
	{id: "late", source: "messenger1", target: "whatsapp1"},
	{id: "latelogin", source: "whatsapp1", target: "line1"},
	{id: "blocked", source: "whatsapp1", target: "line1"},
	{id: "iphone", source: "messenger1", target: "line1"},
	{id: "android", source: "messenger1", target: "line1"},
	{id: "desktop", source: "whatsapp1", target: "line1"},
	{id: "forwardyes", source: "messenger1", target: "whatsapp1"},
	{id: "forwardno", source: "messenger1", target: "line1"},
	{id: "forwardold", source: "whatsapp1", target: "line1", confirm: "never"},
	{id: "tied", source: "instagram1", target: "line1"},
	{id: "again", source: "messenger1", target: "whatsapp1"},
	{id: "undo", source: "messenger1", target: "whatsapp1"},
	{id: "undoline", source: "instagram1", target: "line1"},
	{id: "nofriend", source: "whatsapp1", target: "line1"},
	{id: "asksline", source: "line1", target: "whatsapp1", confirm: "always"},
	{id: "asksinstagram", source: "instagram1", target: "whatsapp1", confirm: "always"},
	{id: "askswhatsapp", source: "whatsapp1", target: "line1", confirm: "always"},
	{id: "window", source: "messenger1", target: "whatsapp1"},
}

// found makes the campaigns, their modules and the rules that answer with them, and waits
// until they are in effect.
func found(ctx context.Context) error {
	rules := map[string][]any{}
	for _, c := range campaigns {
		activity := object{
			"id": c.id, "name": "Campaign " + c.id, "enabled": true, "source_account": c.source, "target_account": c.target,
			"card":    object{"text": cardText, "button": cardButton},
			"success": object{"source": object{"text": linkedHere}, "target": object{"text": linkedThere}},
			"failure": object{"source": object{"text": notLinked}},
			"tags":    object{"source": []string{sourceTag}, "target": []string{targetTag}},
		}
		if kindOf(c.target) == "whatsapp" {
			activity["message"] = linkMessage
		}
		if c.confirm != "" {
			activity["confirm"] = c.confirm
		}
		if c.fails {
			said, err := module(ctx, "Failure of "+c.id, c.channel(), object{"type": "text", "text": notLinked, "buttons": []any{button(askPeople, "handover")}})
			if err != nil {
				return err
			}
			activity["failure"] = object{"source": object{"module": said}}
		}
		if _, err := call(ctx, "marketer", "POST", "/activities", activity, http.StatusCreated); err != nil {
			return err
		}
		card, err := module(ctx, "Card of "+c.id, c.channel(), object{"type": "omnilink", "activity": c.id})
		if err != nil {
			return err
		}
		rules[c.source] = append(rules[c.source], keyword(c.id, card))
		if c.id == "robot" { // the same card in an account that is not its source
			rules["messenger2"] = append(rules["messenger2"], keyword(c.id, card))
		}
	}
	if err := dress(ctx); err != nil {
		return err
	}
	rules["line1"] = append(rules["line1"], object{"name": "welcome", "trigger": "welcome", "answer": object{"content": object{"type": "text", "text": welcome}}})
	for account, list := range rules {
		err := change(ctx, "/accounts/"+account+"/replies", func(now object) object {
			old, _ := now["rules"].([]any)
			return object{"rules": append(old, list...)}
		})
		if err != nil {
			return err
		}
	}
	_, err := stage.stack.AdvanceClock(ctx, settled)
	stage.passed += settled
	return err
}

// settled is after how long a change of settings is in effect everywhere.
const settled = 61 * time.Second

const welcome = "歡迎加入好友！"

func keyword(word, module string) object {
	return object{"name": word, "trigger": "keyword", "match": "exact", "words": []string{word}, "answer": object{"module": module}}
}

// module makes a module of the bot, and answers its id.
func module(ctx context.Context, name, channel string, cards ...any) (string, error) {
	made, err := call(ctx, "marketer", "POST", "/modules", object{"name": name, "channel": channel, "cards": cards}, http.StatusCreated)
	return made.Text("id"), err
}

func button(title, action string) object { return object{"title": title, "action": action} }

// change replaces what the API has at a path by what becomes of it.
func change(ctx context.Context, path string, how func(object) object) error {
	now, err := call(ctx, "marketer", "GET", path, nil, http.StatusOK)
	if err != nil {
		return err
	}
	seen, _ := now.JSON.(object)
	a, err := stage.stack.CallWith(ctx, "marketer", stack.Ask{
		Method: "PUT", Path: path, Body: how(seen), Header: map[string]string{"If-Match": now.Header.Get("ETag")},
	})
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("scenario: PUT %s: %d %s", path, a.Status, a.Raw)
	}
	return err
}

// call asks the API as a member, and wants a status.
func call(ctx context.Context, role, method, path string, body any, want int) (stack.Answer, error) {
	a, err := stage.stack.Call(ctx, role, method, path, body)
	if err == nil && a.Status != want {
		err = fmt.Errorf("scenario: %s %s: got %d %s, want %d", method, path, a.Status, a.Raw, want)
	}
	return a, err
}

// asks is call within a test. It is the admin who asks.
func (s *scene) asks(method, path string, body any, want int) stack.Answer {
	s.t.Helper()
	a, err := call(s.ctx, "admin", method, path, body, want)
	s.must(err)
	return a
}
