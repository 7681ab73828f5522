package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

const (
	number  = "+14155238886" // the samples'
	account = "AC0123456789abcdef0123456789abcdef"
	token   = "0123456789abcdef0123456789abcdee"
	user    = "wa:886912345678"
	sid     = "SMfeed000000000000000000000000005b"
	webhook = "https://hub.example.tw/webhooks/twilio/whatsapp"
	ref     = "3jyzmhxm6tfq2xk7tpykbwtrmqgb5xvn.01791170415123_01jx"
	content = "HX0123456789abcdef0123456789abcdef"
)

var credentials = channel.Credentials{
	Secrets:  channel.Secrets{twilio.AccountSID: account, twilio.AuthToken: token},
	Accounts: []string{number},
	URL:      webhook,
}

// signed is Twilio's signature of a request to the credentials' URL.
// https://www.twilio.com/docs/usage/webhooks/webhooks-security
func signed(r *channel.Request, c channel.Credentials) string {
	text := c.URL
	if r.RawQuery != "" {
		text += "?" + r.RawQuery
	}
	query, _ := url.ParseQuery(r.RawQuery)
	if c.URL == "" || strings.Contains(c.URL, "bodySHA256=") || query.Has("bodySHA256") || r.Method == "GET" {
		return digest(text, c)
	}
	values, _ := url.ParseQuery(string(r.Body))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name]
		sort.Strings(list)
		for _, value := range slices.Compact(list) {
			text += name + value
		}
	}
	return digest(text, c)
}

func digest(text string, c channel.Credentials) string {
	mac := hmac.New(sha1.New, []byte(c.Secrets[twilio.AuthToken].Reveal()))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func suite(t testing.TB) channeltest.Suite {
	return channeltest.Suite{
		New:         func(p channel.Platform) channel.Adapter { return twilio.New(p) },
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other: channel.Credentials{
			Secrets:  channel.Secrets{twilio.AccountSID: "ACffffffffffffffffffffffffffffffff", twilio.AuthToken: "ffeeddccbbaa99887766554433221100"},
			Accounts: []string{"+14155550199"},
			URL:      "https://hub.example.tw/webhooks/twilio/other",
		},
		SignRequest: signed,
		Header:      "x-twilio-signature",
		Vectors:     vectors(t),
		Further:     further(),
		Unknown:     unknown(),
		Unparsable:  broken(),
		Host:        "api.twilio.com",
		Account: channel.Account{ID: "acct", External: number, Webhook: webhook,
			Secrets: channel.Secrets{twilio.AccountSID: account, twilio.AuthToken: token}},
		Message: channel.Outgoing{
			To: user, Content: hub.TextContent("您好 <b>&</b> 😀"),
			RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f", Ref: ref,
		},
		Sends:   sends(),
		Wire:    "testdata/wire",
		Refused: refused(),
		Unfit:   unfit(),
		Answers: answers(),
		Checks:  checks(),
		Finds:   finds(),
		Linked:  channel.Account{ID: "acct", External: number},
	}
}

func TestContract(t *testing.T) { channeltest.Run(t, suite(t)) }

// inbound is a message with further parameters; "" takes one away.
func inbound(more ...string) string { return formOf("To", "From", more...) }

func formOf(to, from string, more ...string) string {
	values := url.Values{
		"MessageSid": {"SMfeed00000000000000000000000000ff"}, "AccountSid": {account}, "Body": {""}, "NumMedia": {"0"},
		to: {"whatsapp:" + number}, from: {"whatsapp:+886912345678"},
	}
	for i := 0; i < len(more); i += 2 {
		if values.Set(more[i], more[i+1]); more[i+1] == "" {
			values.Del(more[i])
		}
	}
	return values.Encode()
}

// further are events that no sample has.
func further() []string {
	return []string{
		inbound("MessageType", "sticker", "NumMedia", "1", "MediaUrl0", "https://api.twilio.com/x", "MediaContentType0", "image/webp"),
		inbound("NumMedia", "2", "MediaUrl0", "https://api.twilio.com/x", "MediaContentType0", "application/pdf",
			"MediaUrl1", "https://api.twilio.com/y", "MediaContentType1", "video/mp4"),
		inbound("MessageType", "contacts", "MediaUrl0", "https://api.twilio.com/x", "MediaContentType0", "text/vcard"),
		inbound("MessageType", "interactive", "InteractiveData", `{"a":1}`, "Body", "Sent"),
		inbound("MessageType", "interactive", "FlowData", `[1]`, "Body", "Sent"),
		inbound("MessageType", "order"), inbound("Latitude", "25.0", "Longitude", "121.5"), inbound("Latitude", "25.0", "Body", "x"),
		inbound("ButtonText", "Yes"), inbound("ListTitle", "Row"), inbound("From", "whatsapp:TW.13491208655302741918", "Body", "x"),
		inbound("ExternalUserIdentifier", "whatsapp:TW.1", "Body", "x"), inbound("ExternalUserId", "TW.ENT.5", "Body", "x"),
		inbound("ReferralSourceType", "post", "ReferralSourceId", "1", "Body", "x"),
		inbound("ChannelMetadata", `{"type":"whatsapp","data":{"context":{"ListId":"r1","ProfileName":"王"}}}`, "Body", "x"),
		inbound("MessageStatus", "received", "Body", "x"),
		formOf("From", "To", "MessageStatus", "failed"), formOf("From", "To", "MessageStatus", "undelivered", "ErrorCode", "x"),
		formOf("From", "To", "MessageStatus", "sent", "To", "whatsapp:TW.2"), formOf("From", "To", "SmsStatus", "delivered"),
	}
}

// unknown are requests whose events the adapter does not know.
func unknown() []string {
	return []string{
		formOf("From", "To", "MessageStatus", "queued"), formOf("From", "To", "MessageStatus", "accepted"), formOf("From", "To", "MessageStatus", "canceled"),
		inbound("To", number, "From", "+886912345678", "Body", "an SMS"), inbound("MessageSid", "CA1", "Body", "x"), inbound("MessageSid", ""),
		inbound("To", "whatsapp:"), "CallSid=CA1&AccountSid=" + account, "x", "=", "a=1&a=2&a=1", "%00=%FF",
		`{"specversion":"1.0","type":"com.twilio.messaging.inbound-message.received"}`, `[{"id":"EZ1"}]`, ` {}`,
	}
}

// broken are bodies that are not what Twilio documents.
func broken() []string {
	return []string{
		"", "&", "&&", "a=%", "a=%2", "a=%zz", "%=1", "a=1&b=%4", "{", "[1", `{"a":}`, "[]]",
		strings.Repeat("a&", 1000) + "a", strings.Repeat("[", 100_000),
	}
}

func vectors(t testing.TB) []channeltest.Vector {
	return channeltest.Vectors(t, func(key hub.Secret, address string) channel.Credentials {
		return channel.Credentials{URL: address, Secrets: channel.Secrets{twilio.AuthToken: key, twilio.AccountSID: account}}
	})
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
