package scenario

import (
	"testing"

	"omnihub/internal/browser"
)

// languages are those in which customers read the pages.
var languages = []string{"zh-TW", "zh-CN", "en"}

// reads is what the sign-in's page says in each of its states, by language: its title, and
// what the customer is to know or to do.
var reads = map[string]map[string][2]string{
	"linked": {
		"zh-TW": {"完成！", "已完成綁定，請回到 LINE 查看訊息。"}, "zh-CN": {"完成！", "已完成绑定，请回到 LINE 查看消息。"},
		"en": {"Done!", "You are linked. Go back to LINE to see your messages."},
	},
	"pending": {
		"zh-TW": {"還差一步", "我們已傳送確認訊息到您原本的聊天室，請在那裡選擇「是」。"},
		"zh-CN": {"还差一步", "我们已发送确认消息到您原来的聊天，请在那里选择“是”。"},
		"en":    {"One more step", "We have sent a question to the chat that you came from. Please answer “Yes” there."},
	},
	"friend": {
		"zh-TW": {"請先加入好友", "加入好友後，請回到原本的聊天室，再按一次按鈕。"}, "zh-CN": {"请先添加好友", "添加好友后，请回到原来的聊天，再点一次按钮。"},
		"en": {"Please add us as a friend first", "Then go back to the chat that you came from and tap the button again."},
	},
	"failed": {
		"zh-TW": {"未能完成", "請回到原本的聊天室再按一次按鈕，或洽客服詢問。"}, "zh-CN": {"未能完成", "请回到原来的聊天再点一次按钮，或联系客服。"},
		"en": {"This did not work", "Please go back to the chat that you came from and tap the button again, or ask our customer service."},
	},
	"expired": {
		"zh-TW": {"連結已過期", "請回到原本的聊天室，再按一次按鈕。"}, "zh-CN": {"链接已过期", "请回到原来的聊天，再点一次按钮。"},
		"en": {"This link has expired", "Please go back to the chat and tap the button again."},
	},
	"busy": {
		"zh-TW": {"系統忙碌中", "請稍後再試一次。"}, "zh-CN": {"系统繁忙", "请稍后再试一次。"}, "en": {"We are busy just now", "Please try again in a moment."},
	},
}

// missing is the page of a link that leads nowhere.
var missing = map[string]string{"zh-TW": leadsNowhere, "zh-CN": "此链接不存在，请联系客服", "en": "This link does not exist. Please ask our customer service."}

// ended is what the chat tells of a code, or of a yes, that is not good, or not any more.
var ended = map[string]string{
	"zh-TW": "此連結已過期或已使用過。請回到原本的聊天室，再點一次按鈕。",
	"en":    "This link has expired, or was used already. Please go back to the chat where you got it, and tap the button again.",
}

// see waits for a state of the sign-in's page in a language, and takes its picture.
func see(tab *browser.Tab, state, language, picture string) {
	for _, text := range reads[state][language] {
		tab.WaitText("[data-state="+state+"]", text)
	}
	tab.Shot("scenario-" + picture)
}

// sees is see, and then what the page says in LINE's app on phones of the other languages,
// to which the same sign-in leads: it comes to the same.
func (s *scene) sees(tab *browser.Tab, owner person, state, language, picture string) {
	s.t.Helper()
	see(tab, state, language, picture)
	for _, other := range languages {
		if other != language {
			app := s.inLINE(tab, other, owner)
			see(app, state, other, picture+"-"+other)
			s.ends(app)
		}
	}
}

// shows checks that a page says something, and takes its picture.
func shows(tab *browser.Tab, selector, text, picture string) {
	tab.WaitText(selector, text)
	tab.Shot("scenario-" + picture)
}

func TestWordsAreThereInEachLanguage(t *testing.T) {
	for state, said := range reads {
		for i, language := range languages {
			for _, other := range languages[:i] {
				if said[language][1] == said[other][1] {
					t.Errorf("%s: got the same in %s and %s", state, language, other)
				}
			}
			if said[language][0] == "" || said[language][1] == "" {
				t.Errorf("%s: got nothing in %s", state, language)
			}
		}
	}
}
