package meta_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

func TestKnownSignaturesPassAndNoOthers(t *testing.T) {
	data, err := os.ReadFile("testdata/signature_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Key, Body, Signature string }
	if err := json.Unmarshal(data, &vectors); err != nil || len(vectors) < 6 {
		t.Fatalf("got %d vectors, %v, want 6", len(vectors), err)
	}
	verify := func(body, signature string, key hub.Secret) hub.Code {
		r := &channel.Request{Body: []byte(body), Header: map[string]string{"x-hub-signature-256": signature}}
		return hub.CodeOf(meta.Verify("test", r, key))
	}
	for _, v := range vectors {
		if got := verify(v.Body, v.Signature, hub.Secret(v.Key)); got != "" {
			t.Errorf("%.40s: got %q, want it accepted", v.Body, got)
		}
		digits := strings.TrimPrefix(v.Signature, "sha256=")
		for name, forged := range map[string]string{
			"none": "", "no prefix": digits, "SHA-1": "sha1=" + digits, "capitals": "sha256=" + strings.ToUpper(digits),
			"prefix in capitals": "SHA256=" + digits, "cut": v.Signature[:len(v.Signature)-1], "longer": v.Signature + "0",
			"a space": " " + v.Signature, "two": v.Signature + "," + v.Signature, "prefix only": "sha256=",
		} {
			if got := verify(v.Body, forged, hub.Secret(v.Key)); got != hub.BadSignature {
				t.Errorf("%s: got %q, want %s", name, got, hub.BadSignature)
			}
		}
		if got := verify(v.Body, v.Signature, hub.Secret(v.Key+"0")); got != hub.BadSignature {
			t.Errorf("another key: got %q, want %s", got, hub.BadSignature)
		}
		if got := verify(v.Body, v.Signature, ""); got != hub.BadSignature {
			t.Errorf("no key: got %q, want %s", got, hub.BadSignature)
		}
		if got := verify(v.Body+" ", v.Signature, hub.Secret(v.Key)); got != hub.BadSignature {
			t.Errorf("another body: got %q, want %s", got, hub.BadSignature)
		}
	}
	// The same object, written in two ways: neither signature fits the other body.
	escaped, plain := vectors[2], vectors[3]
	if !strings.Contains(escaped.Body, `\u00e4`) || !strings.Contains(plain.Body, "ä") {
		t.Fatal("the vectors have moved")
	}
	if got := verify(plain.Body, escaped.Signature, hub.Secret(escaped.Key)); got != hub.BadSignature {
		t.Errorf("encoded again: got %q, want %s", got, hub.BadSignature)
	}
}

func TestHandshake(t *testing.T) {
	const good = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=a+token%26"
	for query, want := range map[string]hub.Code{
		good:          "",
		"x=1&" + good: "",
		strings.Replace(good, "a+token", "a%20token", 1):          "",
		strings.Replace(good, "a+token", "b", 1):                  hub.BadSignature,
		strings.Replace(good, "hub.verify_token", "hub_token", 1): hub.BadSignature,
		strings.Replace(good, "hub.", "hub_", 3):                  hub.BadSignature,
		good + "&hub.verify_token=x":                              hub.BadSignature,
		good + "&hub.mode=subscribe":                              hub.BadRequest,
		good + "&hub.challenge=2":                                 hub.BadRequest,
		strings.Replace(good, "subscribe", "unsubscribe", 1):      hub.BadRequest,
		strings.Replace(good, "1158201444", "%3Cscript%3E", 1):    hub.BadRequest,
		strings.Replace(good, "1158201444", "1%0A", 1):            hub.BadRequest,
		strings.Replace(good, "1158201444", "", 1):                hub.BadRequest,
		good + "&a=%zz": hub.BadRequest,
		good + ";b=1":   hub.BadRequest,
		"":              hub.BadSignature,
	} {
		got, err := meta.Handshake("test", &channel.Request{RawQuery: query}, "a token&")
		if hub.CodeOf(err) != want || (err == nil) != (got == "1158201444") {
			t.Errorf("%s: got %q, %v, want %q", query, got, err, want)
		}
	}
	if got, err := meta.Handshake("test", &channel.Request{RawQuery: "hub.mode=subscribe&hub.challenge=1&hub.verify_token="}, ""); err == nil {
		t.Errorf("without a token of ours: got %q, want no answer", got)
	}
}

func TestFailuresTellWhatMayBeRepeated(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"message":"secret","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"AbC_dE-f1234567890xyz"}}`: "error 190, subcode 463, trace AbC_dE-f1234567890xyz",
		`{"error":{"code":"4"}}`: "error 4",
		`{"error":{"code":1,"fbtrace_id":"<script>alert(1)</script>"}}`: "error 1",
		`{"error":{"code":1,"fbtrace_id":"886912345678901"}}`:           "error 1",
		`{"error":{"code":1,"fbtrace_id":7}}`:                           "error 1",
	} {
		f, ok := meta.FailureOf([]byte(body))
		if !ok || f.String() != want {
			t.Errorf("%s: got %q, %v, want %q", body, f, ok, want)
		}
	}
	for _, body := range []string{"", "x", "[]", `{"error":"x"}`, `{"error":{}}`, `{"error":{"code":-1}}`, `{"error":{"code":1.5}}`, `{"error":{"code":1}`, `{"code":1}`} {
		if f, ok := meta.FailureOf([]byte(body)); ok {
			t.Errorf("%s: got %v, want none", body, f)
		}
	}
}

func TestCodesOfTheGraphAPI(t *testing.T) {
	for number, want := range map[int]hub.Code{
		0: hub.TokenExpired, 190: hub.TokenExpired, 1: hub.Transient, 2: hub.Transient, 3: hub.AccountBroken, 10: hub.AccountBroken,
		4: hub.RateLimited, 80007: hub.RateLimited, 100: hub.Permanent, 368: hub.AccountBroken,
		199: "", 200: hub.AccountBroken, 299: hub.AccountBroken, 300: "", 131047: "",
	} {
		if got := (meta.Failure{Number: number}).Code(); got != want {
			t.Errorf("%d: got %q, want %q", number, got, want)
		}
	}
	if got := (meta.Failure{Number: 100, Subcode: 33}).Code(); got != hub.AccountBroken {
		t.Errorf("no such object: got %q, want %s", got, hub.AccountBroken)
	}
}
