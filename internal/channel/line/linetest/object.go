package linetest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// inspector looks at one message object and collects what LINE would find wrong
// with it: of its own members by names ("messages[0].text"), of a template or a flex
// container by paths within the message ("template/actions/0/label").
// https://developers.line.biz/en/reference/messaging-api/#message-objects
type inspector struct {
	place        string // "messages[0]"
	outer, inner []detail
}

// object is a JSON object.
type object = map[string]any

// inspect gives what is wrong with a message.
func inspect(raw json.RawMessage, place string) (outer, inner []detail) {
	in := &inspector{place: place}
	var m object
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return nil, []detail{{"must be an object", ""}}
	}
	in.message(m)
	in.quickReplies(m["quickReply"])
	if m["type"] == "flex" {
		var sized struct{ Contents json.RawMessage }
		_ = json.Unmarshal(raw, &sized) // it was read before
		in.flexSize(sized.Contents)
	}
	return in.outer, in.inner
}

var messageTypes = []string{"text", "textV2", "sticker", "image", "video", "audio", "location", "imagemap", "template", "flex", "coupon"}

func (in *inspector) message(m object) {
	switch m["type"] {
	case "text", "textV2":
		in.outerText(m, "text", 5000)
	case "sticker":
		in.outerText(m, "packageId", 100)
		in.outerText(m, "stickerId", 100)
	case "image", "video":
		in.outerURL(m, "originalContentUrl")
		in.outerURL(m, "previewImageUrl")
	case "audio":
		in.outerURL(m, "originalContentUrl")
		if d, ok := m["duration"].(float64); !ok || d <= 0 {
			in.wrong("duration", "Must be a positive value")
		}
	case "location":
		in.outerText(m, "title", 100)
		in.outerText(m, "address", 100)
		for name, most := range map[string]float64{"latitude": 90, "longitude": 180} {
			if d, ok := m[name].(float64); !ok || d < -most || d > most {
				in.wrong(name, fmt.Sprintf("Must be between -%v and %v", most, most))
			}
		}
	case "imagemap":
		in.outerURL(m, "baseUrl")
		in.outerText(m, "altText", 1500)
		if size, _ := m["baseSize"].(object); size["width"] != 1040.0 {
			in.wrong("baseSize.width", "Must be 1040")
		}
		if actions, ok := m["actions"].([]any); !ok || len(actions) > 50 {
			in.wrong("actions", "Size must be between 0 and 50")
		}
	case "template":
		in.outerText(m, "altText", 1500)
		in.template(m["template"])
	case "flex":
		in.outerText(m, "altText", 1500)
		in.container(m["contents"])
	case "coupon":
		in.outerText(m, "couponId", 100)
	default:
		in.wrong("type", "Must be one of the following values: ["+strings.Join(messageTypes, ", ")+"]")
	}
}

// wrong notes a fault of one of the message's own members.
func (in *inspector) wrong(name, why string) {
	in.outer = append(in.outer, detail{why, in.place + "." + name})
}

// bad notes a fault within a template or a container.
func (in *inspector) bad(path, why string) { in.inner = append(in.inner, detail{why, path}) }

// outerText wants a text of at most so many UTF-16 units.
func (in *inspector) outerText(m object, name string, most int) {
	text, _ := m[name].(string)
	switch {
	case text == "":
		in.wrong(name, "May not be empty")
	case units(text) > most:
		in.wrong(name, fmt.Sprintf("Length must be between 0 and %d", most))
	}
}

// outerURL wants an https address of at most 2,000 characters.
func (in *inspector) outerURL(m object, name string) {
	address, _ := m[name].(string)
	switch {
	case address == "":
		in.wrong(name, "May not be empty")
	case units(address) > 2000:
		in.wrong(name, "Length must be between 0 and 2000")
	case !isHTTPS(address):
		in.wrong(name, "Must be a valid HTTPS URL")
	}
}

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// units counts in UTF-16.
// https://developers.line.biz/en/docs/messaging-api/text-character-count/
func units(text string) int { return len(utf16.Encode([]rune(text))) }

// letters counts grapheme clusters: what joins the character before it does not
// count, nor does what a joiner ties to it; flags are pairs.
func letters(text string) int {
	n := 0
	var before rune
	half := false // before is the first half of a flag
	for _, r := range text {
		extends := unicode.Is(unicode.M, r) || r == '\u200d' || r >= '\U0001f3fb' && r <= '\U0001f3ff'
		flag := r >= '\U0001f1e6' && r <= '\U0001f1ff'
		if n == 0 || !extends && before != '\u200d' && !(flag && half) {
			n++
			half = flag
		} else if flag {
			half = false
		}
		before = r
	}
	return n
}

// textOf is what a tester reads of messages: their texts, or what stands for them.
func textOf(messages []json.RawMessage) string {
	var out []string
	for _, raw := range messages {
		var m object
		_ = json.Unmarshal(raw, &m) // it was read before
		for _, name := range []string{"text", "altText", "originalContentUrl", "title", "stickerId", "couponId"} {
			if text, ok := m[name].(string); ok {
				out = append(out, text)
				break
			}
		}
	}
	return strings.Join(out, "\n")
}

// oneOf reports whether a value is one of some words.
func oneOf(v any, words ...string) bool {
	word, ok := v.(string)
	return ok && slices.Contains(words, word)
}
