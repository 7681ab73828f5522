package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// answer is what a function may return in format 2.0.
type answer struct {
	StatusCode      json.RawMessage            `json:"statusCode"`
	Headers         map[string]json.RawMessage `json:"headers"`
	Cookies         []string                   `json:"cookies"`
	Body            json.RawMessage            `json:"body"`
	IsBase64Encoded bool                       `json:"isBase64Encoded"`
}

// write sends a function's answer. An object with statusCode is taken literally;
// any other JSON is a body of status 200.
func (g *Gateway) write(w http.ResponseWriter, r *http.Request, payload []byte) (int, error) {
	payload = bytes.TrimSpace(payload)
	var a answer
	if len(payload) > 0 && payload[0] == '{' {
		if err := json.Unmarshal(payload, &a); err != nil {
			return 0, err
		}
	} else if !json.Valid(payload) {
		return 0, errors.New("it is not JSON")
	}
	header := w.Header()
	status, body := http.StatusOK, payload
	if a.StatusCode == nil {
		header.Set("Content-Type", "application/json")
		if s := ""; json.Unmarshal(payload, &s) == nil && len(payload) > 0 && payload[0] == '"' {
			body = []byte(s)
		}
	} else {
		var err error
		if status, err = strconv.Atoi(scalar(a.StatusCode)); err != nil || status < 100 || status > 599 {
			return 0, fmt.Errorf("statusCode %s is no status", a.StatusCode)
		}
		if body, err = a.body(); err != nil {
			return 0, err
		}
		for name, value := range a.Headers {
			if !hopByHop(name) {
				header.Set(name, scalar(value))
			}
		}
		for _, c := range a.Cookies {
			header.Add("Set-Cookie", c)
		}
		if header.Get("Content-Type") == "" && len(body) > 0 {
			header.Set("Content-Type", "text/plain;charset=UTF-8")
		}
	}
	if g.cors != nil {
		g.allow(header, r)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if status != http.StatusNoContent && status != http.StatusNotModified && status >= 200 {
		_, _ = w.Write(body)
	}
	return status, nil
}

func (a *answer) body() ([]byte, error) {
	var text string
	if len(a.Body) == 0 || string(a.Body) == "null" {
		return nil, nil
	}
	if err := json.Unmarshal(a.Body, &text); err != nil {
		return nil, errors.New("body is not a string")
	}
	if !a.IsBase64Encoded {
		return []byte(text), nil
	}
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("body is not base64 although isBase64Encoded says so")
	}
	return out, nil
}

// scalar is the text of a JSON string, number or boolean.
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func hopByHop(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te":
		return true
	}
	return false
}

// preflight answers an OPTIONS request of a browser, if the API has CORS settings.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
func (g *Gateway) preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if h := w.Header(); g.allow(h, r) {
		if len(g.cors.Methods) > 0 {
			h.Set("Access-Control-Allow-Methods", strings.Join(g.cors.Methods, ","))
		}
		if len(g.cors.Headers) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.Join(g.cors.Headers, ","))
		}
		if g.cors.MaxAge != 0 {
			h.Set("Access-Control-Max-Age", strconv.Itoa(g.cors.MaxAge))
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allow sets the headers for an allowed origin; with CORS settings the function's
// own are of no effect.
func (g *Gateway) allow(h http.Header, r *http.Request) bool {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			h.Del(name)
		}
	}
	origin := r.Header.Get("Origin")
	fits := func(allowed string) bool {
		before, after, wild := strings.Cut(allowed, "*")
		return allowed == "*" || strings.EqualFold(allowed, origin) ||
			wild && len(origin) >= len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
	}
	if origin == "" || !slices.ContainsFunc(g.cors.Origins, fits) {
		return false
	}
	if slices.Contains(g.cors.Origins, "*") && !g.cors.Credentials {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if g.cors.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(g.cors.Expose) > 0 && r.Method != http.MethodOptions {
		h.Set("Access-Control-Expose-Headers", strings.Join(g.cors.Expose, ","))
	}
	return true
}
