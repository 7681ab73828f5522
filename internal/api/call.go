package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// call is one request that may be served: who calls is known and allowed, and what was
// given has been checked against the document.
type call struct {
	route  *Route
	caller caller
	team   *settings.Team // opened; nil but with ForMembers
	params map[string]string
	query  map[string]any // by the document's types
	body   []byte         // of its schema; nil = none
	match  int            // the version in If-Match, with Route.IfMatch
	path   string
	trace  string
	now    hub.Millis
	begun  *store.Begun // with an Idempotency-Key
	traces traces       // of its earlier tries
}

// answer is what a handler answers.
type answer struct {
	body    any    // nil = no body
	version int    // the ETag; 0 = none
	raw     []byte // in place of body
	kind    string // of raw; "" = JSON
	file    string // under which name raw is to be saved, of plain characters; "" = it is shown
}

// param is a parameter of the path, of its form.
func (c *call) param(name string) string { return c.params[name] }

func (c *call) account() hub.AccountID { return hub.AccountID(c.param("account")) }

// text is a query parameter; "" if it was not given.
func (c *call) text(name string) string {
	v, _ := c.query[name].(string)
	return v
}

const (
	defaultPage = 50
	maxPage     = 100
)

// limit is how many entries a page may have.
func (c *call) limit() int {
	n, ok := c.query["limit"].(json.Number)
	if !ok {
		return defaultPage
	}
	limit, err := strconv.Atoi(string(n))
	if err != nil || limit < 1 || limit > maxPage { // the document's schema has seen to it
		return defaultPage
	}
	return limit
}

// read decodes the body. What its schema let pass fits, but for numbers beyond the
// machine's.
func (c *call) read(into any) error {
	err := json.Unmarshal(c.body, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return problem.New(hub.BadRequest, problem.Field{Detail: fmt.Sprintf("%s is not of the right type, or too large", wrong.Field)})
	}
	if err != nil {
		return problem.Body("", "is not of the right form")
	}
	return nil
}

// audit is the fact of what the call does. A repeated call leaves the same one.
func (c *call) audit(action, target string) hub.Audit {
	return hub.Audit{ID: c.id(), Actor: c.caller.actor(), Action: action, Target: target, At: c.at(), Trace: c.trace}
}

// at is when the call was first made: with an Idempotency-Key the same at each try that
// finds something done.
func (c *call) at() hub.Millis {
	if c.begun != nil {
		return c.begun.At
	}
	return c.now
}

// id names what the call makes: 26 characters, the same at each try of a call with an
// Idempotency-Key, and others once the key is free for another call.
func (c *call) id() string {
	if c.begun != nil {
		return hub.Digest("call", c.begun.ID, strconv.FormatInt(int64(c.begun.At), 10))[:26]
	}
	return ulid.MustNew(uint64(c.now), ulid.DefaultEntropy()).String()
}

// etag is a version as it stands in ETag and If-Match.
func etag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// matched reads If-Match. Versions are the only tags that the API gives, and 0 is none of
// them: to some use cases it would mean any.
func matched(r *http.Request) (int, error) {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return 0, problem.New(problem.PreconditionRequired)
	}
	text := values[0]
	if len(values) == 1 && len(text) >= 3 && len(text) <= 12 && text[0] == '"' && text[len(text)-1] == '"' {
		if v, err := strconv.Atoi(text[1 : len(text)-1]); err == nil && v > 0 && etag(v) == text {
			return v, nil
		}
	}
	return 0, problem.New(problem.PreconditionFailed)
}

// instant is a time as the API writes it: RFC 3339, UTC, with milliseconds; nil = none.
func instant(m hub.Millis) *string {
	if m == 0 {
		return nil
	}
	text := m.Time().Format("2006-01-02T15:04:05.000Z")
	return &text
}

// list is a page of a list.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // the cursor of the next page; null = this is the last
}

// page makes a page of what a use case gave, with its place to go on from, "" = the end.
func page[F, T any](c *call, from []F, place string, shown func(F) T) answer {
	out := list[T]{Items: make([]T, len(from)), Next: c.cursor(place)}
	for i, f := range from {
		out.Items[i] = shown(f)
	}
	return answer{body: out}
}

// patience bounds what one request may take: less than the gateway waits.
const patience = 25 * time.Second
