package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Rules are those of an account. NotFound if there is no such account.
func (s *Studio) Rules(ctx context.Context, team hub.TeamID, account hub.AccountID) (hub.Rules, error) {
	if !account.Valid() {
		return hub.Rules{}, absent("account")
	}
	if _, err := s.Store.Account(ctx, team, account, store.Strict); err != nil {
		return hub.Rules{}, err
	}
	return s.Store.Rules(ctx, team, account, store.Strict)
}

// PutRules replaces the rules of an account, of the version that is named (0 = there never
// were any), and answers them as they stand then, with what its channel does not show as
// it was meant; without adapt that is a fault. Rules without an id get one.
//
// Errors: NotFound; BadRequest with Invalid; Refused with ErrVersion; Conflict.
func (s *Studio) PutRules(ctx context.Context, d store.Deed, account hub.AccountID, version int, list []hub.Rule, adapt bool) (hub.Rules, []channel.Loss, error) {
	list = slices.Clone(list)
	for i := range list {
		if list[i].ID == "" {
			list[i].ID = newID(6)
		}
	}
	var losses []channel.Loss
	err := settings.Settle(func() error {
		bots, err := s.Store.Bots(ctx, d.Team)
		if err != nil {
			return err
		}
		seen, err := s.Rules(ctx, d.Team, account)
		if err != nil {
			return err
		}
		if seen.Version != version {
			return forbid("save rules", ErrVersion)
		}
		if losses, err = s.goodRules(ctx, d.Team, account, list, adapt); err != nil {
			return err
		}
		d.Audit.Before, d.Audit.After = toldRules(seen.List), toldRules(list)
		return s.Store.SaveRules(ctx, d, bots, account, version, list)
	})
	if err != nil {
		return hub.Rules{}, nil, err
	}
	return hub.NewRules(version+1, list), losses, nil
}

// goodRules refuses rules that cannot be.
func (s *Studio) goodRules(ctx context.Context, team hub.TeamID, account hub.AccountID, list []hub.Rule, adapt bool) ([]channel.Loss, error) {
	a, err := s.Store.Account(ctx, team, account, store.Strict)
	if err != nil {
		return nil, err
	}
	adapter := s.Adapters[a.Channel]
	if adapter == nil {
		return nil, hub.E(hub.Unsupported, "bot: check", fmt.Errorf("the channel is not known"))
	}
	var f faults
	if len(list) > hub.MaxRules {
		f.say("rules", "are at most %d", hub.MaxRules)
	}
	if text, err := json.Marshal(list); err != nil || len(text) > maxRules {
		f.say("rules", "are over %d KB together", maxRules>>10)
	}
	ids, known := map[string]bool{}, map[hub.ModuleID]hub.Channel{}
	var losses []channel.Loss
	var room hub.Expressions
	for i, r := range list {
		at := hub.Path("rules", i)
		if f.rule(at, &r, &room); !ruleForm.MatchString(r.ID) || ids[r.ID] {
			f.say(at+".id", "is made by the hub: leave it as it was, or out")
		}
		ids[r.ID] = true
		// Such a channel lets nothing else go to who only opens a chat, and the edge, which
		// answers there, knows no rules: a read at each webhook would be the price of it. A
		// rule beside that answer would greet a customer a second time.
		if r.Trigger == hub.OnWelcome && adapter.Setup().Welcome {
			f.say(at+".trigger", "cannot be welcome on this channel: set the account's own welcome, which is there as soon as a customer opens the chat")
		}
		if r.Answer.Content != nil {
			for _, l := range f.fits(adapter, at+".answer.content", *r.Answer.Content, adapt).Losses {
				if !slices.Contains(losses, l) {
					losses = append(losses, l)
				}
			}
		}
		if r.Answer.Module.Valid() {
			if err := s.know(ctx, team, r.Answer.Module, known); err != nil {
				return nil, err
			}
			f.leads(at+".answer.module", known[r.Answer.Module], a.Channel)
		}
	}
	if len(f) > 0 {
		return nil, refuse(f[0])
	}
	return losses, nil
}

var ruleForm = regexp.MustCompile(`^[a-z0-9]{1,26}$`)

// rule says what of a rule cannot be on any channel.
func (f *faults) rule(at string, r *hub.Rule, room *hub.Expressions) {
	f.line(at+".name", r.Name, hub.MaxRuleName, false)
	f.tags(at+".tags", r.Tags)
	switch r.Trigger {
	case hub.OnKeyword:
		f.words(at, r, room)
	case hub.OnWelcome, hub.OnFallback:
		if r.Match != "" || len(r.Words) > 0 {
			f.say(at+".words", "belong to a keyword")
		}
	default:
		f.say(at+".trigger", "is keyword, welcome or fallback")
	}
	switch r.Every {
	case "":
	case hub.EveryMessage, hub.EveryConversation:
		if r.Trigger != hub.OnFallback {
			f.say(at+".every", "belongs to a fallback")
		}
	default:
		f.say(at+".every", "is message or conversation")
	}
	given := 0
	for _, is := range []bool{r.Answer.Content != nil, r.Answer.Module != "", r.Answer.System != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		f.say(at+".answer", "is exactly one of content, module and system")
	case r.Answer.Module != "" && !r.Answer.Module.Valid():
		f.say(at+".answer.module", "is no id of a module")
	case r.Answer.System != "" && !slices.Contains(hub.Systems(), r.Answer.System):
		f.say(at+".answer.system", "is one of %v", hub.Systems())
	}
	if len(r.Hours) > hub.MaxRuleHours {
		f.say(at+".hours", "are at most %d", hub.MaxRuleHours)
	}
	for i, h := range r.Hours {
		if !h.Valid() {
			f.say(hub.Path(at+".hours", i), `have days from 1 (Monday) to 7, each once, and from and to as "09:00"`)
		}
	}
	if r.Outside && len(r.Hours) == 0 {
		f.say(at+".outside", "needs hours")
	}
}

// words says what of a keyword's words cannot be.
func (f *faults) words(at string, r *hub.Rule, room *hub.Expressions) {
	if !slices.Contains([]hub.RuleMatch{hub.MatchExact, hub.MatchContains, hub.MatchRegexp}, r.Match) {
		f.say(at+".match", "is exact, contains or regexp")
	}
	if len(r.Words) == 0 || len(r.Words) > hub.MaxWords {
		f.say(at+".words", "are 1 to %d", hub.MaxWords)
	}
	for i, w := range r.Words {
		field := hub.Path(at+".words", i)
		switch {
		case strings.TrimSpace(w) == "" || !utf8.ValidString(w):
			f.say(field, "is empty")
		case utf8.RuneCountInString(w) > hub.MaxWord:
			f.say(field, "has at most %d characters", hub.MaxWord)
		case r.Match == hub.MatchRegexp:
			switch _, err := room.Compile(w); {
			case errors.Is(err, hub.ErrExpressionLarge), errors.Is(err, hub.ErrExpressionsLarge):
				f.say(field, "cannot be: %v", err)
			case err != nil:
				f.say(field, "is no expression of RE2: %v", err)
			}
		}
	}
}

// toldRules are rules as the audit has them.
func toldRules(list []hub.Rule) map[string]string {
	var lines []string
	for _, r := range list {
		line := r.ID + " " + string(r.Trigger)
		if len(r.Words) > 0 {
			line += " " + string(r.Match) + " " + strings.Join(r.Words, "|")
		}
		if r.Off {
			line += " (off)"
		}
		lines = append(lines, line)
	}
	return map[string]string{"rules": strings.Join(lines, "\n")}
}
