package scenario

import (
	"strings"
	"testing"
	"time"

	"omnihub/internal/browser"
	"omnihub/internal/channel/fake"
)

// asked is OmniLink's question as a customer gets it.
type asked struct {
	text, yes, no string // yes and no are what the buttons bear
}

// questions are its texts and buttons by language.
var questions = map[string][3]string{
	"zh-CN": {"我们收到一则要求，要将您在此处的账号与另一个通讯渠道的账号整合。这是您本人的操作吗？", "是", "不是"},
	"zh-TW": {"我們收到一則要求，要將您在此處的帳號與另一個通訊渠道的帳號整合。這是您本人的操作嗎？", "是", "不是"},
	"en":    {"We were asked to link your account here with one in another messaging app. Was that you?", "Yes", "No"},
}

// question is the question that is the last message to a customer, in a language and with
// his channel's buttons.
func (s *scene) question(p person, language string) asked {
	s.t.Helper()
	all := s.gets(p)
	last := all[len(all)-1]
	want, buttons := questions[language], choicesOf(p.channel(), last.Body)
	if last.Text != want[0] || len(buttons) != 2 || buttons[0][0] != want[1] || buttons[1][0] != want[2] {
		s.t.Fatalf("%s got %s, want the question in %s\n%s", p.name, last.Body, language, warnings())
	}
	return asked{last.Text, buttons[0][1], buttons[1][1]}
}

// answers lets a customer tap a button that a message showed.
func (s *scene) answers(p person, data string) {
	s.t.Helper()
	s.does(p, fake.Act{Button: data})
}

// hides checks that a page, or a message, tells nothing of somebody.
func (s *scene) hides(where, text string, secrets ...string) {
	s.t.Helper()
	for _, secret := range secrets {
		if secret == "" || strings.Contains(text, secret) {
			s.t.Errorf("%s shows %q: %s", where, secret, text)
		}
	}
}

// secretsOf are what nobody else is to learn of a customer.
func (s *scene) secretsOf(p person, home string, more ...string) []string {
	s.t.Helper()
	one := s.asks("GET", "/contacts/"+home, nil, 200)
	return append([]string{p.name, home, one.Text("homes", 0, "external_id")}, more...)
}

// forwarded lets a customer with a member id get a card and another person go on with its
// link, in the other one's own browser.
func (s *scene) forwarded(id, member string, from, to person) (tab *browser.Tab, source string, secrets []string) {
	s.t.Helper()
	tab, source = s.opened(id, browser.Phone("zh-TW"), from, to)
	s.member(source, member)
	secrets = s.secretsOf(from, source, member)
	s.hides("the link's page", html(tab), secrets...)
	taps(tab)
	return tab, source, secrets
}

func html(tab *browser.Tab) string { return tab.Eval("document.documentElement.outerHTML") }

// refused is how many answers to the question, and codes, OmniLink has told in the log so
// far that it refused.
func refused() int { return strings.Count(stage.stack.Log(), "state=refused") }

// refuses waits until there is one refusal more than before: the log comes a little later
// than what it tells of.
func (s *scene) refuses(before int) {
	s.t.Helper()
	for deadline := time.Now().Add(browser.Patience); refused() == before && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	if got := refused() - before; got != 1 {
		s.t.Errorf("got %d answers refused, want 1", got)
	}
}

func TestOmniLinkForwardedIsConfirmed(t *testing.T) {
	s := enter(t)
	from, to := cast("forwardyes")
	tab, source, secrets := s.forwarded("forwardyes", "M-77 of Ann", from, to)
	s.hides("the text to send", s.sends(tab), secrets...)
	there := s.contact(to)
	q := s.question(from, "zh-TW")
	all := s.gets(from)
	s.hides("the question", all[len(all)-1].Body, s.secretsOf(to, there)...)
	s.told(to) // nothing until it is sure
	s.apart(source, there)
	s.counted("forwardyes", silent)
	s.listed("forwardyes", from, to, noneCame)

	// Somebody else's word does not count, here or there.
	stranger := person{from.account, "Cat of forwardyes"}
	s.writes(stranger, "hi")
	before := refused()
	s.does(stranger, fake.Act{Postback: q.yes})
	s.refuses(before)
	s.writes(to, q.yes)
	s.apart(source, there, s.contact(stranger))
	s.told(stranger, ended["zh-TW"])
	s.told(to)

	s.answers(from, q.yes)
	s.joined(source, there, from, to, sourceTag, targetTag)
	s.told(from, cardText, q.text, linkedHere)
	s.told(to, linkedThere)
	s.counted("forwardyes", once)
	s.listed("forwardyes", from, to, succeeded)
	// The last word is spoken.
	s.answers(from, q.no)
	s.answers(from, q.yes)
	s.counted("forwardyes", once)
	s.told(from, cardText, q.text, linkedHere)
	s.told(to, linkedThere)
}

func TestOmniLinkForwardedIsDenied(t *testing.T) {
	s := enter(t)
	from, to := cast("forwardno")
	s.befriends(to)
	s.writes(from, "hi")
	s.asks("PATCH", "/contacts/"+s.contact(from), object{"language": "en"}, 200)
	tab, source, secrets := s.forwarded("forwardno", "M-78 of Ann", from, to)
	app := s.inLINE(tab, "zh-TW", to)
	app.Tap("#allow")
	s.sees(app, to, "pending", "zh-TW", "pending")
	s.hides("the sign-in's page", html(app), secrets...)
	s.rest()
	there := s.contact(to)
	q := s.question(from, "en")
	all := s.gets(from)
	s.hides("the question", all[len(all)-1].Body, s.secretsOf(to, there)...)
	s.answers(from, q.no)
	s.answers(from, q.yes) // the first word counts
	s.apart(source, there)
	s.told(from, cardText, q.text, ended["en"])
	s.told(to, welcome)
	s.counted("forwardno", silent)
	s.listed("forwardno", from, to, noneCame)
	// Nor does the address that was opened help any more.
	app.Go(tab.First(s.Platform + "/line/liff/"))
	see(app, "expired", "zh-TW", "denied")
	s.apart(source, there)
	s.ends(tab, app)
}

func TestOmniLinkNeverAsks(t *testing.T) {
	s := enter(t)
	from, to := cast("forwardold")
	s.befriends(to)
	tab, source, _ := s.forwarded("forwardold", "M-79 of Ann", from, to)
	app := s.inLINE(tab, "en", to)
	app.Tap("#allow")
	see(app, "linked", "en", "never-asks")
	s.rest()
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.told(from, cardText, linkedHere)
	s.counted("forwardold", known)
}

// TestOmniLinkOfOneBrowserIsNotAsked: who signs in where the tap was is who tapped.
func TestOmniLinkOfOneBrowserIsNotAsked(t *testing.T) {
	s := enter(t)
	from, to := cast("tied")
	s.befriends(to)
	tab, source, _ := s.forwarded("tied", "M-80 of Ann", from, to)
	s.signsIn(tab, "allow")
	see(tab, "linked", "zh-TW", "tied")
	s.rest()
	s.joined(source, s.other(source), from, to, sourceTag, targetTag)
	s.told(from, cardText, linkedHere)
	s.told(to, welcome, linkedThere)
	s.counted("tied", known)
	s.listed("tied", from, to, succeeded)
}

// TestOmniLinkAsksInEachSource: who always asks does so with the buttons of each channel
// that can be a source, Messenger's beside, and takes the answer from there.
func TestOmniLinkAsksInEachSource(t *testing.T) {
	for _, x := range []struct {
		id, language string
		yes          bool
	}{{"asksline", "zh-CN", true}, {"asksinstagram", "en", false}, {"askswhatsapp", "zh-TW", true}} {
		t.Run(x.id, func(t *testing.T) {
			s := enter(t)
			from, to := cast(x.id)
			s.writes(from, "hi")
			s.asks("PATCH", "/contacts/"+s.contact(from), object{"language": x.language}, 200)
			tab, source := s.opened(x.id, browser.Phone(x.language), from, to)
			taps(tab)
			greeted := []string{}
			if to.channel() == "line" {
				app := s.inLINE(tab, x.language, to)
				app.Tap("#allow_friend")
				see(app, "pending", x.language, "asks-"+from.channel())
				s.rest()
				greeted = append(greeted, welcome)
			} else {
				s.sends(tab)
			}
			there := s.contact(to)
			q := s.question(from, x.language)
			all := s.gets(from)
			s.hides("the question", all[len(all)-1].Body, s.secretsOf(to, there)...)
			s.told(to, greeted...)
			s.apart(source, there)
			s.counted(x.id, silent)
			if !x.yes {
				s.answers(from, q.no)
				s.apart(source, there)
				s.told(from, cardText, q.text)
				s.told(to, greeted...)
				s.counted(x.id, silent)
				s.listed(x.id, from, to, noneCame)
				return
			}
			s.answers(from, q.yes)
			s.joined(source, there, from, to, sourceTag, targetTag)
			s.told(from, cardText, q.text, linkedHere)
			s.told(to, append(greeted, linkedThere)...)
			s.counted(x.id, once)
			s.listed(x.id, from, to, succeeded)
		})
	}
}
