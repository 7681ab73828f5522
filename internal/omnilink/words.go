package omnilink

import (
	"strings"

	"omnihub/internal/hub"
)

// words are what customers read, in one language.
type words struct{ gone, ask, yes, no string }

var languages = map[string]words{
	"zh-TW": {
		gone: "此連結不存在，請洽客服詢問",
		ask:  "我們收到一則要求，要將您在此處的帳號與另一個通訊渠道的帳號整合。這是您本人的操作嗎？",
		yes:  "是", no: "不是",
	},
	"zh-CN": {
		gone: "此链接不存在，请洽客服询问",
		ask:  "我们收到一则要求，要将您在此处的账号与另一个通讯渠道的账号整合。这是您本人的操作吗？",
		yes:  "是", no: "不是",
	},
	"en": {
		gone: "This link does not exist. Please contact our customer service.",
		ask:  "We were asked to link your account here with one in another messaging app. Was that you?",
		yes:  "Yes", no: "No",
	},
}

// wordsIn are those of the first of some languages, by BCP 47, in which the hub speaks;
// else of zh-TW.
func wordsIn(wanted ...string) words {
	for _, tag := range wanted {
		tag = strings.ToLower(strings.ReplaceAll(tag, "_", "-"))
		main, rest, _ := strings.Cut(tag, "-")
		switch {
		case main == "en":
			return languages["en"]
		case main == "zh" && (strings.Contains(rest, "hans") || rest == "cn" || rest == "sg" || rest == "my"):
			return languages["zh-CN"]
		case main == "zh":
			return languages["zh-TW"]
		}
	}
	return languages["zh-TW"]
}

// GoneText is what customers are told of a link that leads nowhere, in the first of some
// languages that the hub speaks.
func GoneText(wanted ...string) string { return wordsIn(wanted...).gone }

// question asks the source whether it was the customer. It tells nothing of the target.
func question(w words, id string) hub.Content {
	return hub.Content{Type: hub.Buttons, Text: w.ask, Buttons: []hub.Button{
		{Title: w.yes, Data: answerData(id, true)}, {Title: w.no, Data: answerData(id, false)},
	}}
}
