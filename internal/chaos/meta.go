package chaos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"omnihub/internal/channel/fake"
)

// metaTrait is what Messenger and Instagram share.
func metaTrait() *trait {
	return &trait{
		ids: func(body string) ([]string, string) {
			id := between(body, `"sender":{"id":"`, `"`)
			if strings.Contains(body, `"is_echo":true`) {
				id = between(body, `"recipient":{"id":"`, `"`)
			}
			return []string{id}, id
		},
		target:  func(body string) string { return between(between(body, `"reaction":{`, `}`), `"mid":"`, `"`) },
		entry:   func(mark string) fake.Act { return fake.Act{Extra: extra("referral", "ref", mark)} },
		secret:  "app_secret",
		sign:    signedByMeta,
		list:    "entry",
		escapes: true,
		torn:    cutShort,
		broken:  func(h *hook) string { return strings.Replace(h.body, `"sender":{"id":"`, `"sender":{"no":"`, 1) },
		stray:   elsewhere,
		dated:   true,
		idle: func(c fake.Call) bool {
			return slices.Contains([]string{"typing", "typing_on", "typing_off", "read", "mark_seen", "profile"}, c.Kind)
		},
		tells:  true,
		echoes: true,
	}
}

// signedByMeta signs as all of Meta's products do.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
func signedByMeta(w webhook, body string) map[string]string {
	digest := hmac.New(sha256.New, []byte(w.secret))
	digest.Write([]byte(body))
	return map[string]string{"x-hub-signature-256": "sha256=" + hex.EncodeToString(digest.Sum(nil))}
}

// elsewhere is a webhook for a number that is nobody's.
func elsewhere(w webhook, body string) string {
	return strings.ReplaceAll(body, w.external, "999999999999999")
}
