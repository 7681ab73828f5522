package meta_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

// TestSignatureWithSHA1AloneIsRefused: Meta still sends it beside the other, and
// whoever can forge one must not be able to leave the other out.
func TestSignatureWithSHA1AloneIsRefused(t *testing.T) {
	const key = "f00dbabe0123456789abcdef01234567"
	body := []byte(`{"object":"page","entry":[]}`)
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write(body)
	signature := "sha1=" + hex.EncodeToString(mac.Sum(nil))
	for _, headers := range []map[string]string{
		{"x-hub-signature": signature},
		{"x-hub-signature": signature, "x-hub-signature-256": ""},
		{"x-hub-signature-256": signature},
	} {
		err := meta.Verify("test", &channel.Request{Body: body, Header: headers}, key)
		if hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("%v: got %v, want %s", headers, err, hub.BadSignature)
		}
	}
}
