package channeltest

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

func (s Suite) request(body []byte, signature string) *channel.Request {
	return &channel.Request{Method: "POST", Header: map[string]string{s.Header: signature}, Body: body}
}

// signatures: only the platform's own signature over exactly these bytes passes.
func (s Suite) signatures(t *testing.T) {
	a := s.adapter()
	refuse := func(t *testing.T, r *channel.Request, c channel.Credentials) {
		t.Helper()
		s.wantCode(t, a.Verify(r, c), hub.BadSignature)
	}
	for _, sample := range s.samples(t) {
		body := sample.body
		good := s.Sign(body, s.Credentials)
		foreign := s.Sign(body, s.Other)
		t.Run(sample.name, func(t *testing.T) {
			if err := a.Verify(s.request(body, good), s.Credentials); err != nil {
				t.Fatalf("the good signature: got %v, want none", err)
			}
			refuse(t, &channel.Request{Method: "POST", Body: body}, s.Credentials)
			refuse(t, &channel.Request{Method: "POST", Header: map[string]string{}, Body: body}, s.Credentials)
			for _, forged := range s.forgeries(good, foreign) {
				refuse(t, s.request(body, forged), s.Credentials)
			}
			// A connection without a secret accepts nothing, not even the empty key's.
			refuse(t, s.request(body, s.Sign(body, channel.Credentials{URL: s.Credentials.URL})), channel.Credentials{Accounts: s.Credentials.Accounts})
			refuse(t, s.request(body, foreign), s.Credentials)
			refuse(t, s.request(append(body[:len(body):len(body)], ' '), good), s.Credentials)

			changed := append([]byte(nil), body...)
			for i := range changed {
				changed[i] ^= 1 << (i % 8)
				refuse(t, s.request(changed, good), s.Credentials)
				changed[i] = body[i]
			}
		})
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
			if err := a.Verify(s.request(v.Body, v.Signature), v.Credentials); err != nil {
				t.Errorf("adapter: got %v, want none", err)
			}
			if got := s.Sign(v.Body, v.Credentials); got != v.Signature {
				t.Errorf("Sign: got %q, want %q", got, v.Signature)
			}
			changed := append([]byte(nil), v.Body...)
			changed[0] ^= 1
			s.wantCode(t, a.Verify(s.request(changed, v.Signature), v.Credentials), hub.BadSignature)
		})
	}
}
