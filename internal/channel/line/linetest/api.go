package linetest

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"omnihub/internal/channel/fake"
)

// maxBody is the largest request that LINE takes.
// https://developers.line.biz/en/reference/messaging-api/#status-codes
const maxBody = 2 << 20

// refusal is an answer that is not a success.
// https://developers.line.biz/en/reference/messaging-api/#error-responses
type refusal struct {
	Message      string        `json:"message"`
	Details      []detail      `json:"details,omitempty"`
	SentMessages []sentMessage `json:"sentMessages,omitempty"` // with 409
}

type detail struct {
	Message  string `json:"message"`
	Property string `json:"property"`
}

// exchange is one call of the API.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	request string // its x-line-request-id
	body    []byte
	account *account
}

func (x *exchange) answer(status int, v any) {
	fake.Answer(x.w, status, "application/json", fake.JSON(v))
}

func (x *exchange) refuse(status int, format string, args ...any) {
	x.answer(status, refusal{Message: fmt.Sprintf(format, args...)})
}

// invalid answers what is wrong with a request's body.
func (x *exchange) invalid(wrong []detail) {
	x.answer(400, refusal{Message: fmt.Sprintf("The request body has %d error(s)", len(wrong)), Details: wrong})
}

// ServeHTTP is the Messaging API.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, request: uuid()}
	w.Header().Set("x-line-request-id", x.request)
	w.Header().Set("Date", p.Now().UTC().Format(http.TimeFormat))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return
	}
	x.body = body
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, a := range p.Accounts {
		if bearer != "" && a.Secrets["channel_token"] == bearer {
			x.account = a
		}
	}
	p.Mu.Lock()
	faults := p.Faults.of(x.account)
	p.Mu.Unlock()
	if !faults.Delay(r.Context()) {
		return
	}
	if faults.Down {
		x.refuse(503, "Service unavailable")
		return
	}
	if p.verifies(x) || p.signsIn(x) {
		return
	}
	if !ok {
		x.refuse(401, "Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'")
		return
	}
	if x.account == nil || faults.ExpiredToken {
		x.refuse(401, "Authentication failed. Confirm that the access token in the authorization header is valid.")
		return
	}
	if len(body) > maxBody {
		x.refuse(413, "Payload Too Large")
		return
	}
	p.route(x, faults)
}

func (p *platform) route(x *exchange, f faults) {
	if p.reads(x) {
		return
	}
	switch x.r.Method + " " + x.r.URL.Path {
	case "POST /v2/bot/message/reply":
		x.ofJSON(func() { p.reply(x, f) })
	case "POST /v2/bot/message/push":
		x.ofJSON(func() { p.push(x, f) })
	case "POST /v2/bot/message/validate/reply", "POST /v2/bot/message/validate/push":
		x.ofJSON(func() {
			if _, ok := x.sendRequest(); ok {
				x.answer(200, struct{}{})
			}
		})
	case "POST /v2/bot/chat/loading/start":
		x.ofJSON(func() { p.loading(x) })
	case "PUT /v2/bot/channel/webhook/endpoint":
		x.ofJSON(func() { p.setEndpoint(x) })
	case "POST /v2/bot/channel/webhook/test":
		x.ofJSON(func() { p.testEndpoint(x) })
	case "GET /v2/bot/channel/webhook/endpoint":
		p.tellEndpoint(x, f)
	case "GET /v2/bot/info":
		x.answer(200, map[string]any{"userId": x.account.ExternalID, "basicId": x.account.basicID(),
			"displayName": x.account.ID, "chatMode": "bot", "markAsReadMode": "auto"})
	case "GET /v2/bot/message/quota":
		p.quota(x, f)
	case "GET /v2/bot/message/quota/consumption":
		p.consumption(x)
	default:
		x.refuse(404, "Not found")
	}
}

// ofJSON goes on if the request says that it is JSON.
func (x *exchange) ofJSON(do func()) {
	given := x.r.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(given); err != nil || media != "application/json" {
		x.refuse(415, "The content type, %s, is not supported", given)
		return
	}
	do()
}
