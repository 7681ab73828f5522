package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/account"
	"omnihub/internal/apigw"
	"omnihub/internal/blob"
	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/export"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/media"
	"omnihub/internal/omnilink"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/tag"
	"omnihub/internal/team"
)

// The other team of a scene, which has what the first has.
const other hub.TeamID = "rival"

// operator is who sets a scene up.
var operator = hub.Actor{Kind: hub.ActorHub, ID: "test"}

// compiled is the description with the schemas that were compiled so far, and paths its
// paths.
var (
	compiled = &document{}
	paths    = sync.OnceValue(func() map[string]any {
		var doc map[string]any
		_ = json.Unmarshal(openapi, &doc)
		return doc
	})
)

// scene is a hub with two teams, a member of each role in each, and the API.
type scene struct {
	*hubtest.Hub
	t       *testing.T
	API     *API
	Members map[string]hub.Member // by "<role>" of the team, "<role>@rival"
}

func newScene(t *testing.T) *scene {
	t.Helper()
	h := hubtest.New(t)
	st := h.As("Api", nil)
	adapters := all.Adapters(channel.Platform{BaseURL: "http://127.0.0.1:1", Client: &http.Client{}})
	sc := &scene{Hub: h, t: t, Members: map[string]hub.Member{}}
	setup := h.Setup
	setup.Store = st
	sc.API = &API{
		Store: st, Settings: settings.NewReader(st, h.Keyring, h.Clock.Now), Now: h.Clock.Now, Log: h.Log,
		Keeper: &account.Keeper{Setup: setup, Adapters: adapters, Now: h.Clock.Now, Log: h.Log},
	}
	sc.API.Office = &team.Office{Store: st, Settings: sc.API.Settings, Now: h.Clock.Now}
	sc.API.Desk = &chat.Desk{Store: st, Composer: &chat.Composer{Store: st, Settings: sc.API.Settings, Adapters: adapters, Now: h.Clock.Now}}
	sc.API.Tags = &tag.Book{Store: st, Now: h.Clock.Now}
	sc.API.Contacts = &contact.Book{Store: st, Now: h.Clock.Now, Settings: sc.API.Settings}
	sc.API.Erasures = &erasure.Office{Store: st, Settings: sc.API.Settings, Contacts: sc.API.Contacts, Now: h.Clock.Now}
	sc.API.Exports = &export.Exporter{Store: st, Office: sc.API.Erasures}
	sc.API.Activities = &omnilink.Activities{Store: st, Settings: sc.API.Settings, Adapters: adapters, Module: ModuleChannel(st), Now: h.Clock.Now}
	sc.API.Studio = &bot.Studio{Store: st, Adapters: adapters, Users: sc.API.Activities.Users}
	sc.API.Links = &omnilink.Linker{Store: st, Settings: sc.API.Settings, Contacts: sc.API.Contacts, Adapters: adapters, URL: hubtest.API, Now: h.Clock.Now, Log: h.Log}
	sc.API.Library = &media.Library{Settings: sc.API.Settings, Blobs: blob.New(h.AWS("Api"), "pictures-test", true, h.Clock.Now)}
	sc.must(sc.API.Start())
	sc.API.document = compiled // by one test for all
	sc.must(h.Setup.Team(t.Context(), other, "Rival"))
	for _, id := range []hub.TeamID{hubtest.Team, other} {
		for _, role := range hub.Roles() {
			sc.member(id, string(role), role)
		}
	}
	return sc
}

func (sc *scene) must(err error) {
	sc.t.Helper()
	if err != nil {
		sc.t.Fatal(err)
	}
}

// member adds a member; his subject is his name.
func (sc *scene) member(id hub.TeamID, name string, role hub.Role) hub.Member {
	sc.t.Helper()
	if id == other {
		name += "@rival"
	}
	m, err := sc.API.Office.Add(sc.t.Context(), id, operator, team.NewMember{Subject: hub.Personal("sub-" + name), Name: hub.Personal(name), Role: role})
	sc.must(err)
	sc.Members[name] = m
	return m
}

// ask is a request to the API.
type ask struct {
	as     string // a member's name; "" = nobody
	scopes string // of a program of the team in the path, or of program's
	team   hub.TeamID
	method string
	path   string // below the team; a whole one if it begins with /v1 or /open
	body   any    // a string goes as it is
	header map[string]string
	use    string // what the issuer says that the token is for

	address string // to which the request comes, if the hub does not know its own
}

// reply is what the API answered.
type reply struct {
	status int
	header http.Header
	raw    string
}

// value is a member of the answer's body, by its names and list places.
func (r reply) value(path ...any) any {
	var v any
	_ = json.Unmarshal([]byte(r.raw), &v)
	for _, p := range path {
		switch at := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[at]
		case int:
			l, _ := v.([]any)
			if at >= len(l) {
				return nil
			}
			v = l[at]
		}
	}
	return v
}

func (r reply) text(path ...any) string {
	s, _ := r.value(path...).(string)
	return s
}

// do sends a request, and holds the answer against the API's description.
func (sc *scene) do(q ask) reply {
	sc.t.Helper()
	if q.team == "" {
		q.team = hubtest.Team
	}
	path := q.path
	if !strings.HasPrefix(path, "/v1") && !strings.HasPrefix(path, "/open") {
		path = "/v1/teams/" + string(q.team) + path
		if q.scopes != "" {
			path = "/open" + path
		}
	}
	r := httptest.NewRequest(q.method, path, nil)
	if q.body != nil {
		text, ok := q.body.(string)
		if !ok {
			raw, err := json.Marshal(q.body)
			sc.must(err)
			text = string(raw)
		}
		r = httptest.NewRequest(q.method, path, strings.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Request-Id", "req-1")
	for name, v := range q.header {
		r.Header.Set(name, v)
	}
	var who apigw.Caller
	switch {
	case q.scopes != "":
		who.Context = map[string]any{"team": string(q.team), "key": "abcdefghij234567", "scopes": q.scopes}
	case q.as != "":
		who.Claims = map[string]string{"sub": "sub-" + q.as, "iss": "https://issuer.example", "aud": "omnihub"}
		if q.use != "" {
			who.Claims["token_use"] = q.use
		}
	}
	w := httptest.NewRecorder()
	sc.API.ServeHTTP(w, r.WithContext(WithAddress(apigw.WithCaller(r.Context(), who), q.address)))
	raw, err := io.ReadAll(w.Result().Body)
	sc.must(err)
	got := reply{w.Code, w.Result().Header, string(raw)}
	sc.described(q.method, r.URL.EscapedPath(), got)
	if got.status >= 500 {
		sc.t.Logf("the log says: %s", sc.Logged)
	}
	return got
}

// described holds an answer against what the description says of the operation.
func (sc *scene) described(method, path string, r reply) {
	sc.t.Helper()
	s, _, allow := sc.API.router.find(method, path)
	if s == nil {
		if r.status != 404 && (r.status != 405 || allow == "") {
			sc.t.Errorf("%s %s: got %d for what has no route", method, path, r.status)
		}
		sc.valid("/components/schemas/Problem", r.raw)
		return
	}
	doc := paths()
	op := doc["paths"].(map[string]any)[s.Path].(map[string]any)[strings.ToLower(method)].(map[string]any)
	at := pointer("paths", s.Path, strings.ToLower(method), "responses", fmt.Sprint(r.status))
	answer, ok := op["responses"].(map[string]any)[fmt.Sprint(r.status)].(map[string]any)
	if !ok {
		sc.t.Errorf("%s: got status %d, which its description does not name: %s", s.Operation, r.status, r.raw)
		return
	}
	if ref, ok := answer["$ref"].(string); ok {
		at = strings.TrimPrefix(ref, "#")
		answer = doc["components"].(map[string]any)["responses"].(map[string]any)[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
	}
	content, _ := answer["content"].(map[string]any)
	for media := range content {
		got, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
		if got != media {
			sc.t.Errorf("%s: got type %q, want %q", s.Operation, got, media)
		}
		if strings.HasSuffix(media, "json") {
			sc.valid(at+pointer("content", media, "schema"), r.raw)
		}
	}
	if len(content) == 0 && r.raw != "" {
		sc.t.Errorf("%s: got a body with status %d, want none: %s", s.Operation, r.status, r.raw)
	}
}

func (sc *scene) valid(at, raw string) {
	sc.t.Helper()
	schema, err := sc.API.document.schema(at)
	sc.must(err)
	var v any
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	sc.must(d.Decode(&v))
	if err := schema.Validate(v); err != nil {
		sc.t.Errorf("got an answer that is not as described: %v\n%s", err, raw)
	}
}

// pointer is a JSON pointer.
func pointer(parts ...string) string {
	var out strings.Builder
	for _, p := range parts {
		out.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p))
	}
	return out.String()
}

// want checks an answer's status, and of a problem its code.
func (r reply) want(t *testing.T, what string, status int, code hub.Code) reply {
	t.Helper()
	if r.status != status || r.text("code") != string(code) && code != "" {
		t.Fatalf("%s: got %d %s, want %d %s", what, r.status, r.raw, status, code)
	}
	return r
}

// talk makes a customer's message of the LINE account, and answers the thread's id.
func (sc *scene) talk(id hub.TeamID, external, text string, at hub.Millis) hub.UserKey {
	sc.t.Helper()
	tm, err := sc.Hub.Settings.Team(sc.t.Context(), id)
	sc.must(err)
	u := tm.Pepper.User(hubtest.LineAccount, external)
	ref := store.Ref{Team: id, User: u}
	key := hub.NewMessageKey(at, fmt.Sprint(at))
	home := tm.Pepper.Home(hubtest.LineAccount, external, 0)
	_, _, err = sc.Store.Advance(sc.t.Context(), ref, store.Arrival{Key: key, Account: hubtest.LineAccount, External: hub.Personal(external), Kind: hub.Person, Preview: hub.PreviewOf(text)})
	sc.must(err)
	_, err = sc.Store.PutMessage(sc.t.Context(), ref, hub.Inbound{
		Key: key, Event: "e" + fmt.Sprint(at), Hash: "h", Type: hub.Text, Text: text, Account: hubtest.LineAccount, Channel: "line", Home: home, Received: at, Raw: []byte("{}"),
	})
	sc.must(err)
	sc.must(sc.Store.PutHome(sc.t.Context(), id, hub.Home{ID: home, Account: hubtest.LineAccount, Channel: "line", User: u, External: hub.Personal(external), Kind: hub.Person, Created: at}))
	return u
}

func refOf(u hub.UserKey) store.Ref { return store.Ref{Team: hubtest.Team, User: u} }

func arrivalOf(external string) store.Arrival {
	return store.Arrival{Account: hubtest.LineAccount, External: hub.Personal(external), Kind: hub.Person}
}
