package meta_test

import (
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
)

func split(t *testing.T, body string) []channel.Slice {
	t.Helper()
	slices, err := shared.Split(&channel.Request{Body: []byte(body)})
	if err != nil {
		t.Fatalf("%.200s: %v", body, err)
	}
	return slices
}

// TestAddressesSignedAnewAreNoOtherEvent: Meta signs the addresses of files for some time,
// and may tell others at another delivery.
func TestAddressesSignedAnewAreNoOtherEvent(t *testing.T) {
	for name, member := range map[string]string{
		"an attachment":             `"message":{"mid":"m_1","attachments":[{"type":"image","payload":{"url":"ADDRESS"}}]}`,
		"several":                   `"message":{"mid":"m_1","attachments":[{"payload":{"url":"ADDRESS"}},{"payload":{"url":"https:\/\/x\/2ADDRESS"}}]}`,
		"a text that is an address": `"message":{"mid":"m_1","text":"https:\/\/x\/1","attachments":[{"type":"image","payload":{"url":"ADDRESS"}}]}`,
		"an answer to a story":      `"message":{"mid":"m_1","text":"x","reply_to":{"story":{"url":"ADDRESS","id":"7"}}}`,
		"story and attachment":      `"message":{"mid":"m_1","reply_to":{"story":{"url":"ADDRESS"}},"attachments":[{"payload":{"url":"ADDRESS"}}]}`,
		"a link":                    `"message":{"mid":"m_1","attachments":[{"type":"fallback","title":"x","url":"ADDRESS","payload":null}]}`,
		"a message from an ad":      `"message":{"mid":"m_1","text":"x","referral":{"ad_id":"7","ads_context_data":{"photo_url":"ADDRESS","video_url":"ADDRESS"}}}`,
		"an ad":                     `"referral":{"source":"ADS","ad_id":"7","ads_context_data":{"photo_url":"ADDRESS"}}`,
	} {
		at := func(address string) channel.Slice {
			return split(t, from(customer, account, strings.ReplaceAll(member, "ADDRESS", address)))[0]
		}
		first, again := at(`https:\/\/x\/1`), at(`https:\/\/x\/1?oh=00_a&oe=6A1`)
		if first.Hash != again.Hash || first.Event != again.Event {
			t.Errorf("%s: got %s %s and %s %s, want them the same", name, first.Event, first.Hash, again.Event, again.Hash)
		}
		other := split(t, from(customer, account, strings.Replace(member, `":"`, `":"other`, 1)))[0]
		if strings.Contains(member, `"mid"`) && other.Hash == first.Hash {
			t.Errorf("%s: got one hash for two events", name)
		}
	}
}

// TestOneMessageOfVeryManyParts: the app's owner can sign whatever he likes, and the edge
// and the worker are everybody's.
func TestOneMessageOfVeryManyParts(t *testing.T) {
	const most = 100
	many := func(n int, part func(i string) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(part(strings.Repeat("x", 1+i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576))))
		}
		return b.String()
	}
	for name, member := range map[string]string{
		"files": `"message":{"mid":"m_1","reply_to":{"story":{"url":"https:\/\/x"}},"attachments":[` + many(80_000, func(i string) string {
			return `{"type":"image","payload":{"url":"` + i + `"}}`
		}) + `]}`,
		"titles": `"message":{"mid":"m_1","attachments":[` + many(80_000, func(i string) string { return `{"type":"share","title":"` + i + `"}` }) + `]}`,
		"elements": `"message":{"mid":"m_1","attachments":[{"type":"template","payload":{"elements":[` +
			many(80_000, func(i string) string { return `{"title":"` + i + `"}` }) + `]}}]}`,
	} {
		start := time.Now()
		s := split(t, from(customer, account, member))[0]
		e, err := shared.Parse(s.Head, s.Raw)
		if took := time.Since(start); err != nil || took > 3*time.Second {
			t.Errorf("%s: got %v after %v, want a message within 3 s", name, err, took)
		}
		if n := strings.Count(e.Message.Text, "\n"); n >= most || len(e.Message.Media) > most {
			t.Errorf("%s: got %d lines and %d files, want at most %d", name, n+1, len(e.Message.Media), most)
		}
	}
}
