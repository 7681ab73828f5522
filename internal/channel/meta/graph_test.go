package meta_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

// graph is one that reaches the handler only.
func graph(t *testing.T, code func(meta.Failure) hub.Code, h http.HandlerFunc) *meta.Graph {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return meta.NewGraph(channel.Platform{BaseURL: server.URL}, "test", meta.Host, "v25.0", code)
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestQuestionsAreNeverUnclear(t *testing.T) {
	for body, want := range map[string]hub.Code{
		`{"error":{"code":1}}`: hub.Transient, `<html>`: hub.Transient, ``: hub.Transient, `{"error":{"code":190}}`: hub.TokenExpired,
	} {
		if _, err := graph(t, nil, says(500, body)).Ask(t.Context(), "test: ask", "GET", "/me", nil, "token"); hub.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
		sent := want
		if want == hub.Transient {
			sent = hub.Unclear
		}
		if _, err := graph(t, nil, says(500, body)).Send(t.Context(), "test: send", "/me/messages", "token", nil); hub.CodeOf(err) != sent {
			t.Errorf("send: %s: got %v, want %s", body, err, sent)
		}
	}
	for _, body := range []string{"", "[]", "7", "{", `{} {}`} {
		if _, err := graph(t, nil, says(200, body)).Ask(t.Context(), "test: ask", "GET", "/me", nil, "token"); hub.CodeOf(err) != hub.Transient {
			t.Errorf("%q: got %v, want %s", body, err, hub.Transient)
		}
	}
}

func TestAChannelsOwnMeaningOfANumberCounts(t *testing.T) {
	own := func(f meta.Failure) hub.Code {
		if f.Number == 551 {
			return hub.Blocked
		}
		return ""
	}
	for body, want := range map[string]hub.Code{`{"error":{"code":551}}`: hub.Blocked, `{"error":{"code":613}}`: hub.RateLimited} {
		_, err := graph(t, own, says(400, body)).Send(t.Context(), "test: send", "/me/messages", "token", nil)
		f, told := meta.FailureIn(err)
		if hub.CodeOf(err) != want || !told || f.Number == 0 {
			t.Errorf("%s: got %v, %v, want %s", body, err, f, want)
		}
	}
}

func TestErrorsSayInWordsWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"code":190,"error_subcode":463}}`:    "test: send: token_expired: status 400, error 190, subcode 463: the token has expired",
		`{"error":{"code":190}}`:                        "test: send: token_expired: status 400, error 190: the access token is refused",
		`{"error":{"code":10,"error_subcode":2018278}}`: "test: send: window_closed: status 400, error 10, subcode 2018278: outside the allowed window",
		`{"error":{"code":10,"error_subcode":2018300}}`: "test: send: permanent: status 400, error 10, subcode 2018300: another app has the conversation",
		`{"error":{"code":200}}`:                        "test: send: account_broken: status 400, error 200: a permission is missing",
		`{"error":{"code":100,"message":"secret"}}`:     "test: send: permanent: status 400, error 100",
		`secret`: "test: send: permanent: status 400, no error of the Graph API",
	} {
		_, err := graph(t, nil, says(400, body)).Send(t.Context(), "test: send", "/me/messages", "token", nil)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

func TestTokensAreVetted(t *testing.T) {
	ask := func(data string) meta.Token {
		t.Helper()
		var path, bearer string
		g := graph(t, nil, func(w http.ResponseWriter, r *http.Request) {
			path, bearer = r.URL.RequestURI(), r.Header.Get("Authorization")
			_, _ = io.WriteString(w, `{"data":`+data+`}`)
		})
		token, err := g.Inspect(t.Context(), "test: check", "a&b", meta.AppToken("7", "s"))
		if err != nil || path != "/test/v25.0/debug_token?input_token=a%26b" || bearer != "Bearer 7|s" {
			t.Fatalf("got %v, %s by %s", err, path, bearer)
		}
		return token
	}
	const whole = `"is_valid":true,"app_id":7,"type":"PAGE","scopes":["a","b"],"granular_scopes":[{"scope":"a","target_ids":["1","2"]},{"scope":"b"}]`
	token := ask(`{` + whole + `,"expires_at":1800000000,"data_access_expires_at":"1800000001","profile_id":"1"}`)
	if token.Expires != 1800000000000 || token.DataExpires != 1800000001000 || token.App != "7" || token.Profile != "1" {
		t.Errorf("got %+v", token)
	}
	for _, c := range []struct {
		permissions, ids, want []string
	}{
		{[]string{"a", "b"}, []string{"1"}, nil}, {[]string{"a"}, []string{"3"}, []string{"a"}}, {[]string{"a"}, []string{"3", "2"}, nil},
		{[]string{"b"}, []string{"3"}, nil}, {[]string{"c", "a", "d"}, []string{"1"}, []string{"c", "d"}}, {nil, nil, nil},
	} {
		if got := token.Lacks(c.permissions, c.ids...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v for %v: got %v, want %v", c.permissions, c.ids, got, c.want)
		}
	}
	page := []string{"PAGE"}
	for data, want := range map[string]struct {
		code hub.Code
		text string
	}{
		`{` + whole + `}`: {"", ""},
		`{` + whole + `,"is_valid":false,"error":{"code":190,"subcode":460}}`: {hub.TokenExpired, "changed the password"},
		`{` + whole + `,"is_valid":false}`:                                    {hub.TokenExpired, "the token is not valid"},
		`{}`:                                                                  {hub.TokenExpired, "the token is not valid"},
		`{` + whole + `,"type":"USER"}`:                                       {hub.AccountBroken, "of the kind \"USER\", and not PAGE"},
		`{` + whole + `,"app_id":"8"}`:                                        {hub.AccountBroken, "another app than app_id"},
		`{` + whole + `,"scopes":["a"]}`:                                      {hub.AccountBroken, "lacks the permission b"},
		`{` + whole + `,"scopes":["x"]}`:                                      {hub.AccountBroken, "lacks the permissions a, b"},
		`{` + whole + `,"granular_scopes":[{"scope":"a","target_ids":["9"]}]}`: {hub.AccountBroken, "lacks the permission a"},
	} {
		err := ask(data).Vet("test: check", page, "7", []string{"a", "b"}, "1")
		if hub.CodeOf(err) != want.code || err != nil && !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: got %v, want %s: %s", data, err, want.code, want.text)
		}
	}
	if meta.AppToken("", "s") != "" || meta.AppToken("7", "") != "" {
		t.Error("an app's credential of one part: got one, want none")
	}
}

func TestBodiesOfSends(t *testing.T) {
	class := func(c hub.Class, after bool) string {
		kind, tag, err := meta.TypeOf("test: send", channel.Outgoing{Class: c, AfterWindow: after})
		if err != nil {
			return string(hub.CodeOf(err))
		}
		return kind + " " + tag
	}
	for got, want := range map[string]string{
		class(hub.ClassPerson, true): "MESSAGE_TAG HUMAN_AGENT", class(hub.ClassPerson, false): "RESPONSE ", class(hub.ClassTransactional, false): "UPDATE ",
		class(hub.ClassBot, true): "window_closed",
	} {
		if got != want {
			t.Errorf("type: got %q, want %q", got, want)
		}
	}
	encode := func(c hub.Content, ref string) string {
		m, err := meta.MessageOf(c, ref, meta.OneRatio)
		if err != nil {
			return err.Error()
		}
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for got, want := range map[string]string{
		encode(hub.TextContent("x"), ""):                                              `{"text":"x"}`,
		encode(hub.TextContent("x"), "r"):                                             `{"text":"x","metadata":"r"}`,
		encode(hub.Content{Type: hub.Image, Media: &hub.Media{URL: "https://x"}}, ""): `{"attachment":{"type":"image","payload":{"url":"https://x","is_reusable":false}}}`,
		encode(hub.Content{Type: hub.Image}, ""):                                      `message type "image", or what it needs is missing`,
		encode(hub.Content{Type: hub.Location}, ""):                                   `message type "location", or what it needs is missing`,
		encode(hub.Content{Type: hub.Native, Native: []byte(`{"text":"x"}`)}, "r"):    `{"metadata":"r","text":"x"}`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := meta.RecipientOf("user_ref:R"); got != (meta.Recipient{UserRef: "R"}) {
		t.Errorf("a guest: got %+v", got)
	}
}
