package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// Check asks Twilio for the account and for the number among its WhatsApp senders. The
// sandbox's number is none of them: of it only the account is checked.
// https://www.twilio.com/docs/iam/api/account
// https://www.twilio.com/docs/whatsapp/api/senders
func (a *Adapter) Check(ctx context.Context, acct channel.Account) (channel.Standing, error) {
	const op = "twilio: check"
	if acct.Secrets[AuthToken] == "" {
		return channel.Standing{}, hub.E(hub.TokenExpired, op, errors.New("auth_token is missing: copy the Auth Token from the Twilio Console"))
	}
	if err := formsOf(acct); err != nil {
		return channel.Standing{}, hub.E(hub.BadRequest, op, err)
	}
	standing, err := a.checkAccount(ctx, op, acct)
	if err != nil {
		return channel.Standing{}, err
	}
	if code := acct.Secrets[Sandbox].Reveal(); code != "" || acct.External == SandboxNumber {
		standing.External = SandboxNumber
		join := "join <code>"
		if code != "" {
			join = "join " + code
		}
		standing.Advice = append(standing.Advice,
			"This is Twilio's sandbox: people send \""+join+"\" to "+SandboxNumber+" first, and again every three days.",
			inboundAdvice)
		return standing, nil
	}
	return a.checkSender(ctx, op, acct, standing)
}

// inboundAdvice is what Twilio does not tell of a number, or tells only in part.
const inboundAdvice = "Copy the connection's webhook URL into Twilio's field \"When a message comes in\", with #rc=5&rp=all at its end: " +
	"without that Twilio does not send a failed webhook again."

// formsOf checks what can be told without asking.
func formsOf(acct channel.Account) error {
	sid, number := acct.Secrets[AccountSID].Reveal(), acct.External
	digits, plus := strings.CutPrefix(number, "+")
	switch {
	case strings.HasPrefix(sid, "SK"):
		return errors.New("account_sid is an API key's: enter the Account SID, which begins with AC")
	case !isSID(sid, "AC"):
		return errors.New("account_sid is no Account SID: it has AC and 32 hexadecimal digits")
	case !fitsToken(acct.Secrets[AuthToken].Reveal()):
		return errors.New("auth_token has other characters than letters and digits: copy it again, without spaces")
	case number != "" && !plus:
		return errors.New("the number does not begin with +: enter it with its country, like " + SandboxNumber)
	case number != "" && !waid.IsPhone(digits):
		return errors.New("the number is + and 6 to 15 digits, without spaces or brackets")
	case acct.Secrets[Sandbox] != "" && number != "" && number != SandboxNumber:
		return errors.New("a join code belongs to the sandbox's number, which is " + SandboxNumber)
	case acct.Secrets[MessagingServiceSID] != "" && !isSID(acct.Secrets[MessagingServiceSID].Reveal(), "MG"):
		return errors.New("messaging_service_sid is no SID of a Messaging Service: it has MG and 32 hexadecimal digits")
	}
	for _, name := range []string{AttachmentsIn, AttachmentsOut} {
		if v := acct.Secrets[name].Reveal(); v != "" && !strings.EqualFold(v, "on") && !strings.EqualFold(v, Off) {
			return errors.New(name + " is on or off")
		}
	}
	if acct.Webhook != "" {
		_, err := callbackOf(acct.Webhook, "")
		return err
	}
	return nil
}

// fitsToken reports whether a token has letters and digits only.
func fitsToken(token string) bool {
	return strings.IndexFunc(token, func(c rune) bool {
		return c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z'
	}) < 0
}

// ask makes a call that changes nothing.
func (a *Adapter) ask(ctx context.Context, op string, client *call.Client, acct channel.Account, path string) (call.Answer, error) {
	answer, err := client.Do(ctx, call.Request{
		Op: op, Method: http.MethodGet, Path: path,
		Basic: &call.Basic{User: acct.Secrets[AccountSID].Reveal(), Password: acct.Secrets[AuthToken]},
	})
	if err != nil {
		return call.Answer{}, reading(err)
	}
	return answer, nil
}

// checkAccount asks for the Twilio account.
func (a *Adapter) checkAccount(ctx context.Context, op string, acct channel.Account) (channel.Standing, error) {
	sid := acct.Secrets[AccountSID].Reveal()
	answer, err := a.ask(ctx, op, a.api, acct, "/2010-04-01/Accounts/"+sid+".json")
	if err != nil {
		return channel.Standing{}, err
	}
	if err := outcome(op, answer); err != nil {
		n, _ := failure(answer.Body)
		switch {
		case answer.Status == http.StatusNotFound:
			return channel.Standing{}, hub.E(hub.NotFound, op, errors.New("no account of Twilio's has this account_sid"))
		case answer.Status == http.StatusUnauthorized && n != 10001 && n != 20005:
			return channel.Standing{}, hub.E(hub.TokenExpired, op, fmt.Errorf("account_sid and auth_token are refused together (Twilio's error %d): "+
				"they belong to two accounts, the token was changed, or the account is suspended", n))
		}
		return channel.Standing{}, reading(err)
	}
	text := func(name string) string { return scan.Text(scan.Get(answer.Body, name)) }
	if !scan.Valid(answer.Body) {
		return channel.Standing{}, hub.E(hub.Transient, op, errors.New("the answer cannot be read"))
	}
	switch state := text("status"); {
	case text("sid") != sid:
		return channel.Standing{}, hub.E(hub.NotFound, op, errors.New("account_sid and auth_token are another Twilio account's"))
	case state == "suspended" || state == "closed":
		return channel.Standing{}, hub.E(hub.AccountBroken, op, errors.New("the Twilio account is "+state+": see the Twilio Console, Billing"))
	case state != "active":
		return channel.Standing{}, hub.E(hub.AccountBroken, op, errors.New("the Twilio account is not active"))
	}
	standing := channel.Standing{Name: cmpOr(text("friendly_name"), sid)}
	if text("type") == "Trial" {
		standing.Advice = append(standing.Advice, "The Twilio account is on trial: it reaches only numbers that were verified at Twilio.")
	}
	return standing, nil
}

// checkSender asks for the number among the account's WhatsApp senders.
func (a *Adapter) checkSender(ctx context.Context, op string, acct channel.Account, standing channel.Standing) (channel.Standing, error) {
	query := url.Values{"Channel": {"whatsapp"}, "PageSize": {"50"}}
	answer, err := a.ask(ctx, op, a.messaging, acct, "/v2/Channels/Senders?"+query.Encode())
	if err != nil {
		return channel.Standing{}, err
	}
	if answer.Status == http.StatusForbidden || answer.Status == http.StatusNotFound { // not open to every account
		if acct.External == "" {
			return channel.Standing{}, hub.E(hub.BadRequest, op, errors.New("enter the number: Twilio does not list this account's WhatsApp senders"))
		}
		standing.External = acct.External
		standing.Advice = append(standing.Advice, "Twilio does not list this account's WhatsApp senders: whether the number is one of them shows with the first message.")
		return standing, nil
	}
	if err := outcome(op, answer); err != nil {
		return channel.Standing{}, reading(err)
	}
	found, all, whole := sendersOf(answer.Body, acct.External)
	switch {
	case acct.External == "" && all == 1:
	case acct.External == "":
		return channel.Standing{}, hub.E(hub.BadRequest, op, fmt.Errorf("enter the number: the Twilio account has %d WhatsApp senders", all))
	case found == nil && whole:
		return channel.Standing{}, hub.E(hub.NotFound, op, errors.New("the number is no WhatsApp sender of this Twilio account"))
	case found == nil: // there are more pages than one
		standing.External = acct.External
		standing.Advice = append(standing.Advice, "The Twilio account has very many WhatsApp senders: whether the number is one of them shows with the first message.")
		return standing, nil
	}
	return found.judge(op, acct, standing)
}

// sender is an entry of Twilio's list.
type sender struct{ raw []byte }

func (s sender) text(names ...string) string {
	value := s.raw
	for _, name := range names {
		value = scan.Get(value, name)
	}
	return scan.Text(value)
}

// number is the sender's phone number, with its "+".
func (s sender) number() string { return numberAt(s.text("sender_id")) }

// sendersOf looks for a number in a list of senders; without a number it gives the
// last. Whole tells that nothing of the list is missing.
func sendersOf(body []byte, number string) (found *sender, all int, whole bool) {
	if !scan.Valid(body) {
		return nil, 0, false
	}
	for raw := range scan.Each(scan.Get(body, "senders")) {
		s := sender{raw}
		if s.number() == "" {
			continue
		}
		if all++; number == "" || s.number() == number {
			found = &s
		}
	}
	next := scan.Get(scan.Get(body, "meta"), "next_page_url")
	return found, all, scan.Text(next) == ""
}

// judge tells what is to be said of the sender.
func (s sender) judge(op string, acct channel.Account, standing channel.Standing) (channel.Standing, error) {
	if state := s.text("status"); state != "ONLINE" && state != "ONLINE:UPDATING" {
		return channel.Standing{}, hub.E(hub.AccountBroken, op, fmt.Errorf("the WhatsApp sender is %s at Twilio, not ONLINE: see the Twilio Console, WhatsApp senders", plainState(state)))
	}
	standing.External = s.number()
	standing.Name = cmpOr(s.text("profile", "name"), standing.Name)
	callback, fragment, _ := strings.Cut(s.text("webhook", "callback_url"), "#")
	if i := strings.IndexByte(callback, '?'); i >= 0 {
		callback = callback[:i]
	}
	switch {
	case acct.Webhook == "":
	case callback == "":
		standing.Advice = append(standing.Advice, "The number has no inbound URL of its own at Twilio. "+inboundAdvice)
	case callback != acct.Webhook:
		standing.Advice = append(standing.Advice, "Twilio sends this number's messages to another URL, unless a Messaging Service says otherwise. "+inboundAdvice)
	case s.text("webhook", "callback_method") == "GET":
		standing.Advice = append(standing.Advice, "Twilio calls the inbound URL by GET. Change that to POST.")
	case !strings.Contains(fragment, "rp="):
		standing.Advice = append(standing.Advice, "Twilio does not send a failed webhook again. Put #rc=5&rp=all at the end of the inbound URL.")
	}
	return standing, nil
}

// plainState keeps of a state what may stand in a text.
func plainState(state string) string {
	if state == "" || len(state) > 32 || strings.Trim(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_:") != "" {
		return "in an unknown state"
	}
	return state
}
