package twiliotest

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"omnihub/internal/channel/fake"
)

// https://www.twilio.com/docs/whatsapp/key-concepts
const (
	window     = 24 * time.Hour     // after the customer's last message
	membership = 3 * 24 * time.Hour // of the sandbox
)

// request is a send, as far as the platform must know it to act on it.
type request struct {
	number    *number
	to        string // address
	text      string
	media     string
	content   *content
	variables map[string]string
	callback  string
	failing   int // an error of the request that Twilio tells later
}

// known are the parameters of a send that Twilio documents.
var known = []string{
	"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "ContentSid", "ContentVariables", "StatusCallback", "PersistentAction",
	"ApplicationSid", "Attempt", "ValidityPeriod", "ForceDelivery", "ContentRetention", "AddressRetention", "SmartEncoded",
	"ShortenUrls", "ScheduleType", "SendAt", "SendAsMms", "RiskCheck", "MaxPrice", "ProvideFeedback",
}

var (
	toForm  = regexp.MustCompile(`^whatsapp:(\+[1-9][0-9]{6,14}|[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128})$`)
	geoForm = regexp.MustCompile(`^geo:-?[0-9.]+,-?[0-9.]+(\|.+)?$`)
)

// read checks a send, all but what depends on the customer; p.Mu is held.
func (p *platform) read(x *exchange, form url.Values) (*request, *refusal) {
	for name := range form {
		if !slices.Contains(known, name) {
			return nil, refuse(20001, name)
		}
	}
	q := &request{to: form.Get("To"), text: form.Get("Body"), media: form.Get("MediaUrl"), callback: form.Get("StatusCallback")}
	for _, n := range p.Accounts {
		if n.owner == x.owner && form.Get("From") == "whatsapp:"+n.ExternalID {
			q.number = n
		}
	}
	service := form.Get("MessagingServiceSid")
	switch {
	case x.owner.Status != "active":
		return nil, refuse(10001)
	case q.to == "":
		return nil, refuse(21604)
	case !form.Has("From") && service == "":
		return nil, refuse(21603)
	case strings.HasPrefix(form.Get("From"), "whatsapp:") != strings.HasPrefix(q.to, "whatsapp:"):
		return nil, refuse(21910)
	case q.number == nil:
		return nil, refuse(63007)
	case service != "" && service != q.number.Secrets["messaging_service_sid"]:
		return nil, refuse(21701)
	case !toForm.MatchString(q.to):
		return nil, refuse(21211, q.to)
	case q.to == form.Get("From"):
		return nil, refuse(63031)
	case utf8.RuneCountInString(q.text) > 1600:
		return nil, refuse(21617)
	case len(form["MediaUrl"]) > 1:
		return nil, refuse(21623)
	case q.text == "" && q.media == "" && !form.Has("ContentSid"):
		return nil, refuse(21619)
	case q.media != "" && !isWeb(q.media):
		return nil, refuse(21620)
	case q.callback != "" && (!isWeb(q.callback) || strings.Contains(hostOf(q.callback), "_")):
		return nil, refuse(21609)
	case form.Has("PersistentAction") && !geoForm.MatchString(form.Get("PersistentAction")):
		return nil, refuse(63030)
	}
	if form.Has("ContentSid") {
		if q.content = p.contents[form.Get("ContentSid")]; q.content == nil {
			return nil, refuse(21655)
		}
		var ok bool
		if q.variables, ok = variablesOf(form.Get("ContentVariables")); !ok {
			return nil, refuse(21656)
		}
		q.text, q.failing = q.content.fill(q.variables)
	}
	if q.failing == 0 {
		q.failing = mediaFault(q.media)
	}
	return q, nil
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// mediaFault is what a file comes to. The fake loads none: it goes by the name. One
// called "missing" cannot be loaded, and what WhatsApp does not show is refused.
func mediaFault(address string) int {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return 0
	}
	base := path.Base(u.Path)
	switch strings.ToLower(path.Ext(base)) {
	case ".svg", ".gif", ".bmp", ".tiff", ".zip", ".exe", ".html":
		return 63021
	}
	if strings.HasPrefix(base, "missing") {
		return 63019
	}
	return 0
}

// send takes a send.
func (p *platform) send(x *exchange, form url.Values) {
	if kind := x.r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		form = url.Values{}
	}
	p.Mu.Lock()
	q, refused := p.read(x, form)
	p.Mu.Unlock()
	if refused != nil {
		x.refuse(refused)
		return
	}
	name := refOf(q.callback)
	if name == "" {
		name = string(x.body)
	}
	if p.fault(x, "send "+name) {
		return
	}
	s, refused := p.accept(x, q, name)
	if refused != nil {
		x.refuse(refused)
		return
	}
	p.settle(x, s, q, "send "+name)
}

// refOf is the sender's name of a message, if its callback's URL bears one.
func refOf(callback string) string {
	u, err := url.Parse(callback)
	if err != nil {
		return ""
	}
	return u.Query().Get("ref")
}

// failing is the error that a send will have; 0 if none. p.Mu is held.
func (p *platform) failing(q *request, who *person, now time.Time) int {
	n := q.number
	if who == nil {
		if n.isSandbox() {
			return 63015
		}
		return 63024
	}
	c := n.chat(who.Key)
	open := now.Sub(c.lastIn) < window
	switch {
	case n.isSandbox() && now.Sub(c.joined) >= membership:
		return 63015
	case c.blocked:
		return 63014
	case q.content == nil && !open:
		return 63016
	case q.content != nil && q.content.standing(open) != 0:
		return q.content.standing(open)
	case q.failing != 0:
		return q.failing
	case !c.pair.Allow(now):
		return 63018
	}
	return 0
}

// accept takes a send, or tells why not; looking and accepting are one step.
func (p *platform) accept(x *exchange, q *request, name string) (*sent, *refusal) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, now := q.number, p.Now()
	who := p.addressed(n.owner, q.to)
	code := p.failing(q, who, now)
	if code != 0 && x.faults.RefuseAtOnce {
		return nil, refuse(code)
	}
	s := &sent{ID: newSID("SM"), To: q.to, Callback: q.callback, At: now, Failing: code, Media: q.media != "", Text: q.text}
	if s.Media {
		s.ID = newSID("MM")
	}
	if who != nil {
		s.Person = who.Key
	}
	if code == 0 && q.content != nil {
		s.Shown = q.content.shows(s.ID, q.variables)
	}
	s.Owed = p.owed(s, x.faults, name)
	n.remember(s)
	p.Journal.Record("accepted", acceptedEntry{n.ID, s})
	to := strings.TrimPrefix(s.To, "whatsapp:")
	call := fake.Call{Channel: kind, Account: n.ID, To: to, Name: who.label(to), Kind: "text", Text: q.text,
		Body: string(x.body), At: now.UnixMilli(), ID: s.ID, Dropped: code != 0}
	switch {
	case q.content != nil:
		call.Kind = "content"
	case s.Media:
		call.Kind = "media"
	case strings.Contains(call.Body, "PersistentAction="):
		call.Kind = "location"
	}
	p.Ledger.Add(call)
	return s, nil
}

// remember files an accepted send and what the customer can do with it.
func (n *number) remember(s *sent) {
	n.sent[s.ID] = s
	files := 0
	if s.Media {
		files = 1
	}
	n.log = append(n.log, &logged{
		ID: s.ID, From: "whatsapp:" + n.ExternalID, To: s.To, Text: s.Text, Media: files, At: s.At, Direction: "outbound-api", sent: s,
	})
	if s.Failing != 0 || s.Person == "" {
		return
	}
	c := n.chat(s.Person)
	c.last = s.ID
	c.shown = fake.Newest(append(c.shown, s.Shown...), maxShown)
}

// settle answers an accepted send, unless the plan spoils the answer, and tells what
// becomes of it.
func (p *platform) settle(x *exchange, s *sent, q *request, name string) {
	p.Mu.Lock()
	answer := p.resource(q.number.log[slices.IndexFunc(q.number.log, func(l *logged) bool { return l.ID == s.ID })], q.number)
	p.Mu.Unlock()
	p.news(q.number, s, x.faults, name).Around(x.r.Context(), func() {
		if p.spoil(x, name) {
			return
		}
		answer.Status, answer.ErrorCode, answer.DateSent = "queued", nil, nil // whatever becomes of it
		x.answer(http.StatusCreated, answer)
	})
}

// newSID makes one of Twilio's ids.
func newSID(kind string) string {
	return kind + hex.EncodeToString(fake.Random(16))
}

// isSID reports whether the id is one of Twilio's of that kind.
func isSID(id, kind string) bool {
	if len(id) != 34 || !strings.HasPrefix(id, kind) {
		return false
	}
	_, err := hex.DecodeString(id[2:])
	return err == nil
}
