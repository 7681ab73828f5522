package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"omnihub/internal/devserver/template"
)

// askTime is how long the function of an authorizer may take.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const askTime = 10 * time.Second

// maxKept bounds the answers that are kept at once.
const maxKept = 10_000

// asked is a Lambda authorizer: it asks a function about each request, in format 2.0
// with simple responses, and keeps what it answered, yes or no, by the identity sources.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
type asked struct {
	template.Authorizer
	gateway *Gateway

	mu   sync.Mutex
	kept map[string]keptAnswer
}

// keptAnswer is an answer of the function, and until when it counts.
type keptAnswer struct {
	simpleResponse
	until time.Time
}

// simpleResponse is what the function must answer.
type simpleResponse struct {
	Authorized *bool           `json:"isAuthorized"`
	Context    json.RawMessage `json:"context"`
}

// question is the event that the function gets.
type question struct {
	Type           string   `json:"type"`
	RouteARN       string   `json:"routeArn"`
	IdentitySource []string `json:"identitySource"`
	*call
}

func newAsked(g *Gateway, a template.Authorizer) *asked {
	return &asked{Authorizer: a, gateway: g, kept: map[string]keptAnswer{}}
}

func (a *asked) decide(ctx context.Context, route *template.Route, c *call, trace string) verdict {
	var sources []string
	var key strings.Builder // lengths keep "a","bc" and "ab","c" apart
	for _, s := range a.Sources {
		v := c.source(s)
		if v == "" {
			return verdict{status: http.StatusUnauthorized, why: "there is no " + s.Kind + s.Name}
		}
		sources = append(sources, v)
		key.WriteString(strconv.Itoa(len(v)) + ":" + v)
	}
	answer, ok := a.recall(key.String())
	if !ok {
		var err error
		if answer, err = a.ask(ctx, c, sources, trace); err != nil {
			return verdict{status: http.StatusInternalServerError, why: err.Error()}
		}
		a.keep(key.String(), answer)
	}
	if !*answer.Authorized {
		return verdict{status: http.StatusForbidden, why: "the function said no"}
	}
	return verdict{status: http.StatusOK, context: &authorization{Lambda: &answer.Context}}
}

// ask gives the function the question.
func (a *asked) ask(ctx context.Context, c *call, sources []string, trace string) (simpleResponse, error) {
	g := a.gateway
	payload, err := json.Marshal(question{Type: "REQUEST", IdentitySource: sources, call: c,
		RouteARN: "arn:aws:execute-api:" + g.region + ":" + g.account + ":" + g.api + "/$default/" + c.Context.HTTP.Method + c.Context.HTTP.Path})
	if err != nil {
		return simpleResponse{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	result := g.function(a.Function).Invoke(ctx, payload, trace)
	if result.Failure != nil {
		return simpleResponse{}, errors.New("the function gave no answer: " + result.Failure.Type)
	}
	var out simpleResponse
	if err := json.Unmarshal(result.Payload, &out); err != nil || out.Authorized == nil {
		return simpleResponse{}, errors.New(`the function's answer is not {"isAuthorized":true} or false`)
	}
	switch bare := bytes.TrimSpace(out.Context); {
	case len(bare) == 0:
		out.Context = json.RawMessage("null")
	case bare[0] != '{' && string(bare) != "null":
		return simpleResponse{}, errors.New("context in the function's answer is not an object")
	}
	return out, nil
}

// recall is what the function answered before about the same sources.
func (a *asked) recall(key string) (simpleResponse, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.kept[key]
	if !ok || !a.gateway.now().Before(k.until) {
		return simpleResponse{}, false
	}
	return k.simpleResponse, true
}

// keep remembers an answer for the authorizer's time; the hub's clock measures it.
func (a *asked) keep(key string, r simpleResponse) {
	if a.TTL == 0 {
		return
	}
	now := a.gateway.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.kept) >= maxKept {
		for k, old := range a.kept {
			if !now.Before(old.until) {
				delete(a.kept, k)
			}
		}
	}
	if len(a.kept) >= maxKept {
		clear(a.kept)
	}
	a.kept[key] = keptAnswer{r, now.Add(a.TTL)}
}
