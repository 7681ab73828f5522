package linetest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMessageObjects holds the platform against what LINE documents of message
// objects, each limit from both sides.
func TestMessageObjects(t *testing.T) {
	const (
		https  = "https://x.example/a.png"
		button = `{"type":"postback","label":"a","data":"d"}`
		family = "👩‍👩‍👧" // one character, eight UTF-16 units
	)
	var (
		words    = func(n int) string { return strings.Repeat("字", n) }
		emoji    = func(n int) string { return strings.Repeat("😀", n) }
		list     = func(n int, s string) string { return "[" + strings.TrimSuffix(strings.Repeat(s+",", n), ",") + "]" }
		template = func(s string) string { return `{"type":"template","altText":"a","template":` + s + `}` }
		buttons  = func(more string) string { return template(`{"type":"buttons","text":"t",` + more + `}`) }
		act      = func(a string) string { return buttons(`"actions":[` + a + `]`) }
		carousel = func(columns ...string) string {
			return template(`{"type":"carousel","columns":[` + strings.Join(columns, ",") + `]}`)
		}
		column = func(more string) string { return `{"text":"t","actions":[` + button + `]` + more + `}` }
		flex   = func(s string) string { return `{"type":"flex","altText":"a","contents":` + s + `}` }
		bubble = func(s string) string {
			return `{"type":"bubble","body":{"type":"box","layout":"vertical","contents":[` + s + `]}}`
		}
		hero = func(s string) string {
			return `{"type":"bubble","hero":{"type":"image","url":"` + https + `",` + s + `}}`
		}
		filled = func(bytes int) string {
			return bubble(`{"type":"text","text":"` + strings.Repeat("x", bytes-len(bubble(`{"type":"text","text":""}`))) + `"}`)
		}
		quick = func(items string) string {
			return `{"type":"text","text":"t","quickReply":{"items":` + items + `}}`
		}
		image = func(u string) string {
			return fmt.Sprintf(`{"type":"image","originalContentUrl":%q,"previewImageUrl":%q}`, u, https)
		}
		uri = func(u string) string { return fmt.Sprintf(`{"type":"uri","label":"a","uri":%q}`, u) }
	)
	const outer = "messages[0]."
	for _, c := range []struct{ name, message, property, why string }{
		{"text", `{"type":"text","text":"x"}`, "", ""},
		{"no type", `{"text":"x"}`, outer + "type", "Must be one of"},
		{"no object", `"text"`, "", "must be an object"},
		{"textV2", `{"type":"textV2","text":"{a}"}`, "", ""},
		{"text of 5000 units", `{"type":"text","text":"` + emoji(2500) + `"}`, "", ""},
		{"text of 5002 units", `{"type":"text","text":"` + emoji(2501) + `"}`, outer + "text", "between 0 and 5000"},
		{"text that is a number", `{"type":"text","text":5}`, outer + "text", "May not be empty"},
		{"sticker", `{"type":"sticker","packageId":"446","stickerId":"1988"}`, "", ""},
		{"half a sticker", `{"type":"sticker","packageId":"446"}`, outer + "stickerId", "May not be empty"},
		{"image", image(https), "", ""},
		{"image without preview", `{"type":"image","originalContentUrl":"` + https + `"}`, outer + "previewImageUrl", "May not be empty"},
		{"image over http", image("http://x.example/a.png"), outer + "originalContentUrl", "Must be a valid HTTPS URL"},
		{"image of a path", image("/a.png"), outer + "originalContentUrl", "Must be a valid HTTPS URL"},
		{"image of 2001", image(https + strings.Repeat("a", 2001-len(https))), outer + "originalContentUrl", "between 0 and 2000"},
		{"image of 2000", image(https + strings.Repeat("a", 2000-len(https))), "", ""},
		{"video", `{"type":"video","originalContentUrl":"` + https + `","previewImageUrl":"` + https + `"}`, "", ""},
		{"audio", `{"type":"audio","originalContentUrl":"` + https + `","duration":1}`, "", ""},
		{"audio of no length", `{"type":"audio","originalContentUrl":"` + https + `","duration":0}`, outer + "duration", "positive"},
		{"location", `{"type":"location","title":"a","address":"b","latitude":-90,"longitude":180}`, "", ""},
		{"location without address", `{"type":"location","title":"a","latitude":1,"longitude":1}`, outer + "address", "May not be empty"},
		{"location of a long title", `{"type":"location","title":"` + words(101) + `","address":"b","latitude":1,"longitude":1}`, outer + "title", "between 0 and 100"},
		{"location nowhere", `{"type":"location","title":"a","address":"b","latitude":1,"longitude":181}`, outer + "longitude", "between -180 and 180"},
		{"imagemap", `{"type":"imagemap","altText":"a","baseUrl":"` + https + `","baseSize":{"width":1040,"height":1},"actions":[]}`, "", ""},
		{"imagemap of another width", `{"type":"imagemap","altText":"a","baseUrl":"` + https + `","baseSize":{"width":700},"actions":[]}`, outer + "baseSize.width", "1040"},
		{"coupon", `{"type":"coupon","couponId":"01JYNW8JMQVFBNWF1APF8Z3FS7"}`, "", ""},

		{"buttons", act(button), "", ""},
		{"buttons without altText", `{"type":"template","template":{"type":"buttons","text":"t","actions":[` + button + `]}}`, outer + "altText", "May not be empty"},
		{"unknown template", template(`{"type":"cube"}`), "template/type", "invalid"},
		{"buttons of 160", template(`{"type":"buttons","text":"` + strings.Repeat(family, 160) + `","actions":[` + button + `]}`), "", ""},
		{"buttons of 161", template(`{"type":"buttons","text":"` + words(161) + `","actions":[` + button + `]}`), "template/text", "must not be longer than 160 characters"},
		{"buttons of 61 with title", template(`{"type":"buttons","title":"h","text":"` + words(61) + `","actions":[` + button + `]}`), "template/text", "longer than 60"},
		{"buttons with a title of 41", buttons(`"title":"` + words(41) + `","actions":[` + button + `]`), "template/title", "longer than 40"},
		{"buttons without text", template(`{"type":"buttons","actions":[` + button + `]}`), "template/text", "non-empty"},
		{"buttons without actions", buttons(`"actions":[]`), "template/actions", "must be specified"},
		{"four buttons", buttons(`"actions":` + list(4, button)), "", ""},
		{"five buttons", buttons(`"actions":` + list(5, button)), "template/actions", "must not be more than 4 items"},
		{"an image over http", buttons(`"thumbnailImageUrl":"http://x.example/","actions":[` + button + `]`), "template/thumbnailImageUrl", "invalid uri scheme"},
		{"confirm", template(`{"type":"confirm","text":"` + words(240) + `","actions":` + list(2, button) + `}`), "", ""},
		{"confirm of 241", template(`{"type":"confirm","text":"` + words(241) + `","actions":` + list(2, button) + `}`), "template/text", "longer than 240"},
		{"confirm of one", template(`{"type":"confirm","text":"t","actions":[` + button + `]}`), "template/actions", "less than 2"},
		{"confirm of three", template(`{"type":"confirm","text":"t","actions":` + list(3, button) + `}`), "template/actions", "more than 2"},
		{"carousel of ten", template(`{"type":"carousel","columns":` + list(10, column("")) + `}`), "", ""},
		{"carousel of eleven", template(`{"type":"carousel","columns":` + list(11, column("")) + `}`), "template/columns", "more than 10"},
		{"carousel of none", carousel(), "template/columns", "must be specified"},
		{"column of four actions", carousel(`{"text":"t","actions":` + list(4, button) + `}`), "template/columns/0/actions", "must not be more than 3 items"},
		{"columns of one and two", carousel(column(""), `{"text":"t","actions":`+list(2, button)+`}`), "template/columns/1/actions", "same number"},
		{"one column with an image", carousel(column(""), column(`,"thumbnailImageUrl":"`+https+`"`)), "template/columns/1/thumbnailImageUrl", "all columns"},
		{"one column without title", carousel(column(`,"title":"h"`), column("")), "template/columns/1/title", "all columns"},
		{"column of 121", carousel(`{"text":"` + words(121) + `","actions":[` + button + `]}`), "template/columns/0/text", "longer than 120"},
		{"column of 61 with image", carousel(`{"text":"` + words(61) + `","thumbnailImageUrl":"` + https + `","actions":[` + button + `]}`), "template/columns/0/text", "longer than 60"},
		{"image carousel", template(`{"type":"image_carousel","columns":[{"imageUrl":"` + https + `","action":{"type":"uri","uri":"tel:1"}}]}`), "", ""},
		{"image carousel's label", template(`{"type":"image_carousel","columns":[{"imageUrl":"` + https + `","action":{"type":"uri","label":"` + words(13) + `","uri":"tel:1"}}]}`),
			"template/columns/0/action/label", "longer than 12"},

		{"label of 20", act(`{"type":"postback","label":"` + strings.Repeat(family, 20) + `","data":"d"}`), "", ""},
		{"label of 21", act(`{"type":"postback","label":"` + words(21) + `","data":"d"}`), "template/actions/0/label", "longer than 20"},
		{"no label", act(`{"type":"postback","data":"d"}`), "template/actions/0/label", "non-empty"},
		{"data of 300 units", act(`{"type":"postback","label":"a","data":"` + emoji(150) + `"}`), "", ""},
		{"data of 302 units", act(`{"type":"postback","label":"a","data":"` + emoji(151) + `"}`), "template/actions/0/data", "size must be between 0 and 300"},
		{"displayText of 301", act(`{"type":"postback","label":"a","data":"d","displayText":"` + words(301) + `"}`), "template/actions/0/displayText", "longer than 300"},
		{"displayText and text", act(`{"type":"postback","label":"a","data":"d","displayText":"x","text":"y"}`), "template/actions/0/displayText", "with text"},
		{"message action", act(`{"type":"message","label":"a","text":"x"}`), "", ""},
		{"date", act(`{"type":"datetimepicker","label":"a","data":"d","mode":"date"}`), "", ""},
		{"date of no mode", act(`{"type":"datetimepicker","label":"a","data":"d"}`), "template/actions/0/mode", "must be one of"},
		{"clipboard", act(`{"type":"clipboard","label":"a","clipboardText":"x"}`), "", ""},
		{"camera in a template", act(`{"type":"camera","label":"a"}`), "template/actions/0/type", "quick reply"},
		{"unknown action", act(`{"type":"dance","label":"a"}`), "template/actions/0/type", "invalid action"},
		{"link", act(uri("https://x.example/")), "", ""},
		{"link to a chat", act(uri("line://nv/addFriends")), "", ""},
		{"link to a phone", act(uri("tel:+886212345678")), "", ""},
		{"link by ftp", act(uri("ftp://x.example/")), "template/actions/0/uri", "invalid uri scheme"},
		{"link to a script", act(uri("javascript:alert(1)")), "template/actions/0/uri", "invalid uri scheme"},
		{"link of 1001", act(uri("https://x.example/" + strings.Repeat("a", 983))), "template/actions/0/uri", "size must be between 0 and 1000"},
		{"broken link", act(uri("https://x.example/%zz")), "template/actions/0/uri", "invalid uri"},

		{"quick replies", quick(list(13, `{"type":"action","action":{"type":"camera","label":"a"}}`)), "", ""},
		{"fourteen quick replies", quick(list(14, `{"type":"action","action":`+button+`}`)), outer + "quickReply.items", "between 1 and 13"},
		{"quick reply of another type", quick(`[{"type":"text","action":` + button + `}]`), outer + "quickReply.items[0].type", "action"},
		{"quick reply's label", quick(`[{"type":"action","action":{"type":"message","label":"` + words(21) + `","text":"x"}}]`),
			outer + "quickReply.items[0].action.label", "longer than 20"},

		{"bubble", flex(bubble(`{"type":"text","text":"x"},{"type":"button","action":` + button + `},{"type":"separator"}`)), "", ""},
		{"flex of nothing", `{"type":"flex","altText":"a"}`, "/type", "unknown type"},
		{"hero over http", flex(`{"type":"bubble","hero":{"type":"image","url":"http://x.example/"}}`), "/hero/url", "invalid uri scheme"},
		{"box without layout", flex(`{"type":"bubble","body":{"type":"box","contents":[]}}`), "/body/layout", "must be one of"},
		{"unknown component", flex(bubble(`{"type":"cube"}`)), "/body/contents/0/type", "unknown type"},
		{"hero in its own ratio", flex(hero(`"aspectRatio":"660:1980","aspectMode":"cover","size":"full"`)), "", ""},
		{"hero over three times as high", flex(hero(`"aspectRatio":"660:1981"`)), "/hero/aspectRatio", "invalid"},
		{"hero of the longest side", flex(hero(`"aspectRatio":"100000:1"`)), "", ""},
		{"hero of a longer side", flex(hero(`"aspectRatio":"100001:1"`)), "/hero/aspectRatio", "invalid"},
		{"hero without height", flex(hero(`"aspectRatio":"660:0"`)), "/hero/aspectRatio", "invalid"},
		{"hero of half a ratio", flex(hero(`"aspectRatio":"1.5"`)), "/hero/aspectRatio", "invalid"},
		{"hero of a number", flex(hero(`"aspectRatio":1`)), "/hero/aspectRatio", "invalid"},
		{"hero cut otherwise", flex(hero(`"aspectMode":"crop"`)), "/hero/aspectMode", "one of: cover, fit"},
		{"button of a style", flex(bubble(`{"type":"button","style":"primary","height":"sm","action":` + button + `}`)), "", ""},
		{"button of no style", flex(bubble(`{"type":"button","style":"big","action":` + button + `}`)), "/body/contents/0/style", "one of"},
		{"text that wraps", flex(bubble(`{"type":"text","text":"x","wrap":true,"weight":"bold"}`)), "", ""},
		{"text that wraps by a word", flex(bubble(`{"type":"text","text":"x","wrap":"yes"}`)), "/body/contents/0/wrap", "boolean"},
		{"text of a weight of its own", flex(bubble(`{"type":"text","text":"x","weight":"700"}`)), "/body/contents/0/weight", "one of"},
		{"box of a spacing", flex(bubble(`{"type":"box","layout":"vertical","spacing":"4px","contents":[]}`)), "", ""},
		{"box of no spacing", flex(bubble(`{"type":"box","layout":"vertical","spacing":"wide","contents":[]}`)), "/body/contents/0/spacing", "one of"},
		{"empty text in a bubble", flex(bubble(`{"type":"text","text":""}`)), "/body/contents/0/text", "non-empty"},
		{"flex label of 40", flex(bubble(`{"type":"button","action":{"type":"message","text":"x","label":"` + words(40) + `"}}`)), "", ""},
		{"flex label of 41", flex(bubble(`{"type":"button","action":{"type":"message","text":"x","label":"` + words(41) + `"}}`)), "/body/contents/0/action/label", "longer than 40"},
		{"bubble of 30 KB", flex(filled(30 * 1024)), "", ""},
		{"bubble over 30 KB", flex(filled(30*1024 + 1)), "/", "30 KB"},
		{"carousel of twelve", flex(`{"type":"carousel","contents":` + list(12, `{"type":"bubble"}`) + `}`), "", ""},
		{"carousel of thirteen", flex(`{"type":"carousel","contents":` + list(13, `{"type":"bubble"}`) + `}`), "/contents", "1 to 12"},
		{"a carousel's bubble over 30 KB", flex(`{"type":"carousel","contents":[` + filled(30*1024+1) + `]}`), "/contents/0", "30 KB"},
		{"carousel over 50 KB", flex(`{"type":"carousel","contents":` + list(2, filled(26*1024)) + `}`), "/", "50 KB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			status, out, _ := w.call("POST", "/v2/bot/message/validate/push", `{"messages":[`+c.message+`]}`)
			if c.why == "" {
				if status != 200 {
					t.Errorf("got %d %v, want 200", status, out)
				}
				return
			}
			found := false
			for _, d := range out["details"].([]any) {
				d := d.(map[string]any)
				found = found || d["property"] == c.property && strings.Contains(d["message"].(string), c.why)
			}
			want := "The request body has 1 error(s)"
			if !strings.HasPrefix(c.property, outer) {
				want = "A message (messages[0]) in the request body is invalid"
			}
			if status != 400 || out["message"] != want || !found {
				t.Errorf("got %d %v, want 400, %q, %s at %s", status, out, want, c.why, c.property)
			}
		})
	}
}

// Whatever the adapter sends in its own tests, the platform takes.
func TestWhatTheAdapterSendsIsTaken(t *testing.T) {
	files, err := filepath.Glob("../testdata/wire/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("got %d files, %v, want 15", len(files), err)
	}
	w := newWorld(t)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var calls []struct {
			By   string
			Body json.RawMessage
		}
		if err := json.Unmarshal(data, &calls); err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			if c.By != "send" {
				continue
			}
			status, out, _ := w.call("POST", "/v2/bot/message/validate/push", string(c.Body))
			w.Want(filepath.Base(file), fmt.Sprint(status, out), "200 map[]")
		}
	}
}
