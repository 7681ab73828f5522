package canary

import (
	"regexp"
	"strings"

	"omnihub/internal/channel/fake"
)

// metaAstray names an account of Meta's that is not connected.
func metaAstray(body string, a fake.Account) string {
	return strings.ReplaceAll(body, a.ExternalID, strings.Repeat("9", len(a.ExternalID)))
}

// messenger has postbacks, echoes of the Page's inbox, watermarks, and news about the
// Page itself.
func messenger() platform {
	return platform{
		people: []string{`"sender":\{"id":"(\d+)"`},
		acts: []fake.Act{
			{Extra: quoted(`{"type":"person","first":"$NAME","last":"$NAME"}`)},
			{Extra: quoted(`{"type":"get_started","title":"$NAME","payload":"$WORDS","ref":"$PHONE","source":"SHORTLINK"}`)},
			{Text: "ping"}, {Sticker: "x"}, {Image: "x"}, {Postback: words("$WORDS")}, {ID: "m_canary-1", Text: words("$WORDS")},
			{Extra: quoted(`{"type":"edit","message":"m_canary-1","text":"$WORDS $NAME"}`)},
			{Extra: quoted(`{"type":"reply","text":"$WORDS"}`)}, {Extra: quoted(`{"type":"ad","text":"$WORDS"}`)},
			{Extra: quoted(`{"type":"referral","ref":"$PHONE"}`)},
			{Extra: quoted(`{"type":"link","text":"$WORDS","title":"$NAME","link":"https://example.com/?q=canary-meihua"}`)},
			{Extra: quoted(`{"type":"attachments","text":"$WORDS","attachments":[{"type":"image"},{"type":"file"}]}`)},
			{Extra: raw(`{"type":"appointment"}`)}, {Extra: raw(`{"type":"reaction","emoji":"❤"}`)}, {Extra: raw(`{"type":"reaction"}`)},
			{Extra: raw(`{"type":"delivery"}`)}, {Extra: raw(`{"type":"read"}`)},
			{Extra: quoted(`{"type":"optin","ref":"$PHONE"}`)}, {Extra: quoted(`{"type":"link_account","code":"$PHONE"}`)},
			{Extra: quoted(`{"type":"echo","text":"$WORDS $NAME"}`)}, {Extra: raw(`{"type":"echo","link":"https://scontent.example/1.jpg"}`)},
			{Extra: quoted(`{"type":"text","text":"$WORDS","form":"standby"}`)}, {Extra: quoted(`{"type":"text","text":"$WORDS","form":"changes"}`)},
			{Extra: quoted(`{"type":"policy","action":"warning","reason":"$WORDS"}`)}, {Extra: quoted(`{"type":"feed","text":"$WORDS"}`)},
			{Extra: raw(`{"type":"handshake"}`)}, {Text: "stop"}, {Text: words("$WORDS")}, {Text: "start"}, {Block: true}, {Follow: true}, {Text: words("$WORDS")},
		},
		buttons: true,
		signs:   []string{"sent by=send", "code=unknown_account", "receipt by=echo", "echo stored", "profile stored"},
		faults:  faults("send in doubt", "send in doubt", "send in doubt"),
		astray:  metaAstray,
	}
}

// instagram has answers to stories, messages that are taken back, and echoes.
func instagram() platform {
	return platform{
		people: []string{`"sender":\{"id":"(\d+)"`},
		acts: []fake.Act{
			{Extra: quoted(`{"type":"person","name":"$NAME","username":"canary.meihua"}`)},
			{Text: "ping"}, {Image: "x"}, {Postback: words("$WORDS")}, {ID: "aWdfcanary1", Text: words("$WORDS")},
			{Extra: quoted(`{"type":"edit","message":"aWdfcanary1","text":"$WORDS $NAME"}`)}, {Extra: raw(`{"type":"delete","message":"aWdfcanary1"}`)},
			{Extra: quoted(`{"type":"reply","text":"$WORDS"}`)}, {Extra: quoted(`{"type":"story_reply","text":"$WORDS"}`)},
			{Extra: raw(`{"type":"story_mention"}`)}, {Extra: raw(`{"type":"share","post":"17912345678901234"}`)}, {Extra: raw(`{"type":"reel"}`)},
			{Extra: raw(`{"type":"ephemeral"}`)}, {Extra: raw(`{"type":"unsupported"}`)}, {Extra: quoted(`{"type":"ad","text":"$WORDS"}`)},
			{Extra: raw(`{"type":"reaction","reaction":"love","emoji":"❤"}`)}, {Extra: raw(`{"type":"reaction"}`)}, {Extra: raw(`{"type":"read"}`)},
			{Extra: quoted(`{"type":"referral","ref":"$PHONE"}`)}, {Extra: quoted(`{"type":"echo","text":"$WORDS $NAME"}`)},
			{Extra: quoted(`{"type":"self","text":"$WORDS"}`)}, {Extra: quoted(`{"type":"text","text":"$WORDS","form":"standby"}`)},
			{Extra: quoted(`{"type":"text","text":"$WORDS","form":"changes"}`)}, {Extra: quoted(`{"type":"text","text":"$WORDS","object":"page"}`)},
			{Extra: raw(`{"type":"handshake"}`)}, {Text: "stop"}, {Text: words("$WORDS")}, {Text: "start"}, {Block: true}, {Follow: true}, {Text: words("$WORDS")},
		},
		buttons: true,
		signs:   []string{"sent by=send", "code=unknown_account", "echo stored", "profile stored"},
		faults:  faults("send in doubt", "send in doubt", "send in doubt"),
		astray:  metaAstray,
	}
}

// messageSID are the names of the message in a webhook of Twilio's.
var messageSID = regexp.MustCompile(`(^|&)(Sms|SmsMessage|Message)Sid=[^&]*`)

// twilio tells people by number, name and user id, in forms.
func twilio() platform {
	return platform{
		people: []string{`ExternalUserId=whatsapp%3A([A-Z]{2}\.[^&]+)`, `WaId=(\d+)`},
		acts: []fake.Act{
			{Text: "ping"}, {Sticker: "x"}, {Image: "x"}, {ID: "SM0123456789abcdef0123456789abcdef", Text: words("$WORDS")},
			{Extra: quoted(`{"type":"reply","text":"$WORDS"}`)}, {Extra: quoted(`{"type":"referral","text":"$WORDS","headline":"$NAME"}`)},
			{Extra: quoted(`{"type":"image","caption":"$WORDS"}`)}, {Extra: quoted(`{"type":"document","name":"$NAME.pdf"}`)},
			{Extra: quoted(`{"type":"files","files":[{"type":"image"},{"type":"document"}]}`)}, {Extra: quoted(`{"type":"contacts","name":"$NAME"}`)},
			{Extra: quoted(`{"type":"location","name":"$NAME","address":"$WORDS","latitude":25.03,"longitude":121.56}`)},
			{Extra: quoted(`{"type":"button","id":"$PHONE","title":"$NAME"}`)}, {Extra: quoted(`{"type":"list","id":"$PHONE","title":"$NAME"}`)},
			{Extra: quoted(`{"type":"form","answers":{"name":"$NAME","phone":"$PHONE","said":"$WORDS"}}`)},
			{Extra: quoted(`{"type":"sms","text":"$WORDS"}`)},
			{Extra: raw(`{"type":"status","status":"read"}`)}, {Extra: raw(`{"type":"status","status":"failed","code":63024}`)},
			{Extra: quoted(`{"type":"identity","show":"phone","name":"$NAME $PHONE"}`)}, {Text: words("$WORDS")},
			{Extra: raw(`{"type":"identity","show":"user"}`)}, {Text: words("$WORDS")}, {Extra: raw(`{"type":"identity","show":"both"}`)},
			{Text: "stop"}, {Text: words("$WORDS")}, {Text: "start"}, {Block: true}, {Follow: true}, {Text: words("$WORDS")},
		},
		signs:  []string{"sent by=send", "code=unknown_account", "receipt by=receipt"},
		faults: faults("send in doubt", "send in doubt", "send in doubt"),
		astray: func(body string, a fake.Account) string {
			return strings.ReplaceAll(body, strings.Replace(a.ExternalID, "+", "%2B", 1), "%2B19995550100")
		},
		broken: func(body string) (acts []fake.Act) {
			for _, b := range []string{"a", "Body=" + said, messageSID.ReplaceAllString(body, ""), body + "&MessageSid=" + forged, body + "&" + body} {
				acts = append(acts, fake.Act{Extra: encoded(map[string]string{"type": "raw", "body": b})})
			}
			for _, b := range []string{"{", `{"` + said + `":`, `[{"id":"` + email + `"}]`} {
				acts = append(acts, fake.Act{Extra: encoded(map[string]string{"type": "json", "body": b})})
			}
			return acts
		},
	}
}

// viber tells the profile with each webhook, and names no account.
func viber() platform {
	return platform{
		people: []string{`"id":"([A-Za-z0-9+/]{22}==)"`, `"user_id":"([A-Za-z0-9+/]{22}==)"`},
		acts: []fake.Act{
			{Extra: quoted(`{"type":"conversation_started","context":"$PHONE"}`)}, {Follow: true}, {Text: "ping"}, {Sticker: "40100"}, {Image: "https://dl-media.viber.example/1.jpg"},
			{ID: "5741311803571721087", Text: words("$WORDS")},
			{Extra: quoted(`{"type":"contact","name":"$NAME","phone":"$PHONE"}`)}, {Extra: raw(`{"type":"location","latitude":25.03,"longitude":121.56}`)},
			{Extra: quoted(`{"type":"url","text":"$WORDS","link":"https://example.com/?q=canary-meihua"}`)},
			{Extra: quoted(`{"type":"file","name":"$NAME.pdf"}`)}, {Extra: quoted(`{"type":"picture","text":"$WORDS"}`)}, {Extra: raw(`{"type":"video"}`)},
			{Extra: quoted(`{"type":"unknown","kind":"poll","text":"$WORDS"}`)}, {Extra: raw(`{"type":"delivered"}`)}, {Extra: raw(`{"type":"seen"}`)},
			{Extra: quoted(`{"type":"failed","details":"$WORDS"}`)}, {Extra: raw(`{"type":"event","event":"client_status"}`)},
			{Text: "stop"}, {Text: words("$WORDS")}, {Text: "start"}, {Block: true}, {Follow: true}, {Text: words("$WORDS")},
		},
		buttons: true,
		nobody:  "Q2FuYXJ5LW5vYm9keSEhIQ==",
		signs:   []string{"sent by=send", "receipt by=receipt", "SendsFailed"},
		faults:  faults("send in doubt", "send in doubt", "send in doubt"),
	}
}
