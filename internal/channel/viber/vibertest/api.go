package vibertest

import (
	"io"
	"net/http"
	"slices"
	"time"

	"omnihub/internal/channel/fake"
)

// exchange is one call of the API.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	in     *object
	bot    *bot
	faults faults
}

func (x *exchange) answer(v any) {
	fake.Answer(x.w, http.StatusOK, "application/json", fake.JSON(v))
}

// status is the head of every answer; Viber's errors have the HTTP status 200.
type status struct {
	Status int    `json:"status"`
	Words  string `json:"status_message"`
}

// refuse answers an error, with the token that a message would have had.
func (x *exchange) refuse(r *refusal) {
	token := newToken()
	x.answer(struct {
		status
		Token int64  `json:"message_token"`
		Host  string `json:"chat_hostname"`
	}{status{r.status, r.words}, token, host(token)})
}

// fail is an answer of what stands before Viber.
func (x *exchange) fail(status int) {
	http.Error(x.w, http.StatusText(status), status)
}

// ServeHTTP is the Bot API.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	x.body = body
	x.in = (&check{}).object("", body)
	token := r.Header.Get("X-Viber-Auth-Token")
	if token == "" {
		token = x.in.text("auth_token", false, 200) // as Viber's own SDK for Python sends it
	}
	x.in.take("auth_token")
	for _, b := range p.Accounts {
		if token != "" && b.Secrets["auth_token"] == token {
			x.bot = b
		}
	}
	p.Mu.Lock()
	x.faults = p.Faults.of(x.bot)
	p.Mu.Unlock()
	if !x.faults.Delay(r.Context()) {
		return
	}
	calls := map[string]func(*exchange){
		"/pa/send_message":     p.send,
		"/pa/set_webhook":      p.setWebhook,
		"/pa/get_account_info": p.accountInfo,
		"/pa/get_user_details": p.userDetails,
	}
	do := calls[r.URL.Path]
	switch {
	case x.faults.Down:
		x.fail(http.StatusServiceUnavailable)
	case do == nil || r.Method != http.MethodPost && (r.Method != http.MethodGet || r.URL.Path != "/pa/get_account_info"):
		x.fail(http.StatusNotFound)
	case token == "":
		x.refuse(refuse(invalidToken, "missing_auth_token"))
	case x.bot == nil || x.faults.ExpiredToken:
		x.refuse(refuse(invalidToken, "invalidAuthToken"))
	case len(body) > maxBody:
		x.refuse(refuse(badData, "request is too big"))
	case x.in.fault != nil && r.Method == http.MethodPost:
		x.refuse(x.in.fault)
	default:
		do(x)
	}
}

// accountInfo tells who the bot is.
// https://developers.viber.com/docs/api/rest-bot-api/#get-account-info
func (p *platform) accountInfo(x *exchange) {
	p.Mu.Lock()
	events, subscribers := x.bot.events, 0
	if events == nil {
		events = append(slices.Clone(always), optional...)
	} else {
		events = append(slices.Clone(always), events...)
	}
	for _, c := range x.bot.customers {
		if c.Subscribed {
			subscribers++
		}
	}
	webhook := x.bot.Webhook
	p.Mu.Unlock()
	if webhook == "" {
		events = []string{}
	}
	x.answer(struct {
		status
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		URI         string   `json:"uri"`
		Icon        string   `json:"icon"`
		Background  string   `json:"background"`
		Category    string   `json:"category"`
		Subcategory string   `json:"subcategory"`
		Country     string   `json:"country"`
		Webhook     string   `json:"webhook"`
		Events      []string `json:"event_types"`
		Subscribers int      `json:"subscribers_count"`
		Members     []any    `json:"members"`
	}{status{0, "ok"}, x.bot.ExternalID, "Bot " + x.bot.ID, x.bot.ID, "https://media-direct.cdn.viber.example/icon.jpg",
		"https://media-direct.cdn.viber.example/background.jpg", "Companies, Brands & Products", "Shop", "TW", webhook, events, subscribers, []any{}})
}

const (
	detailsSpan  = 12 * time.Hour
	detailsTimes = 2
)

// userDetails tells who a subscriber is, twice in 12 hours.
// https://developers.viber.com/docs/api/rest-bot-api/#get-user-details
func (p *platform) userDetails(x *exchange) {
	id := x.in.text("id", true, 200)
	if x.in.only(); x.in.fault != nil {
		x.refuse(x.in.fault)
		return
	}
	p.Mu.Lock()
	refused := p.known(x.bot, id)
	told := x.bot.asked[id]
	if full := told.Full(p.Now(), detailsSpan, detailsTimes); refused == nil && full {
		refused = refuse(tooMany, "Too many requests")
	}
	who := p.person(id)
	if refused == nil {
		told.Note(p.Now())
		x.bot.asked[id] = told
	}
	p.Mu.Unlock()
	if refused != nil {
		x.refuse(refused)
		return
	}
	token := newToken()
	x.answer(struct {
		status
		Token int64 `json:"message_token"`
		Host  any   `json:"chat_hostname"`
		User  any   `json:"user"`
	}{status{0, "ok"}, token, host(token), struct {
		person
		System string `json:"primary_device_os"`
		Viber  string `json:"viber_version"`
		MCC    int    `json:"mcc"`
		MNC    int    `json:"mnc"`
	}{*who, "android 13", "21.0", 466, 1}})
}

// known tells why nothing goes to a customer; p.Mu is held.
func (p *platform) known(b *bot, id string) *refusal {
	c := b.customers[id]
	switch {
	case !userForm.MatchString(id):
		return refuse(general, "Bad receiver ID")
	case c == nil:
		return refuse(notRegistered, "receiverNotRegistered")
	case !c.Subscribed:
		return refuse(notSubscribed, "receiverNotSubscribed")
	}
	return nil
}
