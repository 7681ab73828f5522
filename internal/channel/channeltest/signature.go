package channeltest

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// signatures: only the platform's own signature over exactly this request passes.
func (s Suite) signatures(t *testing.T) {
	a := s.adapter()
	refuse := func(t *testing.T, r *channel.Request, c channel.Credentials) {
		t.Helper()
		s.wantCode(t, a.Verify(r, c), hub.BadSignature)
	}
	for _, x := range s.samples(t) {
		body := x.body
		good := s.sign(x.request(), s.Credentials)
		foreign := s.sign(x.request(), s.Other)
		t.Run(x.name, func(t *testing.T) {
			if err := a.Verify(s.signed(x, good), s.Credentials); err != nil {
				t.Fatalf("the good signature: got %v, want none", err)
			}
			refuse(t, &channel.Request{Method: "POST", RawQuery: x.query, Body: body}, s.Credentials)
			refuse(t, x.request(), s.Credentials)
			for _, forged := range s.forgeries(good, foreign) {
				refuse(t, s.signed(x, forged), s.Credentials)
			}
			// A connection without a secret accepts nothing, not even the empty key's.
			refuse(t, s.signed(x, s.sign(x.request(), channel.Credentials{URL: s.Credentials.URL})),
				channel.Credentials{Accounts: s.Credentials.Accounts, URL: s.Credentials.URL})
			refuse(t, s.signed(x, foreign), s.Credentials)
			if longer := append(body[:len(body):len(body)], ' '); !sameForm(body, longer) {
				refuse(t, s.signed(x.with(longer), good), s.Credentials)
			}

			changed := append([]byte(nil), body...)
			for i := range changed {
				changed[i] ^= 1 << (i % 8)
				if !sameForm(body, changed) {
					refuse(t, s.signed(x.with(changed), good), s.Credentials)
				}
				changed[i] = body[i]
			}
			s.elsewhere(t, a, x, good)
		})
	}
}

// hostile are headers by which a request claims to have come to another address.
var hostile = map[string]string{
	"host": "elsewhere.example", "x-forwarded-host": "elsewhere.example", "x-forwarded-proto": "http", "x-forwarded-port": "80",
	"forwarded": "host=elsewhere.example;proto=http", "x-original-url": "/elsewhere", "x-rewrite-url": "/elsewhere",
}

// elsewhere: where a request claims to have come to changes nothing; if the platform
// signs the URL and the query, only those that it called are good.
func (s Suite) elsewhere(t *testing.T, a channel.Adapter, x sample, good string) {
	t.Helper()
	claim := func(signature string) *channel.Request {
		r := s.signed(x, signature)
		maps.Copy(r.Header, hostile)
		return r
	}
	if err := a.Verify(claim(good), s.Credentials); err != nil {
		t.Errorf("the good signature beside other hosts: got %v, want none", err)
	}
	moved := s.Credentials
	moved.URL = "https://elsewhere.example/elsewhere"
	if other := s.sign(x.request(), moved); other != good {
		s.wantCode(t, a.Verify(claim(other), s.Credentials), hub.BadSignature)
		unknown := s.Credentials
		unknown.URL = ""
		s.wantCode(t, a.Verify(s.signed(x, good), unknown), hub.BadSignature)
	}
	further := x
	further.query = strings.TrimPrefix(x.query+"&x=1", "&")
	if other := s.sign(further.request(), s.Credentials); other != good {
		s.wantCode(t, a.Verify(s.signed(further, good), s.Credentials), hub.BadSignature)
	}
}

// forgeries are values of the header that are not the good one.
func (s Suite) forgeries(good, foreign string) []string {
	bare := strings.TrimPrefix(good, s.Prefix)
	out := []string{
		"", " ", ",", foreign, foreign + "," + good, good + "," + foreign, good + "," + good, good + ", " + good,
		" " + good, good + " ", good + "\n", good + "=", s.Prefix, s.Prefix + good + good,
	}
	if s.Prefix != "" {
		out = append(out, bare, "sha1="+bare)
	}
	if s.Hex {
		digest, _ := hex.DecodeString(bare)
		out = append(out, s.Prefix+base64.StdEncoding.EncodeToString(digest))
	} else {
		digest, _ := base64.StdEncoding.DecodeString(bare)
		out = append(out, s.Prefix+hex.EncodeToString(digest), s.Prefix+strings.TrimRight(bare, "="))
		// The last digit's unused bits must be 0: one signature, one spelling.
		if last := strings.LastIndexFunc(bare, func(r rune) bool { return r != '=' }); last < len(bare)-1 {
			out = append(out, s.Prefix+bare[:last]+string(bare[last]+1)+bare[last+1:])
		}
		if url := base64.URLEncoding.EncodeToString(digest); url != bare {
			out = append(out, s.Prefix+url)
		}
	}
	for i := range good {
		out = append(out, good[:i]) // truncated
		other := byte('A')
		if good[i] == 'A' {
			other = 'B'
		}
		if !s.Hex || !strings.EqualFold(string(other), string(good[i])) {
			out = append(out, good[:i]+string(other)+good[i+1:])
		}
	}
	return out
}

// vectors: known signatures pass, and fail for a changed body.
func (s Suite) vectors(t *testing.T) {
	if len(s.Vectors) == 0 {
		t.Fatal("got no vectors, want some that were not made by Sign")
	}
	a := s.adapter()
	for _, v := range s.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			x := sample{name: v.Name, body: v.Body, query: v.Query, header: v.Headers}
			err := a.Verify(s.signed(x, v.Signature), v.Credentials)
			if v.Forged {
				s.wantCode(t, err, hub.BadSignature)
				return
			}
			if err != nil {
				t.Errorf("adapter: got %v, want none", err)
			}
			if got := s.sign(x.request(), v.Credentials); got != v.Signature {
				t.Errorf("Sign: got %q, want %q", got, v.Signature)
			}
			changed := []byte("x=1")
			if len(v.Body) > 0 {
				changed = append([]byte(nil), v.Body...)
				changed[0] ^= 1
			}
			s.wantCode(t, a.Verify(s.signed(x.with(changed), v.Signature), v.Credentials), hub.BadSignature)
		})
	}
}
