package bot

import (
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// The words by which people take automatic and marketing messages out and in again,
// by language. A message must be one of them and nothing else: "stop by tomorrow" is
// an ordinary message. The English ones are those that carriers demand; of other
// languages those are left out that also call off a booking or an order.
var (
	outWords = words(
		"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "opt out", "optout", "opt-out", // en
		"停止", "取消訂閱", "退訂", "拒收", "不要再傳", "停止訂閱", "取消订阅", "退订", "不要再传", "停止订阅", // zh
		"配信停止", "停止する", "登録解除", // ja
		"중지", "수신거부", "구독취소", // ko
		"หยุด", "ยกเลิกการติดตาม", "เลิกติดตาม", // th
		"dừng", "hủy đăng ký", "huỷ đăng ký", // vi
		"berhenti", "berhenti langganan", "henti langganan", // id, ms
		"parar", "baja", "sair", "darse de baja", // es, pt
		"arret", "arrêt", "arreter", "arrêter", "désabonner", "desabonner", // fr
		"stopp", "abmelden", "abbestellen", // de
	)
	inWords = words(
		"start", "unstop", "subscribe", "resume", "opt in", "optin", "opt-in", // en
		"訂閱", "重新訂閱", "恢復", "開始", "恢復訂閱", "订阅", "重新订阅", "恢复", "开始", "恢复订阅", // zh
		"配信再開", "再開", "登録", // ja
		"시작", "구독", "수신동의", // ko
		"เริ่ม", "ติดตาม", "สมัคร", // th
		"bắt đầu", "đăng ký", // vi
		"mulai", "langganan", "mula", "langgan", // id, ms
		"alta", "suscribir", "suscribirme", "assinar", "voltar", // es, pt
		"abonner", "reprendre", // fr
		"anmelden", "abonnieren", // de
	)
)

func words(list ...string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, w := range list {
		set[hub.Plain(w)] = true
	}
	return set
}

// Consent reads whether a text takes the customer out of automatic and marketing
// messages (hub.OptOut), in again (hub.OptIn), or neither (""). An account's own
// words come before those that every account knows.
func Consent(own store.OptOut, text string) string {
	if len(text) > 64 {
		return ""
	}
	said := hub.Plain(text)
	switch {
	case said == "":
		return ""
	case contains(own.OutWords, said):
		return hub.OptOut
	case contains(own.InWords, said):
		return hub.OptIn
	case outWords[said]:
		return hub.OptOut
	case inWords[said]:
		return hub.OptIn
	}
	return ""
}

func contains(list []string, said string) bool {
	for _, w := range list {
		if p := hub.Plain(w); p != "" && p == said {
			return true
		}
	}
	return false
}
