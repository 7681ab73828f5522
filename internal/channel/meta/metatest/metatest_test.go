package metatest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"omnihub/internal/channel/meta/metatest"
)

func TestWebhooksAreWrittenAndSignedAsMetaDoes(t *testing.T) {
	body := metatest.Encode(map[string]string{"a": "你 a/b 😀 <&> \\ \""})
	if want := `{"a":"\u4f60 a\/b \ud83d\ude00 <&> \\ \""}`; string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	// Made by: printf %s BODY | openssl dgst -sha256 -hmac secret
	hook := metatest.Signed("http://127.0.0.1/", "secret", []byte(`{"object":"page","text":"\u4f60 a\/b"}`))
	if got, want := hook.Header["x-hub-signature-256"], "sha256=120fefcd939a2174a5ac61adc55c0f5c5447e1371183a1f3c4f65621d88f9034"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHandshakesAskForTheChallenge(t *testing.T) {
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("hub.mode") != "subscribe" || q.Get("hub.verify_token") != "v" || q.Get("own") != "1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, q.Get("hub.challenge"))
	}))
	defer hub.Close()
	shake := func(token string, hold bool) (status, statuses int, same bool) {
		h, err := metatest.NewHandshake(hub.URL+"/?own=1", "", "", token)
		if err != nil {
			t.Fatal(err)
		}
		d, err := h.Shake(t.Context(), hub.Client(), hold)
		if err != nil || len(d.Event) != 10 {
			t.Errorf("got %+v, %v, want a challenge of ten digits", d, err)
		}
		return d.Status, len(d.Statuses), d.Body == d.Event
	}
	for _, c := range []struct {
		token            string
		hold             bool
		status, statuses int
		same             bool
	}{{"v", false, 200, 1, true}, {"w", false, 403, 1, false}, {"v", true, 0, 0, false}} {
		if status, statuses, same := shake(c.token, c.hold); status != c.status || statuses != c.statuses || same != c.same {
			t.Errorf("%+v: got %d, %d, %v", c, status, statuses, same)
		}
	}
	if _, err := metatest.NewHandshake("nowhere", "", "", ""); err == nil {
		t.Error("got no error, want one: there is no address")
	}
}

func TestRefusalsHaveTheGraphAPIsForm(t *testing.T) {
	for _, c := range []struct {
		refusal *metatest.Refusal
		want    string
	}{
		{&metatest.Refusal{Status: 400, Code: 7, Message: "m"}, `{"error":{"message":"m","type":"T","code":7,"fbtrace_id":"x"}}`},
		{&metatest.Refusal{Status: 503, Code: 2, Kind: "K", Transient: true}, `{"error":{"message":"","type":"K","is_transient":true,"code":2,"fbtrace_id":"x"}}`},
		{&metatest.Refusal{Status: 400, Code: 1, Subcode: 3, Details: "d"}, `{"error":{"message":"","type":"T","code":1,` +
			`"error_data":{"messaging_product":"whatsapp","details":"d"},"error_subcode":3,"fbtrace_id":"x"}}`},
	} {
		w := httptest.NewRecorder()
		call := metatest.Call{W: w, Trace: "x"}
		call.Refuse(c.refusal, "T")
		if w.Code != c.refusal.Status || w.Body.String() != c.want {
			t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.refusal.Status, c.want)
		}
	}
}

// TestTheFirstFaultOfARequestCounts: by its kind, with its place.
func TestTheFirstFaultOfARequestCounts(t *testing.T) {
	for _, c := range []struct {
		body  string
		wrong metatest.Wrong
		text  string
	}{
		{`{"to":"a","list":[{"n":1}],"on":true}`, 0, ""},
		{`[]`, metatest.Shape, "The request body must be an object"},
		{`{"list":7}`, metatest.Absent, "to is required"},
		{`{"to":7}`, metatest.Shape, "to must be a string"},
		{`{"to":"abcd"}`, metatest.Value, "to length invalid. Min length: 1, Max length: 3"},
		{`{"to":"a","list":[]}`, metatest.Absent, "list is required"},
		{`{"to":"a","list":[{"n":"x"}]}`, metatest.Value, "list[0].n must be a number from 0 to 9"},
		{`{"to":"a","list":[{"n":"9"},{},{}]}`, metatest.Value, "list has more than 2 entries"},
		{`{"to":"a","list":[{"n":1}],"on":"yes"}`, metatest.Shape, "on must be true or false"},
		{`{"to":"a","list":[{"n":1}],"kind":"c"}`, metatest.Value, `kind must be one of ["a" "b"]`},
		{`{"to":"a","list":[{"n":1}],"more":1}`, metatest.Shape, `Unexpected key "more" on param "The request body"`},
	} {
		check := &metatest.Check{Length: func(s string) int { return len(s) }, Wrong: func(w metatest.Wrong, text string) *metatest.Refusal {
			r := metatest.Invalid("%s", text)
			r.Subcode = int(w)
			return r
		}}
		o := check.Object("", json.RawMessage(c.body))
		o.Text("to", true, 3)
		for _, one := range o.List("list", true, 2) {
			one.Number("n", 0, 9)
		}
		o.Flag("on")
		o.OneOf("kind", false, "a", "b")
		o.Only()
		switch {
		case c.text == "" && check.Fault != nil:
			t.Errorf("%s: got %+v, want no fault", c.body, check.Fault)
		case c.text != "" && (check.Fault == nil || check.Fault.Message != "(#100) "+c.text || check.Fault.Subcode != int(c.wrong)):
			t.Errorf("%s: got %+v, want %q of kind %d", c.body, check.Fault, c.text, c.wrong)
		}
	}
}

func TestABurstIsPaidOff(t *testing.T) {
	var p metatest.Pair
	start := time.Unix(0, 0)
	allowed := 0
	for range 50 {
		if p.Allow(start) {
			allowed++
		}
	}
	if allowed != 45 || p.Allow(start.Add(45*6*time.Second-1)) || !p.Allow(start.Add(45*6*time.Second)) {
		t.Errorf("got %d at once, want 45, and the next after 270 s", allowed)
	}
}
