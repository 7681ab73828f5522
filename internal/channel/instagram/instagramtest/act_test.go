package instagramtest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

// TestActsMakeTheBytesThatMetaSends makes each sample, byte by byte but for the ids and
// addresses that are random.
func TestActsMakeTheBytesThatMetaSends(t *testing.T) {
	const sample = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx_sample_0"
	address := regexp.MustCompile(`"url":"[^"]*"`)
	for name, c := range map[string]struct {
		act   fake.Act
		extra string
		at    int64 // after the samples' time, in ms
	}{
		"text":        {act: fake.Act{Text: "想問這件還有貨嗎 🙏", ID: sample + "1"}},
		"image":       {act: fake.Act{Image: "a picture", ID: sample + "2"}},
		"story_reply": {act: fake.Act{ID: sample + "3"}, extra: `{"type":"story_reply","text":"好漂亮！","story":"17900001112223334"}`},
		"story_mention": {
			act: fake.Act{ID: sample + "4"}, extra: `{"type":"story_mention"}`},
		"postback_icebreaker": {act: fake.Act{Postback: "營業時間？|FAQ:hours", ID: sample + "6"}},
		"message_with_ad_referral": {
			act: fake.Act{ID: sample + "7"}, extra: `{"type":"ad","text":"我看到廣告"}`},
		"echo":                 {act: fake.Act{ID: sample + "8"}, extra: `{"type":"echo","text":"有的，歡迎下單！"}`, at: 2000},
		"ephemeral":            {act: fake.Act{ID: sample + "9"}, extra: `{"type":"ephemeral"}`},
		"reaction":             {extra: `{"type":"reaction","message":"` + sample + `8","reaction":"love","emoji":"❤"}`, at: 3000},
		"seen":                 {extra: `{"type":"read","message":"` + sample + `8"}`, at: 4000},
		"reaction_removed":     {extra: `{"type":"reaction","message":"` + sample + `8"}`, at: 5000},
		"deleted":              {extra: `{"type":"delete","message":"` + sample + `1"}`, at: 60000},
		"referral_ig_me_link":  {extra: `{"type":"referral","ref":"qr_store_01"}`},
		"quick_reply":          {act: fake.Act{Button: "FLOW:order:lookup", ID: sample + "5"}},
		"quick_reply, in hand": {act: fake.Act{Button: "FLOW:order:lookup", ID: sample + "5", Hold: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.act(fake.Act{Text: "hello"})
			w.Want("a question", first(w.send(`{"recipient":{"id":"`+mei+`"},"message":{"text":"?","quick_replies":[{"content_type":"text","title":"查詢訂單","payload":"FLOW:order:lookup"}]}}`)), 200)
			w.Got()
			file, _, held := strings.Cut(name, ",")
			data, err := os.ReadFile("testdata/samples/" + file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			c.act.At, c.act.Extra = 1791170415123+c.at, json.RawMessage(c.extra)
			d := w.act(c.act)
			want, got := address.ReplaceAllString(string(data), ""), address.ReplaceAllString(d.Body, "")
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(d.Body))
			w.Want("signature", d.Header["x-hub-signature-256"], "sha256="+hex.EncodeToString(mac.Sum(nil)))
			if hooks := w.Got(); held == (len(hooks) == 1 && hooks[0].Body == d.Body && hooks[0].Path == "/app") || !held && d.Status != 200 {
				t.Errorf("delivered: got %v, %d, want it held: %v", hooks, d.Status, held)
			}
		})
	}
}

func TestEitherSecretCanSign(t *testing.T) {
	w := newWorld(t)
	signed := func(d fake.Delivery, key string) bool {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(d.Body))
		return d.Header["x-hub-signature-256"] == "sha256="+hex.EncodeToString(mac.Sum(nil))
	}
	w.Want("Facebook Login", signed(w.act(fake.Act{Text: "x"}), secret), true)
	w.Want("Instagram Login", signed(w.act(fake.Act{Account: "club", Text: "x"}), igApp), true)
	w.Want("as told", signed(w.act(fake.Act{Account: club, Extra: json.RawMessage(`{"type":"text","text":"x","signed":"app_secret"}`)}), secret), true)
}

func TestFormsAndBatches(t *testing.T) {
	w := newWorld(t)
	for x, want := range map[string]string{
		`{"type":"text","text":"a","form":"standby"}`:                              `"standby":[{"sender":{"id":"` + mei + `"}`,
		`{"type":"text","text":"a","form":"changes"}`:                              `"changes":[{"field":"messages","value":{"sender":{"id":"` + mei + `"}`,
		`{"type":"text","text":"b","form":"changes"}`:                              `"timestamp":"1791170415"`,
		`{"type":"text","text":"a","object":"page"}`:                               `{"object":"page","entry"`,
		`{"type":"share","post":"179","link":"https://a.example/1"}`:               `"attachments":[{"type":"share","payload":{"url":"https:\/\/a.example\/1","ig_post_media_id":"179"}},{"type":"ig_post","payload":{"url":"https:\/\/a.example\/1","ig_post_media_id":"179"}}]`,
		`{"type":"attachments","attachments":[{"type":"image"},{"type":"video"}]}`: `}},{"type":"video","payload":`,
		`{"type":"reel","post":"179"}`:                                             `"reel_video_id":"179"`,
		`{"type":"unsupported"}`:                                                   `"is_unsupported":true`,
		`{"type":"edit","text":"c"}`:                                               `"message_edit":{"mid":"`,
		`{"type":"self","text":"c"}`:                                               `"is_self":true,"text":"c"`,
		`{"type":"reply","text":"c","message":"m9"}`:                               `"reply_to":{"mid":"m9"}`,
		`{"type":"referral","ad":"1202"}`:                                          `"referral":{"ad_id":"1202","source":"ADS","type":"OPEN_THREAD"}`,
		`{"type":"echo","link":"https://a.example/2"}`:                             `"is_echo":true,"attachments":[{"type":"image"`,
		`{"type":"batch","acts":[{"from":"a","text":"1"},{"from":"b","text":"2"},{"account":"club","from":"a","text":"3"}]}`: `"entry":[{"id":"` + shop + `","time":1791170415523,"messaging":[{`,
		`{"type":"batch","spread":"entries","acts":[{"from":"a","text":"1"},{"from":"b","text":"2"}]}`:                       `]},{"id":"` + shop + `"`,
	} {
		w.act(fake.Act{Text: "hello"})
		if d := w.extra(x); !strings.Contains(d.Body, want) || d.Status != 200 {
			t.Errorf("%s: got %d, %s, want %s", x, d.Status, d.Body, want)
		}
	}
	d := w.act(fake.Act{Account: "shop", Postback: "看目錄"})
	if !strings.Contains(d.Body, `"title":"\u770b\u76ee\u9304","payload":"\u770b\u76ee\u9304"`) {
		t.Errorf("a postback: got %s", d.Body)
	}
	if d := w.act(fake.Act{Extra: json.RawMessage(`{"type":"text","text":"x"}`), Repeat: 3}); len(d.Statuses) != 3 {
		t.Errorf("repeated: got %v", d.Statuses)
	}
	w.Got()
	w.Faults(`{"duplicate_webhooks":2,"shuffle_webhooks":true}`)
	w.act(fake.Act{Text: "x"})
	w.Want("duplicates", len(w.Got()), 3)
}

func TestActsThatAreNotPossible(t *testing.T) {
	w := newWorld(t)
	for name, a := range map[string]fake.Act{
		"nothing":              {},
		"two at once":          {Text: "x", Image: "y"},
		"a sticker":            {Sticker: "x"},
		"a form":               {FlowAnswer: json.RawMessage(`{}`)},
		"no such account":      {Account: "x", Text: "x"},
		"an unknown member":    {Extra: json.RawMessage(`{"type":"text","txet":"x"}`)},
		"an unknown type":      {Extra: json.RawMessage(`{"type":"dance"}`)},
		"an unknown form":      {Extra: json.RawMessage(`{"type":"text","text":"x","form":"letter"}`)},
		"an unknown signer":    {Extra: json.RawMessage(`{"type":"text","text":"x","signed":"me"}`)},
		"a text without text":  {Extra: json.RawMessage(`{"type":"text"}`)},
		"no button":            {Button: "x"},
		"nothing to reply to":  {Extra: json.RawMessage(`{"type":"reply","text":"x"}`)},
		"nothing to react to":  {Extra: json.RawMessage(`{"type":"reaction","emoji":"x"}`)},
		"nothing to read":      {Extra: json.RawMessage(`{"type":"read"}`)},
		"nothing to delete":    {Extra: json.RawMessage(`{"type":"delete"}`)},
		"an edit of nothing":   {Extra: json.RawMessage(`{"type":"edit","text":"x"}`)},
		"an empty echo":        {Extra: json.RawMessage(`{"type":"echo"}`)},
		"self without text":    {Extra: json.RawMessage(`{"type":"self"}`)},
		"no attachments":       {Extra: json.RawMessage(`{"type":"attachments"}`)},
		"no such token":        {Extra: json.RawMessage(`{"type":"token","token":"x"}`)},
		"an empty batch":       {Extra: json.RawMessage(`{"type":"batch"}`)},
		"a batch in a batch":   {Extra: json.RawMessage(`{"type":"batch","acts":[{"extra":{"type":"batch"}}]}`)},
		"a batch that is held": {Extra: json.RawMessage(`{"type":"batch","acts":[{"from":"a","text":"x","hold":true}]}`)},
	} {
		if d, err := w.try(a); err == nil || !strings.HasPrefix(err.Error(), "instagramtest: act: ") {
			t.Errorf("%s: got %+v, %v, want an error", name, d, err)
		}
	}
	if _, err := w.Platform.Act(t.Context(), fake.Act{Text: "x"}); err == nil {
		t.Error("from nobody: got no error, want one")
	}
	w.act(fake.Act{Text: "hello"})
	w.act(fake.Act{Block: true})
	if _, err := w.try(fake.Act{Text: "x"}); err == nil {
		t.Error("after a block: got no error, want one")
	}
	w.act(fake.Act{Follow: true})
	w.act(fake.Act{Text: "back"})
	w.Want("webhooks", len(w.Got()), 2)
}

func TestHandshakeAndRaw(t *testing.T) {
	w := newWorld(t)
	d := w.extra(`{"type":"handshake"}`)
	if d.Status != 200 || d.Body != d.Event || d.Body == "" || !strings.Contains(d.URL, "x=1") {
		t.Errorf("handshake: got %+v", d)
	}
	w.Want("another token", w.extra(`{"type":"handshake","token":"v2"}`).Status, 403)
	w.Want("as told", w.extra(`{"type":"handshake","challenge":"42"}`).Body, "42")

	status, out := w.text("x")
	w.Want("before", []any{status, wrong(out)}, []any{400, "100/2534014 OAuthException"})
	raw := `{"object":"instagram","entry":[{"id":"` + shop + `","messaging":[{"sender":{"id":"` + mei + `"},"timestamp":1791170415000,"message":{"mid":"m1","text":"hi"}}]}]}`
	body, _ := json.Marshal(raw)
	d = w.extra(`{"type":"raw","body":` + string(body) + `}`)
	w.Want("raw", []any{d.Body == raw, d.Status}, []any{true, 200})
	w.Want("who wrote it can be answered", first(w.text("x")), 200)
	w.extra(`{"type":"raw","body":"no JSON"}`)
}

// TestNothingComesWithoutASubscription: neither acts nor echoes make webhooks then.
func TestNothingComesWithoutASubscription(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	w.Want("here", len(w.Got()), 1)
	status, out, _ := w.call("DELETE", shopTo+"/subscribed_apps", "")
	w.Want("unsubscribed", []any{status, out["success"]}, []any{200, true})
	w.Want("an act", w.act(fake.Act{Text: "hello"}).Statuses, []int{})
	w.Want("a send", first(w.text("x")), 200)
	w.Want("webhooks", len(w.Got()), 0)
	status, _, _ = w.call("POST", shopTo+"/subscribed_apps?subscribed_fields=feed", "")
	w.Want("subscribed", status, 200)
	w.Advance(time.Second)
	w.act(fake.Act{Text: "hello"})
	w.Want("here again", len(w.Got()), 1)
}
