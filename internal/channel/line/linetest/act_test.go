package linetest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/channel/fake"
)

// skeleton is a JSON text with its values replaced by their types, so that members
// and their order are left.
func skeleton(t *testing.T, body []byte) string {
	t.Helper()
	name := regexp.MustCompile(`^[a-z][A-Za-z]*$`) // of a member, or of a type
	var out strings.Builder
	for d := json.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case json.Delim:
			out.WriteString(v.String())
		case string:
			if !name.MatchString(v) {
				v = "text"
			}
			out.WriteString(v + " ")
		default:
			fmt.Fprintf(&out, "%T ", v)
		}
	}
}

func TestActsMakeWebhooksAsLINESendsThem(t *testing.T) {
	const user = "U0d9c3f6a82b14e57903c6ad18f4e7b25"
	const mention = `{"mentionees":[{"index":0,"length":4,"type":"user","userId":"` + bot + `","isSelf":true}]}`
	w := newWorld(t)
	for sample, a := range map[string]fake.Act{
		"text":        {Text: "你好，我想詢問課程報名 😀"},
		"image":       {Image: "photo"},
		"file":        {Extra: json.RawMessage(`{"type":"file","name":"報價單.pdf","size":204800}`)},
		"postback":    {Extra: json.RawMessage(`{"type":"postback","data":"action=book&slot=2026-10-10T14:00","params":{"datetime":"2026-10-10T14:00"}}`)},
		"follow":      {Follow: true},
		"unsend":      {Extra: json.RawMessage(`{"type":"unsend","message":"577102334455667702"}`)},
		"unfollow":    {Block: true},
		"verify_ping": {Extra: json.RawMessage(`{"type":"verify"}`)},

		"postback_plain":           {Postback: "answer=要"},
		"postback_group":           {Extra: json.RawMessage(`{"type":"postback","group":"family","data":"storeId=12345","params":{"date":"2026-10-10"}}`)},
		"postback_richmenu_switch": {Extra: json.RawMessage(`{"type":"postback","data":"menu=member","params":{"newRichMenuAliasId":"richmenu-member","status":"SUCCESS"}}`)},
		"postback_richmenu_failed": {Extra: json.RawMessage(`{"type":"postback","data":"menu=member","params":{"status":"RICHMENU_ALIAS_ID_NOTFOUND"}}`)},
		"text_quoting":             {Extra: json.RawMessage(`{"type":"text","text":"這個多少錢？","quotes":"461230966842064897"}`)},
		"text_standby_group":       {Extra: json.RawMessage(`{"type":"text","group":"family","standby":true,"text":"@小幫手 明天有開門嗎？","mention":` + mention + `}`)},
		"message_edited":           {Extra: json.RawMessage(`{"type":"edit","group":"family","message":"577102334455667713","text":"@小幫手 後天有開門嗎？","mention":` + mention + `}`)},
		"account_link":             {Extra: json.RawMessage(`{"type":"account_link","result":"ok","nonce":"c2FtcGxlLW5vbmNlLTAwMDE"}`)},
		"account_link_failed":      {Extra: json.RawMessage(`{"type":"account_link","result":"failed","nonce":"c2FtcGxlLW5vbmNlLTAwMDI"}`)},
		"video":                    {Extra: json.RawMessage(`{"type":"video","duration":60000}`)},
		"audio":                    {Extra: json.RawMessage(`{"type":"audio","duration":60000}`)},
		"video_play_complete":      {Extra: json.RawMessage(`{"type":"video_play","tracking":"track-id"}`)},
		"beacon":                   {Extra: json.RawMessage(`{"type":"beacon","hwid":"d41d8cd98f","kind":"enter"}`)},
		"membership_joined":        {Extra: json.RawMessage(`{"type":"membership","kind":"joined","plan":3189}`)},
		"join":                     {Extra: json.RawMessage(`{"type":"join","group":"family"}`)},
		"leave":                    {Extra: json.RawMessage(`{"type":"leave","group":"club"}`)},
		"member_left":              {Extra: json.RawMessage(`{"type":"member_left","group":"family"}`)},
	} {
		t.Run(sample, func(t *testing.T) {
			want, err := os.ReadFile("../testdata/samples/" + sample + ".json")
			if err != nil {
				t.Fatal(err)
			}
			a.Account, a.From = "shop", user
			if sample == "unfollow" {
				a.From = "U11111111111111111111111111111111"
			}
			d := w.Act(a)
			if got, want := skeleton(t, []byte(d.Body)), skeleton(t, want); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	// The values of the sample, put in, give the sample.
	want, err := os.ReadFile("../testdata/samples/text.json")
	if err != nil {
		t.Fatal(err)
	}
	got := w.Act(fake.Act{Account: "shop", From: user, Text: "你好，我想詢問課程報名 😀", ID: "577102334455667701",
		Event: "01K6S9Z2Q8M4X7B3N5T0V1W201", At: 1791170415123}).Body
	for _, made := range []string{"replyToken", "quoteToken", "markAsReadToken"} {
		find := regexp.MustCompile(`"` + made + `":"[^"]+"`)
		got = strings.Replace(got, find.FindString(got), find.FindString(string(want)), 1)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBatchSampleIsMadeOfSingleActs(t *testing.T) {
	w := newWorld(t)
	sample, err := os.ReadFile("../testdata/samples/location_and_sticker_batch.json")
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, a := range []fake.Act{
		{From: "ann", Extra: json.RawMessage(`{"type":"location","title":"台北車站","address":"台北市","latitude":25.047778,"longitude":121.517222}`)},
		{From: "ben", Sticker: "446/1988"},
	} {
		body := w.Act(a).Body
		events = append(events, body[strings.Index(body, "[")+1:len(body)-2])
	}
	got := `{"destination":"` + bot + `","events":[` + strings.Join(events, ",") + `]}`
	if got, want := skeleton(t, []byte(got)), skeleton(t, sample); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDeliveries(t *testing.T) {
	signed := func(w *world, i int) bool {
		mac := hmac.New(sha256.New, []byte("s1"))
		mac.Write([]byte(w.Hooks()[i].Body))
		return w.Hooks()[i].Signature == base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	t.Run("carry the signature of their bytes", func(t *testing.T) {
		w := newWorld(t)
		d := w.Act(fake.Act{From: "ann", Text: "hi"})
		w.Want("delivered", []any{len(w.Hooks()), w.Hooks()[0].Path, w.Hooks()[0].Body == d.Body, signed(w, 0)}, []any{1, "/shop", true, true})
		w.Want("answer", []any{d.Status, d.Statuses, d.Header["x-line-signature"]}, []any{200, []int{200}, w.Hooks()[0].Signature})
	})
	t.Run("come again with isRedelivery", func(t *testing.T) {
		w := newWorld(t)
		d := w.Act(fake.Act{From: "ann", Text: "hi", Repeat: 3})
		w.Want("statuses", d.Statuses, []int{200, 200, 200})
		again := strings.Replace(d.Body, `"isRedelivery":false`, `"isRedelivery":true`, 1)
		w.Want("bodies", []string{w.Hooks()[0].Body, w.Hooks()[1].Body, w.Hooks()[2].Body}, []string{d.Body, again, again})
		w.Want("signatures", []bool{signed(w, 0), signed(w, 1), signed(w, 2)}, []bool{true, true, true})
	})
	t.Run("are held back", func(t *testing.T) {
		w := newWorld(t)
		d := w.Act(fake.Act{From: "ann", Text: "hi", Hold: true, ID: "7", Event: "e"})
		w.Want("hooks", len(w.Hooks()), 0)
		w.Want("answer", []any{d.Status, len(d.Statuses), d.Message, d.Event, d.Body != "", len(d.Header)}, []any{0, 0, "7", "e", true, 3})
	})
	t.Run("tell the hub's answer", func(t *testing.T) {
		w := newWorld(t)
		w.Answer(503)
		w.Want("status", w.Act(fake.Act{From: "ann", Text: "hi"}).Status, 503)
	})
	t.Run("come again later, in any order", func(t *testing.T) {
		w := newWorld(t)
		w.Faults(`{"seed":3,"duplicate_webhooks":2,"shuffle_webhooks":true}`)
		var wait sync.WaitGroup
		for n := range 20 {
			wait.Go(func() { w.Act(fake.Act{From: "ann", Text: fmt.Sprint("n", n)}) })
		}
		wait.Wait()
		count := map[string]int{}
		for _, h := range w.Got() {
			count[eventOf(t, h.Body).Message.Text]++
		}
		w.Want("texts", len(count), 20)
		for text, n := range count {
			w.Want(text, n, 3)
		}
	})
	t.Run("have ids of their own", func(t *testing.T) {
		w := newWorld(t)
		seen := map[string]bool{}
		for range 200 {
			d := w.Act(fake.Act{From: "ann", Text: "hi", Hold: true})
			token := eventOf(t, d.Body).ReplyToken
			if len(d.Message) != 18 || len(d.Event) != 26 || len(token) != 32 || seen[d.Message] || seen[d.Event] || seen[token] {
				t.Fatalf("got %s, %s, %s, want new ids of LINE's form", d.Message, d.Event, token)
			}
			seen[d.Message], seen[d.Event], seen[token] = true, true, true
		}
	})
	t.Run("may be any bytes", func(t *testing.T) {
		w := newWorld(t)
		w.Act(fake.Act{Extra: json.RawMessage(`{"type":"raw","body":"{\"destination\":"}`)})
		w.Want("broken", []any{w.Hooks()[0].Body, signed(w, 0)}, []any{`{"destination":`, true})
		batch, err := os.ReadFile("../testdata/samples/location_and_sticker_batch.json")
		if err != nil {
			t.Fatal(err)
		}
		extra, _ := json.Marshal(map[string]string{"type": "raw", "body": string(batch)})
		w.Act(fake.Act{Extra: extra})
		status, _ := w.reply("6fa2164c170320ba617ba70669bdf56e")
		w.Want("a reply to one of a batch", status, 200)
		w.Want("its customer", len(w.Ledger.Calls("line", "Uf3b7a1c95e2046d8b0a47c19e6d2835f")), 1)
	})
}

func TestActsThatAreNotPossible(t *testing.T) {
	w := newWorld(t)
	for name, a := range map[string]fake.Act{
		"unknown account":    {Account: "none", From: "ann", Text: "x"},
		"nobody":             {Account: "shop", Text: "x"},
		"nothing":            {Account: "shop", From: "ann"},
		"two things":         {Account: "shop", From: "ann", Text: "x", Follow: true},
		"unknown extra":      {Account: "shop", From: "ann", Extra: json.RawMessage(`{"type":"poem"}`)},
		"unknown member":     {Account: "shop", From: "ann", Extra: json.RawMessage(`{"type":"file","colour":"red"}`)},
		"no member":          {Account: "shop", From: "ann", Extra: json.RawMessage(`{"type":"postback"}`)},
		"broken extra":       {Account: "shop", From: "ann", Extra: json.RawMessage(`{`)},
		"a button not seen":  {Account: "shop", From: "ann", Button: "a=b"},
		"a form":             {Account: "shop", From: "ann", FlowAnswer: json.RawMessage(`{}`)},
		"a form and a text":  {Account: "shop", From: "ann", Text: "x", FlowAnswer: json.RawMessage(`{}`)},
		"an edit in private": {Account: "shop", From: "ann", Extra: json.RawMessage(`{"type":"edit","message":"1","text":"x"}`)},
		"a join of nothing":  {Account: "shop", Extra: json.RawMessage(`{"type":"join"}`)},
		"nobody joins":       {Account: "shop", Extra: json.RawMessage(`{"type":"member_joined","group":"family"}`)},
		"an odd link":        {Account: "shop", From: "ann", Extra: json.RawMessage(`{"type":"account_link","result":"maybe","nonce":"n"}`)},
	} {
		if d, err := w.Platform.Act(t.Context(), a); err == nil {
			t.Errorf("%s: got %+v, want an error", name, d)
		}
	}
	w.Want("hooks", len(w.Hooks()), 0)
}
