package twiliotest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestCallsThatAreNotLetIn(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		user, password, method, path string
		status, code                 int
	}{
		"no credentials":          {"", "", "POST", messages, 401, 20003},
		"another token":           {sid, "x", "POST", messages, 401, 20003},
		"another account's token": {rival, "rivals", "POST", messages, 401, 20003},
		"no such account":         {sid, token, "GET", "/2010-04-01/Accounts/AC1.json", 401, 20003},
		"no such resource":        {sid, token, "GET", "/2010-04-01/Accounts/" + sid + "/Calls.json", 401, 20003},
		"no such message":         {sid, token, "GET", "/2010-04-01/Accounts/" + sid + "/Messages/SM1.json", 404, 20404},
		"another method":          {sid, token, "PUT", messages, 405, 20004},
		"senders of a channel":    {sid, token, "GET", "/v2/Channels/Senders", 400, 20001},
		"an odd date":             {sid, token, "GET", messages + "?DateSent%3E=today", 400, 20001},
	} {
		status, out := w.as(c.user, c.password, c.method, c.path, url.Values{})
		if status != c.status || code(out) != c.code || out["more_info"] != fmt.Sprintf("https://www.twilio.com/docs/errors/%d", c.code) || out["status"] != float64(c.status) {
			t.Errorf("%s: got %d, %v, want %d with %d", name, status, out, c.status, c.code)
		}
	}
	if n := len(w.Ledger.Calls("", "")); n != 0 {
		t.Errorf("ledger: got %d, want 0", n)
	}
}

func TestSendsThatTwilioRefusesAtOnce(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{From: "886912345678", Text: "hi"})
	long := strings.Repeat("字", 1600)
	for name, c := range map[string]struct {
		changes []string
		code    int // 0 = accepted
	}{
		"as it is":                {nil, 0},
		"no recipient":            {[]string{"To", "-"}, 21604},
		"no sender":               {[]string{"From", "-"}, 21603},
		"another channel":         {[]string{"To", "+886912345678"}, 21910},
		"another's number":        {[]string{"From", "whatsapp:+14155550199"}, 63007},
		"no number of WhatsApp":   {[]string{"To", "whatsapp:886912345678"}, 21211},
		"itself":                  {[]string{"To", "whatsapp:" + shop}, 63031},
		"an unknown parameter":    {[]string{"RetryKey", "1"}, 20001},
		"another service":         {[]string{"MessagingServiceSid", "MG0123456789abcdef0123456789abcdef"}, 21701},
		"the longest text":        {[]string{"Body", long}, 0},
		"a longer text":           {[]string{"Body", long + "x"}, 21617},
		"nothing to say":          {[]string{"Body", "-"}, 21619},
		"a medium":                {[]string{"Body", "-", "MediaUrl", "https://x.example/a.jpg"}, 0},
		"a medium of no address":  {[]string{"MediaUrl", "a.jpg"}, 21620},
		"callback of no address":  {[]string{"StatusCallback", "hub"}, 21609},
		"callback to underscores": {[]string{"StatusCallback", "https://my_hub.example/"}, 21609},
		"no callback":             {[]string{"StatusCallback", "-"}, 0},
		"a place":                 {[]string{"PersistentAction", "geo:25.04,-121.5|Station"}, 0},
		"a place of no form":      {[]string{"PersistentAction", "25.04,121.5"}, 63030},
		"a template":              {[]string{"Body", "-", "ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `{"1":"Ann","2":"77"}`}, 0},
		"no such template":        {[]string{"ContentSid", "HX99999999999999999999999999999999"}, 21655},
		"variables of no JSON":    {[]string{"ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `1=Ann`}, 21656},
		"an empty variable":       {[]string{"ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `{"1":"","2":"x"}`}, 21656},
		"a null variable":         {[]string{"ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `{"1":null,"2":"x"}`}, 21656},
		"a number as variable":    {[]string{"ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `{"1":5,"2":"x"}`}, 21656},
	} {
		w.Advance(time.Minute)
		status, out := w.send(c.changes...)
		want := 201
		if c.code != 0 {
			want = 400
		}
		if status != want || code(out) != c.code {
			t.Errorf("%s: got %d, %v, want %d with %d", name, status, out, want, c.code)
		}
	}
	two := url.Values{"To": {"whatsapp:+886912345678"}, "From": {"whatsapp:" + shop}, "MediaUrl": {"https://x.example/a", "https://x.example/b"}}
	if status, out := w.call("POST", messages, two); status != 400 || code(out) != 21623 {
		t.Errorf("two media: got %d, %v, want 21623", status, out)
	}
}

func TestCallsAreTakenAtOneHundredASecond(t *testing.T) {
	w := newWorld(t)
	count := map[int]int{}
	for range 103 {
		status, _ := w.call("GET", "/2010-04-01/Accounts/"+sid+".json", nil)
		count[status]++
	}
	if count[200] != 100 || count[429] != 3 {
		t.Errorf("got %v, want 100 taken", count)
	}
	w.Advance(time.Second)
	if status, _ := w.call("GET", "/2010-04-01/Accounts/"+sid+".json", nil); status != 200 {
		t.Errorf("a second later: got %d, want 200", status)
	}
}

func TestFaultsSpoilCalls(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{From: "886912345678", Text: "hi"})
	for plan, c := range map[string]struct{ status, code, sent int }{
		`{"rate429":1,"retry_after":3}`:          {429, 20429, 0},
		`{"rate500":1}`:                          {500, 20500, 0},
		`{"accept_then_500":1}`:                  {500, 20500, 1},
		`{"accept_then_drop":1}`:                 {0, 0, 1},
		`{"expired_token":true}`:                 {401, 20003, 0},
		`{"down":true}`:                          {503, 20503, 0},
		`{"down":true,"account":"rival"}`:        {201, 0, 1},
		`{"down":true,"account":"+14155550100"}`: {503, 20503, 0},
		`{"delay_ms":1}`:                         {201, 0, 1},
		`null`:                                   {201, 0, 1},
	} {
		w.Advance(time.Minute)
		before := len(w.Ledger.Calls("", ""))
		w.Faults(plan)
		status, out := w.send()
		if sent := len(w.Ledger.Calls("", "")) - before; status != c.status || code(out) != c.code || sent != c.sent {
			t.Errorf("%s: got %d, %v, %d sent, want %+v", plan, status, out, sent, c)
		}
	}
	for _, plan := range []string{`{"x":1}`, `{"rate429":2}`, `{"delay_ms":-1}`, `{"account":"nobody"}`, `{} {}`, `[]`} {
		if err := w.Platform.SetFaults([]byte(plan)); err == nil {
			t.Errorf("%s: got it taken, want it refused", plan)
		}
	}
}
