package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Ask is a request to the hub's API.
type Ask struct {
	Method string
	Path   string            // whole, with its query
	Bearer string            // a person's token or a program's key; "" = none
	Header map[string]string // further ones
	Body   any               // a string goes as it is, all else as JSON; nil = none
}

// Answer is what the API answered.
type Answer struct {
	Status int
	Header http.Header
	Raw    []byte
	JSON   any // nil if the body is not JSON
}

// Value is a part of the answer's JSON by names of members and places in lists; nil if
// there is no such part.
func (a Answer) Value(path ...any) any {
	v := a.JSON
	for _, p := range path {
		switch at := p.(type) {
		case string:
			members, _ := v.(map[string]any)
			v = members[at]
		case int:
			entries, _ := v.([]any)
			if at < 0 || at >= len(entries) {
				return nil
			}
			v = entries[at]
		default:
			return nil
		}
	}
	return v
}

// Text is a text of the answer's JSON; "" if there is none at the place.
func (a Answer) Text(path ...any) string {
	s, _ := a.Value(path...).(string)
	return s
}

// Ask makes a request and reads its answer, whatever its status. An error if there is
// none.
func (s *Stack) Ask(ctx context.Context, q Ask) (Answer, error) {
	var body io.Reader
	switch given := q.Body.(type) {
	case nil:
	case string:
		body = strings.NewReader(given)
	default:
		data, err := json.Marshal(given)
		if err != nil {
			return Answer{}, fmt.Errorf("stack: %w", err)
		}
		body = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, s.API+q.Path, body)
	if err != nil {
		return Answer{}, fmt.Errorf("stack: %w", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.Bearer != "" {
		r.Header.Set("Authorization", "Bearer "+q.Bearer)
	}
	for name, v := range q.Header {
		r.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, fmt.Errorf("stack: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Raw, err = io.ReadAll(resp.Body); err != nil {
		return Answer{}, fmt.Errorf("stack: %s %s: %w", q.Method, r.URL.Path, err)
	}
	if json.Unmarshal(a.Raw, &a.JSON) != nil {
		a.JSON = nil
	}
	return a, nil
}

// Call asks the API as the demo team's member of a role. The path is what follows the
// team's; a body is made JSON. The token is a fresh one by the hub's clock.
func (s *Stack) Call(ctx context.Context, role, method, path string, body any) (Answer, error) {
	return s.CallWith(ctx, role, Ask{Method: method, Path: path, Body: body})
}

// CallWith is Call with headers.
func (s *Stack) CallWith(ctx context.Context, role string, q Ask) (Answer, error) {
	demo, err := s.Demo(ctx)
	if err != nil {
		return Answer{}, err
	}
	if q.Bearer = demo.Tokens[role]; q.Bearer == "" {
		return Answer{}, fmt.Errorf("stack: the demo team has no member %s with a token", role)
	}
	q.Path = "/v1/teams/" + demo.Team + q.Path
	return s.Ask(ctx, q)
}

// CallOpen asks the API as a program with a key of the demo team. The path is what
// follows the team's.
func (s *Stack) CallOpen(ctx context.Context, key, method, path string, body any) (Answer, error) {
	demo, err := s.Demo(ctx)
	if err != nil {
		return Answer{}, err
	}
	return s.Ask(ctx, Ask{Method: method, Path: "/open/v1/teams/" + demo.Team + path, Bearer: key, Body: body})
}

// Token is a token that the local issuer makes of what its POST /token takes: subject,
// client_id, audience, ttl and so on.
func (s *Stack) Token(ctx context.Context, fields map[string]string) (string, error) {
	var out struct {
		Token string `json:"access_token"`
	}
	err := s.call(ctx, "POST", s.Platform+"/_issuer/token", fields, &out)
	return out.Token, err
}
