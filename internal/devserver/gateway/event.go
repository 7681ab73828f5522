package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"omnihub/internal/devserver/template"
)

// call is what an event says of a request but for its body; a function and a Lambda
// authorizer get the same.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type call struct {
	Version  string            `json:"version"`
	RouteKey string            `json:"routeKey"`
	RawPath  string            `json:"rawPath"`
	RawQuery string            `json:"rawQueryString"`
	Cookies  []string          `json:"cookies,omitempty"`
	Headers  map[string]string `json:"headers"`
	Query    map[string]string `json:"queryStringParameters,omitempty"`
	Context  requestContext    `json:"requestContext"`
	Path     map[string]string `json:"pathParameters,omitempty"`
	Stage    map[string]string `json:"stageVariables,omitempty"`
}

// event is the payload of format 2.0.
type event struct {
	*call
	Body            *string `json:"body,omitempty"`
	IsBase64Encoded bool    `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   *authorization `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         httpContext    `json:"http"`
	RequestID    string         `json:"requestId"`
	RouteKey     string         `json:"routeKey"`
	Stage        string         `json:"stage"`
	Time         string         `json:"time"`
	TimeEpoch    int64          `json:"timeEpoch"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// newCall makes what an event says of a request.
func (g *Gateway) newCall(r *http.Request, route *template.Route, parameters map[string]string, id, trace string, now time.Time) *call {
	source, port := r.RemoteAddr, "80"
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		source = host
	}
	forwarded := source
	if _, p, err := net.SplitHostPort(r.Host); err == nil {
		port = p
	}
	headers, cookies := fold(r.Header)
	headers["host"] = r.Host
	headers["x-amzn-trace-id"] = trace
	headers["x-forwarded-port"] = port
	headers["x-forwarded-proto"] = "http"
	if before := headers["x-forwarded-for"]; before != "" {
		forwarded = before + ", " + source
	}
	headers["x-forwarded-for"] = forwarded
	if r.ContentLength > 0 {
		headers["content-length"] = fmt.Sprint(r.ContentLength)
	}
	domain := r.Host
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		domain = host
	}
	prefix, _, _ := strings.Cut(domain, ".")
	return &call{
		Version: "2.0", RouteKey: route.Key(), RawPath: r.URL.Path, RawQuery: r.URL.RawQuery, Cookies: cookies, Headers: headers,
		Query: query(r.URL.RawQuery), Path: parameters, Stage: g.stage,
		Context: requestContext{
			AccountID: g.account, APIID: g.api, DomainName: domain, DomainPrefix: prefix,
			HTTP:      httpContext{Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent()},
			RequestID: id, RouteKey: route.Key(), Stage: "$default",
			Time: now.UTC().Format("02/Jan/2006:15:04:05 +0000"), TimeEpoch: now.UnixMilli(),
		},
	}
}

// event makes the payload of a call with its body.
func (c *call) event(contentType string, body []byte) ([]byte, error) {
	e := event{call: c}
	if len(body) > 0 {
		c.Headers["content-length"] = fmt.Sprint(len(body))
		text := string(body)
		if !isText(contentType, body) {
			text, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		}
		e.Body = &text
	}
	return json.Marshal(e)
}

// fold lower-cases header names, joins repeated ones by commas and takes the
// cookies out.
func fold(h http.Header) (headers map[string]string, cookies []string) {
	headers = make(map[string]string, len(h)+6)
	for name, values := range h {
		name = strings.ToLower(name)
		if name == "cookie" {
			for _, v := range values {
				for _, c := range strings.Split(v, ";") {
					if c = strings.TrimSpace(c); c != "" {
						cookies = append(cookies, c)
					}
				}
			}
			continue
		}
		headers[name] = strings.Join(values, ",")
	}
	return headers, cookies
}

// query decodes the parameters; repeated ones are joined by commas.
func query(raw string) map[string]string {
	var out map[string]string
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if out == nil {
			out = map[string]string{}
		}
		if before, ok := out[name]; ok {
			value = before + "," + value
		}
		out[name] = value
	}
	return out
}

func unescape(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// isText reports whether a body travels as text; every other is base64. Text that
// is not UTF-8 could not be kept in JSON, so it is base64 too.
func isText(contentType string, body []byte) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch {
	case strings.HasPrefix(kind, "text/"), kind == "application/json", kind == "application/xml", kind == "application/javascript":
		return utf8.Valid(body)
	}
	return false
}
