package twiliotest

import (
	"crypto/subtle"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// maxBody is the largest request that the fake reads; Twilio states none.
const maxBody = 1 << 20

// perSecond is how many calls of an account are taken in a second. Twilio limits those
// at a time, and tells no number.
const perSecond = 100

var resource = regexp.MustCompile(`^/2010-04-01/Accounts/([^/.]+)(?:/Messages(?:/([^/.]+))?)?\.json$`)

const sendersPath = "/v2/Channels/Senders"

// ServeHTTP is Twilio's API: messages, the account, and the list of senders.
// https://www.twilio.com/docs/messaging/api/message-resource
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.chatLink(w, r) {
		return
	}
	x := &exchange{w: w, r: r}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return // the caller has left
	}
	x.body = body
	path := resource.FindStringSubmatch(r.URL.Path)
	var sid string
	if path != nil {
		sid = path[1]
	} else if user, _, ok := r.BasicAuth(); ok && r.URL.Path == sendersPath {
		sid = user
	}
	form, _ := url.ParseQuery(string(body))
	p.Mu.Lock()
	x.owner = p.owners[sid]
	x.faults = p.Faults.of(p.concerned(x.owner, form.Get("From")))
	p.Mu.Unlock()
	if !x.faults.Delay(r.Context()) {
		return
	}
	if refused := p.admit(x); refused != nil {
		x.refuse(refused)
		return
	}
	messages := path != nil && strings.Contains(r.URL.Path, "/Messages")
	switch {
	case messages && path[2] == "" && r.Method == http.MethodPost:
		p.send(x, form)
	case r.Method != http.MethodGet:
		x.refuse(refuse(20004))
	case path == nil:
		p.listSenders(x)
	case messages && path[2] == "":
		p.listMessages(x)
	case messages:
		p.showMessage(x, path[2])
	default:
		p.showAccount(x)
	}
}

// concerned is the number that a call is about: the sending one, or any of the
// account's if the fault plan names it; p.Mu is held.
func (p *platform) concerned(o *owner, from string) *number {
	var some *number
	for _, n := range p.Accounts {
		if n.owner != o {
			continue
		}
		if from == "whatsapp:"+n.ExternalID {
			return n
		}
		if from == "" && n.Is(p.Faults.Account) {
			some = n
		}
	}
	return some
}

// admit tells why a call is not let in; nil if it is.
func (p *platform) admit(x *exchange) *refusal {
	user, password, ok := x.r.BasicAuth()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	good := false
	for _, n := range p.Accounts {
		if n.owner == x.owner && user == n.Secrets["account_sid"] &&
			subtle.ConstantTimeCompare([]byte(password), []byte(n.Secrets["auth_token"])) == 1 {
			good = true
		}
	}
	switch {
	case x.faults.Down:
		return refuse(20503)
	case !ok || !good || x.owner == nil || x.faults.ExpiredToken:
		return refuse(20003)
	case resource.FindString(x.r.URL.Path) == "" && x.r.URL.Path != sendersPath:
		return refuse(20404)
	case len(x.body) > maxBody:
		return &refusal{status: http.StatusRequestEntityTooLarge, code: 20500, message: "The request is too large"}
	}
	if x.owner.recent.Full(p.Now(), time.Second, perSecond) {
		return refuse(20429)
	}
	x.owner.recent.Note(p.Now())
	return nil
}
