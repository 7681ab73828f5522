package twiliotest

import (
	"testing"

	"omnihub/internal/channel/fake"
)

// The fake signs by itself as Twilio's published vectors do.
func TestTheFakeSignsAsTwilioPublishes(t *testing.T) {
	n := &number{Account: fake.Account{Secrets: map[string]string{"auth_token": "12345"}}}
	const address = "https://mycompany.com/myapp.php?foo=1&bar=2"
	for want, l := range map[string]parameters{
		"0/KCTR6DLpKmkAf8muzZqo1nDgQ=": {{"Digits", "1234"}, {"CallSid", "CA1234567890ABCDE"}, {"To", "+18005551212"}, {"Caller", "+12349013030"}, {"From", "+12349013030"}},
		"vOEb5UThFn24KEfnOFLQY2AE5FY=": {{"Digits", "1234"}, {"CallSid", "CA1234567890ABCDE"}, {"To", "+18005551212"}, {"Caller", "+14158675309"},
			{"From", "+14158675309"}, {"ReasonConferenceEnded", "test"}, {"Reason", "Participant"}},
		"IK+Dwps556ElfBT0I3Rgjkr1wJU=": {{"Sid", "CA123"}, {"SidAccount", "AC123"}, {"Digits", "5678"}, {"Digits", "1234"}, {"Digits", "1234"}},
	} {
		hook := n.posted(address+"#rc=5&rp=all", l)
		if got := hook.Header["x-twilio-signature"]; got != want || hook.URL != address {
			t.Errorf("got %s to %s, want %s", got, hook.URL, want)
		}
	}
	hook := n.bytes("https://mycompany.com/myapp.php", "application/json", []byte(`{"property": "value", "boolean": true}`))
	if got := hook.Header["x-twilio-signature"]; got != "y77kIzt2vzLz71DgmJGsen2scGs=" {
		t.Errorf("JSON: got %s", got)
	}
}
