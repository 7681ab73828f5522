package twilio_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

// agree holds the adapter and Twilio's own library against the same request, and
// reports whether it was taken.
func agree(t *testing.T, r *channel.Request, signature string, c channel.Credentials) bool {
	t.Helper()
	validator := client.NewRequestValidator(c.Secrets[twilio.AuthToken].Reveal())
	address := c.URL
	if r.RawQuery != "" {
		address += "?" + r.RawQuery
	}
	want := validator.ValidateBody(address, r.Body, signature)
	err := verify(*r, signature, c)
	if (err == nil) != want {
		t.Errorf("%s with %q under %q: got %v, want it taken %v", address, r.Body, signature, err, want)
	}
	return want
}

// Twilio's own library takes and refuses the samples as the adapter does.
func TestSamplesAreSignedAsTwiliosOwnLibrarySays(t *testing.T) {
	files, err := filepath.Glob("testdata/samples/*.form")
	if err != nil || len(files) < 10 {
		t.Fatalf("got %d samples, %v, want 10", len(files), err)
	}
	for _, file := range files {
		r := &channel.Request{Method: "POST", RawQuery: "c=tw1", Body: sample(t, filepath.Base(file))}
		good := signed(r, credentials)
		if !agree(t, r, good, credentials) {
			t.Errorf("%s: got it refused, want it taken", file)
		}
		agree(t, r, "x"+good[1:], credentials)
		changed := *r
		changed.Body = append([]byte("A=1&"), r.Body...)
		if agree(t, &changed, good, credentials) {
			t.Errorf("%s, changed: got it taken, want it refused", file)
		}
	}
}

// Ten thousand made-up requests, good and forged. Twilio's library for Go takes the
// first of several values of one name, against the vector that its other libraries
// publish: such requests are left out here, and the vector decides.
func TestTwiliosOwnLibraryAgreesOnTenThousandRequests(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 63016))
	taken := 0
	const all = 10_000
	for range all {
		c := credentials
		c.URL = pick(dice, "https", "http") + "://" + pick(dice, "hub.example.tw", "127.0.0.1", "a.b-c.example") +
			pick(dice, "", "", ":443", ":80", ":3000") + pick(dice, "/webhooks/twilio/x", "/prod/hooks", "/", "")
		r := &channel.Request{Method: "POST", RawQuery: pick(dice, "", "c=tw1", "ref=m1.demo", "a=%2B&b=x+y&b=z", "b=2&a=1")}
		if strings.Count(c.URL, "/") < 3 { // an address without a path has no query
			r.RawQuery = ""
		}
		if dice.IntN(8) == 0 {
			r.Body = []byte(fmt.Sprintf(`{"n": %d, "t": %q}`, dice.IntN(1000), text(dice)))
			r.RawQuery = strings.TrimPrefix(r.RawQuery+"&bodySHA256="+hashOf(r.Body), "&")
			if c.URL[len(c.URL)-1] != '/' && strings.Count(c.URL, "/") < 3 {
				c.URL += "/"
			}
		} else {
			r.Body = []byte(parameters(dice))
		}
		by := c
		switch dice.IntN(6) {
		case 0: // Twilio adds the port or leaves it out
			if u, err := url.Parse(c.URL); err == nil && u.Port() == "" {
				u.Host += map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
				by.URL = u.String()
			} else if err == nil {
				u.Host = u.Hostname()
				by.URL = u.String()
			}
		case 1:
			by = with(c, c.URL, twilio.AuthToken, "ffeeddccbbaa99887766554433221100")
		case 2:
			by.URL += pick(dice, "/", "x", "?a=1")
		}
		signature := signed(r, by)
		switch dice.IntN(6) {
		case 0:
			r.Body = append(r.Body, pick(dice, "&X=1", " ", "&")...)
		case 1:
			r.RawQuery = pick(dice, "", r.RawQuery+"&x=1", "a=1")
		}
		if agree(t, r, signature, c) {
			taken++
		}
		if t.Failed() {
			return
		}
	}
	if taken < all/4 || taken > all*3/4 {
		t.Errorf("got %d of %d taken, want about a half", taken, all)
	}
}

func pick(dice *rand.Rand, list ...string) string { return list[dice.IntN(len(list))] }

func text(dice *rand.Rand) string {
	return pick(dice, "", " ", "hello", "a+b c", "字😀", "100%", "a&b=c;d", "\x00\xff", strings.Repeat("x", 300), "<b>\"'</b>", "\r\n")
}

// parameters is a form in which each name stands once.
func parameters(dice *rand.Rand) string {
	names := []string{"MessageSid", "AccountSid", "Body", "From", "To", "Reason", "ReasonConferenceEnded", "a", "A", "é", "x y", "MediaUrl0", "ChannelMetadata"}
	dice.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var parts []string
	for _, name := range names[:dice.IntN(len(names))] {
		value := text(dice)
		if name == "AccountSid" {
			value = account
		}
		parts = append(parts, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	return strings.Join(parts, "&")
}

func TestTheVectorDecidesOnRepeatedNames(t *testing.T) {
	r := &channel.Request{Method: "POST", RawQuery: "foo=1&bar=2", Body: []byte("Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234")}
	c := channel.Credentials{URL: "https://mycompany.com/myapp.php", Secrets: channel.Secrets{twilio.AuthToken: "12345"}}
	const published = "IK+Dwps556ElfBT0I3Rgjkr1wJU="
	if err := verify(*r, published, c); err != nil {
		t.Errorf("got %v, want the published signature taken", err)
	}
	validator := client.NewRequestValidator("12345")
	if validator.ValidateBody(c.URL+"?"+r.RawQuery, r.Body, published) {
		t.Error("Twilio's library for Go takes the vector now: hold it against repeated names too")
	}
	if err := verify(*r, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", c); hub.CodeOf(err) != hub.BadSignature {
		t.Errorf("got %v, want %s", err, hub.BadSignature)
	}
}
