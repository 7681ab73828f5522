package omnilink

import "omnihub/internal/hub"

// words are what customers read, in one language.
type words struct{ ended, ask, yes, no string }

var languages = map[hub.Language]words{
	hub.TraditionalChinese: {
		ended: "此連結已過期或已使用過。請回到原本的聊天室，再點一次按鈕。",
		ask:   "我們收到一則要求，要將您在此處的帳號與另一個通訊渠道的帳號整合。這是您本人的操作嗎？",
		yes:   "是", no: "不是",
	},
	hub.SimplifiedChinese: {
		ended: "此链接已过期或已使用过。请回到原来的聊天室，再点一次按钮。",
		ask:   "我们收到一则要求，要将您在此处的账号与另一个通讯渠道的账号整合。这是您本人的操作吗？",
		yes:   "是", no: "不是",
	},
	hub.English: {
		ended: "This link has expired, or was used already. Please go back to the chat where you got it, and tap the button again.",
		ask:   "We were asked to link your account here with one in another messaging app. Was that you?",
		yes:   "Yes", no: "No",
	},
}

// wordsIn are those for somebody with some wishes, by hub.Spoken.
func wordsIn(wanted ...string) words { return languages[hub.Spoken(wanted...)] }

// question asks the source whether it was the customer. It tells nothing of the target.
func question(w words, id string) hub.Content {
	return hub.Content{Type: hub.Buttons, Text: w.ask, Buttons: []hub.Button{
		{Title: w.yes, Data: answerData(id, true)}, {Title: w.no, Data: answerData(id, false)},
	}}
}
