// Package api is the HTTP API through which people and programs manage a team: one table
// of routes with the roles and scopes that may use each, one description that requests
// are held against, and handlers that each call one use case.
package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"omnihub/internal/account"
	"omnihub/internal/api/body"
	"omnihub/internal/api/problem"
	"omnihub/internal/bot"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/export"
	"omnihub/internal/hub"
	"omnihub/internal/media"
	"omnihub/internal/omnilink"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/tag"
	"omnihub/internal/team"
)

// API serves the operations of Routes. It is safe for concurrent use.
type API struct {
	Store    *store.Store // of calls, rates, the quarantine and the audit
	Settings *settings.Reader
	Office   *team.Office
	Keeper   *account.Keeper
	Desk     *chat.Desk
	Contacts *contact.Book
	Tags     *tag.Book
	Erasures *erasure.Office
	Exports  *export.Exporter
	// Studio keeps the bot. The cards of activities in it are those of Links, which makes
	// those of messages, too; a Links without a URL has the address of the request.
	Studio     *bot.Studio
	Links      *omnilink.Linker
	Activities *omnilink.Activities
	Library    *media.Library
	Now        func() time.Time
	Log        *slog.Logger

	router   *router
	document *document
}

// Start makes an API of its parts ready to serve. An error if a route of the table is
// not as it must be.
func (a *API) Start() error {
	r, err := compile(Routes())
	a.router, a.document = r, &document{}
	return err
}

// ServeHTTP answers one request. Every answer bears X-Request-Id; each that is none of
// success is a problem document.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{trace: traceOf(r), now: hub.MillisOf(a.Now())}
	w.Header().Set("X-Request-Id", c.trace)
	defer func() {
		if cause := recover(); cause != nil {
			a.Log.Error("panic", "trace", c.trace, "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
			problem.New(hub.Internal).Write(w)
		}
	}()
	ctx, cancel := context.WithTimeout(hub.WithTrace(r.Context(), c.trace), patience)
	defer cancel()
	out, err := a.serve(ctx, c, r)
	if err != nil {
		p := problemOf(err)
		a.log(c, p)
		p.Write(w)
		return
	}
	a.log(c, nil)
	for name, v := range out.Header {
		w.Header().Set(name, v)
	}
	w.WriteHeader(out.Status)
	_, _ = w.Write(out.Body)
}

// serve finds the route, sees who calls and whether he may, reads what was given, and
// has the handler called. In this order: who may not know of a thing learns nothing of
// it by what is wrong about his request.
func (a *API) serve(ctx context.Context, c *call, r *http.Request) (store.Answer, error) {
	s, params, allow := a.router.find(r.Method, r.URL.Path)
	if s == nil && allow != "" {
		p := problem.New(hub.BadMethod)
		p.Allow = allow
		return store.Answer{}, p
	}
	if s == nil {
		return store.Answer{}, problem.New(hub.NotFound)
	}
	c.route, c.params, c.path = s.Route, params, r.URL.Path
	if err := a.admit(ctx, c, s, r); err != nil {
		return store.Answer{}, err
	}
	if !formed(params) {
		return store.Answer{}, problem.New(hub.NotFound)
	}
	if err := a.take(c, r); err != nil {
		return store.Answer{}, err
	}
	return a.once(ctx, c, r)
}

// take reads what the request gives beside its path.
func (a *API) take(c *call, r *http.Request) (err error) {
	if c.query, err = a.document.query(c.route.Operation, r.URL.RawQuery); err != nil {
		return err
	}
	raw, err := body.Read(r)
	if err != nil {
		return err
	}
	switch {
	case c.route.Body == "" && len(bytes.TrimSpace(raw)) > 0:
		return problem.Body("", "is not taken here")
	case c.route.Body != "":
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
			return problem.New(problem.UnsupportedMedia)
		}
		if err := a.document.check(c.route.Body, raw); err != nil {
			return err
		}
		c.body = raw
	}
	if c.route.IfMatch {
		c.match, err = matched(r)
	}
	return err
}

// do calls the handler, and gives what it answers its form.
func (a *API) do(ctx context.Context, c *call) (store.Answer, error) {
	handle := c.route.handle
	if c.traces.whole && c.route.again != nil {
		handle = c.route.again
	}
	out, err := handle(a, ctx, c)
	if c.route.IfMatch && hub.CodeOf(err) == hub.Conflict { // it stood when it was read
		err = problem.New(problem.PreconditionFailed)
	}
	if err != nil {
		return store.Answer{}, err
	}
	ans := store.Answer{Status: c.route.Success, Header: map[string]string{"Cache-Control": "no-store"}, Body: out.raw}
	if out.body != nil {
		if ans.Body, err = encode(out.body); err != nil {
			return store.Answer{}, hub.E(hub.Internal, "api: encode answer", err)
		}
	}
	if len(ans.Body) > 0 {
		ans.Header["Content-Type"] = cmp.Or(out.kind, "application/json")
	}
	if out.file != "" {
		ans.Header["Content-Disposition"] = `attachment; filename="` + out.file + `"`
		ans.Header["X-Content-Type-Options"] = "nosniff"
	}
	if out.version != 0 {
		ans.Header["ETag"] = etag(out.version)
	}
	return ans, nil
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// traceOf names the request in logs and in all that comes of it.
func traceOf(r *http.Request) string { return r.Header.Get("X-Request-Id") }

// log writes a line for a request, without anything that was given or answered: at the
// level of what is out of the ordinary only if the API itself failed.
func (a *API) log(c *call, p *problem.Problem) {
	level, log := slog.LevelDebug, a.Log.With("trace", c.trace)
	if c.route != nil {
		log = log.With("kind", c.route.Operation)
	}
	if c.team != nil {
		log = log.With("team", c.team.ID, "by", c.caller.actor().Kind)
	}
	if p != nil {
		log = log.With("code", p.Code)
		if p.Status >= http.StatusInternalServerError {
			level, log = slog.LevelError, log.With("error", p.Error())
		}
	}
	log.Log(context.Background(), level, "request")
}
