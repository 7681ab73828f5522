package page

import (
	"strings"

	"omnihub/internal/hub"
)

// texts are what the pages say; {app} is the app that the tap opens.
type texts struct {
	Leads, LeadsTo      string // to the app; to the account in it, {brand}
	SendIt, AllowIt     string // what is left to do there
	Opening, Opened     string
	Open                string
	TapFailed           string
	Image               string // alternative text of the card's picture
	Scan, ScanHow, Here string
	QR                  string

	External, ExternalWhy string
	Steps                 []string
	Copy, Copied, CopyHow string

	Closed, ClosedWhy string
	Missing           string
	Expired           string
	Again             string // what to do when something has ended
	Busy, BusyHow     string
	Retry             string

	Working, WorkingHow string
	Linked, LinkedHow   string
	Pending, PendingHow string
	Friend, FriendHow   string
	AddFriend           string
	Failed, FailedHow   string
	SignIn, SignInHow   string
	SignInButton        string
	Back, Close         string
	NoScript            string
}

var written = map[Lang]texts{
	Traditional: {
		Leads: "按下按鈕後會開啟 {app}", LeadsTo: "按下按鈕後會開啟 {app}，前往「{brand}」",
		SendIt: "{app} 會帶出一則填好的訊息，直接送出即可完成，請不要修改。", AllowIt: "在 {app} 中同意授權即可完成。",
		Opening: "正在開啟 {app}…", Opened: "沒有自動開啟嗎？請按上面的按鈕。", Open: "開啟 {app}",
		TapFailed: "暫時無法開啟，請再按一次。", Image: "活動圖片",
		Scan: "用手機掃描", ScanHow: "用手機相機掃描 QR code，在手機上繼續。", Here: "或在這台電腦上繼續", QR: "這個頁面的 QR code",
		External: "請用外部瀏覽器開啟", ExternalWhy: "Messenger 無法直接開啟 {app}。請依照下列步驟，改用手機的瀏覽器。",
		Steps: []string{"點選畫面角落的「⋯」", "選擇「以外部瀏覽器開啟」", "在新開啟的頁面按下按鈕"},
		Copy:  "複製連結", Copied: "已複製連結", CopyHow: "或複製連結，貼到瀏覽器的網址列：",
		Closed: "目前無法在這裡開啟", ClosedWhy: "Android 版 Messenger 目前無法開啟 {app}，此活動暫不開放。請洽客服詢問。",
		Missing: hub.LeadsNowhere(Traditional),
		Expired: "連結已過期", Again: "請回到原本的聊天室，再按一次按鈕。",
		Busy: "系統忙碌中", BusyHow: "請稍後再試一次。", Retry: "再試一次",
		Working: "正在確認…", WorkingHow: "請稍候，不要關閉此頁面。",
		Linked: "完成！", LinkedHow: "已完成綁定，請回到 {app} 查看訊息。",
		Pending: "還差一步", PendingHow: "我們已傳送確認訊息到您原本的聊天室，請在那裡選擇「是」。",
		Friend: "請先加入好友", FriendHow: "加入好友後，請回到原本的聊天室，再按一次按鈕。", AddFriend: "加入好友",
		Failed: "未能完成", FailedHow: "請回到原本的聊天室再按一次按鈕，或洽客服詢問。",
		SignIn: "需要登入 {app}", SignInHow: "登入並同意授權後即可完成。", SignInButton: "登入 {app}",
		Back: "回到 {app}", Close: "關閉此頁面", NoScript: "請開啟瀏覽器的 JavaScript，再重新整理此頁面。",
	},
	Simplified: {
		Leads: "点击按钮后会打开 {app}", LeadsTo: "点击按钮后会打开 {app}，前往“{brand}”",
		SendIt: "{app} 会带出一条填好的消息，直接发送即可完成，请不要修改。", AllowIt: "在 {app} 中同意授权即可完成。",
		Opening: "正在打开 {app}…", Opened: "没有自动打开吗？请点击上面的按钮。", Open: "打开 {app}",
		TapFailed: "暂时无法打开，请再点一次。", Image: "活动图片",
		Scan: "用手机扫描", ScanHow: "用手机相机扫描二维码，在手机上继续。", Here: "或在这台电脑上继续", QR: "本页面的二维码",
		External: "请用外部浏览器打开", ExternalWhy: "Messenger 无法直接打开 {app}。请按以下步骤，改用手机的浏览器。",
		Steps: []string{"点击画面角落的“⋯”", "选择“在外部浏览器中打开”", "在新打开的页面点击按钮"},
		Copy:  "复制链接", Copied: "已复制链接", CopyHow: "或复制链接，粘贴到浏览器的地址栏：",
		Closed: "目前无法在这里打开", ClosedWhy: "Android 版 Messenger 目前无法打开 {app}，此活动暂不开放。请联系客服。",
		Missing: hub.LeadsNowhere(Simplified),
		Expired: "链接已过期", Again: "请回到原来的聊天，再点一次按钮。",
		Busy: "系统繁忙", BusyHow: "请稍后再试一次。", Retry: "再试一次",
		Working: "正在确认…", WorkingHow: "请稍候，不要关闭此页面。",
		Linked: "完成！", LinkedHow: "已完成绑定，请回到 {app} 查看消息。",
		Pending: "还差一步", PendingHow: "我们已发送确认消息到您原来的聊天，请在那里选择“是”。",
		Friend: "请先添加好友", FriendHow: "添加好友后，请回到原来的聊天，再点一次按钮。", AddFriend: "添加好友",
		Failed: "未能完成", FailedHow: "请回到原来的聊天再点一次按钮，或联系客服。",
		SignIn: "需要登录 {app}", SignInHow: "登录并同意授权后即可完成。", SignInButton: "登录 {app}",
		Back: "回到 {app}", Close: "关闭此页面", NoScript: "请启用浏览器的 JavaScript，再刷新此页面。",
	},
	English: {
		Leads: "The button opens {app}", LeadsTo: "The button opens {app} and takes you to “{brand}”",
		SendIt: "{app} will show a message that is already written. Send it as it is to finish.", AllowIt: "Agree in {app} to finish.",
		Opening: "Opening {app}…", Opened: "Did it not open? Use the button above.", Open: "Open {app}",
		TapFailed: "It could not be opened just now. Please tap again.", Image: "Picture of the campaign",
		Scan: "Scan with your phone", ScanHow: "Scan the QR code with your phone’s camera and go on there.", Here: "Or go on with this computer", QR: "QR code of this page",
		External: "Please open this in your browser", ExternalWhy: "Messenger cannot open {app} by itself. Please take these steps to use your phone’s own browser.",
		Steps: []string{"Tap “⋯” in the corner of the screen", "Choose “Open in external browser”", "Tap the button on the page that opens"},
		Copy:  "Copy link", Copied: "Link copied", CopyHow: "Or copy the link and paste it into your browser:",
		Closed: "This cannot be opened here", ClosedWhy: "Messenger on Android cannot open {app} at present, so this campaign is not available there. Please ask our customer service.",
		Missing: hub.LeadsNowhere(English),
		Expired: "This link has expired", Again: "Please go back to the chat and tap the button again.",
		Busy: "We are busy just now", BusyHow: "Please try again in a moment.", Retry: "Try again",
		Working: "Checking…", WorkingHow: "Please wait and keep this page open.",
		Linked: "Done!", LinkedHow: "You are linked. Go back to {app} to see your messages.",
		Pending: "One more step", PendingHow: "We have sent a question to the chat that you came from. Please answer “Yes” there.",
		Friend: "Please add us as a friend first", FriendHow: "Then go back to the chat that you came from and tap the button again.", AddFriend: "Add friend",
		Failed: "This did not work", FailedHow: "Please go back to the chat that you came from and tap the button again, or ask our customer service.",
		SignIn: "Please log in to {app}", SignInHow: "Log in and agree to finish.", SignInButton: "Log in to {app}",
		Back: "Back to {app}", Close: "Close this page", NoScript: "Please switch on JavaScript in your browser and load this page again.",
	},
}

// textsOf are the texts in a language, or else in Traditional Chinese.
func textsOf(l Lang) texts {
	if t, ok := written[l]; ok {
		return t
	}
	return written[Traditional]
}

// Of puts the app's name into a text.
func (t texts) Of(app, text string) string { return strings.ReplaceAll(text, "{app}", app) }
