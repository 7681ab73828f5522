package twilio_test

import (
	"maps"
	"os"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/samples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// verify checks a request under a signature.
func verify(r channel.Request, signature string, c channel.Credentials) error {
	r.Header = maps.Clone(r.Header)
	if r.Header == nil {
		r.Header = map[string]string{}
	}
	r.Header["x-twilio-signature"] = signature
	return twilio.New(channel.Platform{}).Verify(&r, c)
}

// with is the credentials with other fields.
func with(c channel.Credentials, url string, secrets ...string) channel.Credentials {
	c.URL, c.Secrets = url, maps.Clone(c.Secrets)
	for i := 0; i < len(secrets); i += 2 {
		c.Secrets[secrets[i]] = hub.Secret(secrets[i+1])
	}
	return c
}

func TestVerifyChecksTheStoredURLAndTheExactQuery(t *testing.T) {
	text := sample(t, "text.form")
	post := func(query string, body string) channel.Request {
		return channel.Request{Method: "POST", RawQuery: query, Body: []byte(body)}
	}
	for name, c := range map[string]struct {
		url     string          // stored
		signed  string          // what Twilio called, "" = the stored one with the query
		request channel.Request // as it came in
		forged  bool
	}{
		"stage path":                  {"https://abc.execute-api.example/prod/webhooks/twilio/x", "", post("", string(text)), false},
		"mapped domain":               {"https://hooks.brand.example/webhooks/twilio/x", "", post("", string(text)), false},
		"query":                       {webhook, "", post("c=tw1&ref=a.b", string(text)), false},
		"query in another order":      {webhook, webhook + "?a=1&b=2", post("b=2&a=1", string(text)), true},
		"query in another spelling":   {webhook, webhook + "?a=%2B", post("a=+", string(text)), true},
		"query that was taken away":   {webhook, webhook + "?a=1", post("", string(text)), true},
		"port as called":              {"https://hub.example.tw:443/x", "", post("", string(text)), false},
		"port that was added":         {"https://hub.example.tw/x", "https://hub.example.tw:443/x", post("", string(text)), false},
		"port that was left out":      {"https://hub.example.tw:443/x", "https://hub.example.tw/x", post("", string(text)), false},
		"odd port that was left out":  {"http://127.0.0.1:3000/x", "http://127.0.0.1/x", post("a=1", string(text)), true},
		"odd port, with the query":    {"http://127.0.0.1:3000/x", "http://127.0.0.1/x?a=1", post("a=1", string(text)), false},
		"plain port that was added":   {"http://hub.example.tw", "http://hub.example.tw:80?a=1", post("a=1", string(text)), false},
		"another's port":              {"https://hub.example.tw/x", "https://hub.example.tw:8443/x", post("", string(text)), true},
		"port of an IPv6 address":     {"http://[::1]:3000/x", "http://[::1]/x", post("", string(text)), false},
		"port added to one":           {"http://[::1]/x", "http://[::1]:80/x", post("", string(text)), false},
		"http for https":              {webhook, "http" + webhook[5:], post("", string(text)), true},
		"another path":                {webhook, webhook + "/", post("", string(text)), true},
		"plus, space, UTF-8":          {webhook, "", post("", "AccountSid="+account+"&Body=1+%2B+%E5%AD%97%F0%9F%98%80+&From=%2B8869"), false},
		"empty values":                {webhook, "", post("", "Body=&AccountSid="+account+"&B"), false},
		"a value that is no UTF-8":    {webhook, "", post("", "Body=%FF%00"), false},
		"repeated name":               {webhook, "", post("", "Digits=5&Digits=12&Digits=12&D=1"), false},
		"no body":                     {webhook, "", post("c=1", ""), false},
		"GET":                         {webhook, "", channel.Request{Method: "GET", RawQuery: string(text)}, false},
		"GET with a body":             {webhook, webhook + "?a=1", channel.Request{Method: "GET", RawQuery: "a=1", Body: text}, true},
		"a body beside a signed URL":  {webhook, "bare", post("a=1", "b=2"), true},
		"JSON":                        {webhook, "", post("bodySHA256="+hashOf([]byte(`{"a": 1}`)), `{"a": 1}`), false},
		"JSON, changed":               {webhook, "", post("bodySHA256="+hashOf([]byte(`{"a": 1}`)), `{"a":1}`), true},
		"JSON, hash in capitals":      {webhook, "", post("bodySHA256=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", ""), true},
		"JSON without its hash":       {webhook, "bare", post("", `{"a":1}`), true},
		"JSON with a hash of nothing": {webhook, webhook + "?bodySHA256=", post("bodySHA256=", `{"a":1}`), true},
		"a form by its hash":          {webhook, "", post("bodySHA256="+hashOf(text), string(text)), false},
		"another account's form":      {webhook, "", post("", "AccountSid=ACffffffffffffffffffffffffffffffff&Body=x"), true},
		"another account's by hash":   {webhook, "", post("bodySHA256="+hashOf([]byte("AccountSid=AC1")), "AccountSid=AC1"), true},
		"another account's GET":       {webhook, "", channel.Request{Method: "GET", RawQuery: "AccountSid=AC1"}, true},
		"two accounts' form":          {webhook, "", post("", "AccountSid=AC1&AccountSid="+account), true},
		"a broken form":               {webhook, webhook, post("", "Body=%zz"), true},
		"more parameters than any":    {webhook, webhook, post("", many(1001)), true},
		"as many as may be":           {webhook, "", post("", many(1000)), false},
	} {
		creds := with(credentials, c.url)
		by := creds
		r := c.request
		signature := signed(&r, creds)
		switch c.signed {
		case "":
		case "bare": // the URL as it came in, and nothing else
			signature = signed(&channel.Request{Method: "GET", RawQuery: r.RawQuery}, creds)
		default:
			by.URL = c.signed
			signature = signed(&channel.Request{Method: r.Method, Body: r.Body}, by)
			if r.Method == "GET" {
				signature = digest(c.signed, creds)
			}
		}
		for _, host := range []string{"", "evil.example"} {
			r.Header = map[string]string{"host": host, "x-forwarded-host": host, "x-forwarded-proto": "http"}
			err := verify(r, signature, creds)
			if got := hub.CodeOf(err); (got == hub.BadSignature) != c.forged || got != "" && got != hub.BadSignature {
				t.Errorf("%s, host %q: got %v, want it refused %v", name, host, err, c.forged)
			}
		}
	}
}

// many is a form of n parameters.
func many(n int) string {
	out := "a=1"
	for range n - 1 {
		out += "&a=1"
	}
	return out
}

func TestVerifyTakesBothTokensWhileOneIsChanged(t *testing.T) {
	const before = "00112233445566778899aabbccddeeff"
	r := channel.Request{Method: "POST", Body: sample(t, "text.form")}
	old := with(credentials, webhook, twilio.AuthToken, before)
	changing := with(credentials, webhook, twilio.AuthTokenBefore, before)
	for name, c := range map[string]struct {
		by, against channel.Credentials
		want        hub.Code
	}{
		"new, while it is changed":   {credentials, changing, ""},
		"old, while it is changed":   {old, changing, ""},
		"old, after it was changed":  {old, credentials, hub.BadSignature},
		"neither":                    {with(credentials, webhook, twilio.AuthToken, "x"), changing, hub.BadSignature},
		"no token at all":            {with(credentials, webhook, twilio.AuthToken, ""), with(credentials, webhook, twilio.AuthToken, ""), hub.BadSignature},
		"no token, empty old one":    {with(credentials, webhook, twilio.AuthToken, ""), with(credentials, webhook, twilio.AuthToken, "", twilio.AuthTokenBefore, ""), hub.BadSignature},
		"the old one alone":          {old, with(credentials, webhook, twilio.AuthToken, "", twilio.AuthTokenBefore, before), ""},
		"no URL":                     {credentials, with(credentials, ""), hub.BadSignature},
		"a connection without a SID": {credentials, with(credentials, webhook, twilio.AccountSID, ""), hub.BadSignature},
	} {
		if err := verify(r, signed(&r, c.by), c.against); hub.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
