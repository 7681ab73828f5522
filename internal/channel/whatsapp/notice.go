package whatsapp

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
)

// topics are the fields that tell the account's owner something; other fields are
// kept raw.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview#fields
var topics = map[string]string{
	"message_template_status_update":  "template.status",
	"message_template_quality_update": "template.quality",
	"template_category_update":        "template.category",
	"phone_number_quality_update":     "number.quality",
	"phone_number_name_update":        "account",
	"account_update":                  "account",
	"account_alerts":                  "account",
	"account_review_update":           "account",
	"business_capability_update":      "account",
}

const (
	// maxDetails and maxDetail bound what a notice carries on.
	maxDetails = 32
	maxDetail  = 512 // bytes of a value
)

// noticeOf reads the value of such a field: its plain members, those of objects
// within it under "object.member", and without the "message_template_" that template
// fields bear: "name", "language", "event", "reason", "category", "id".
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/message_template_status_update
func noticeOf(field string, value []byte) (channel.Notice, bool) {
	topic := topics[field]
	if topic == "" || !scan.IsObject(value) {
		return channel.Notice{}, false
	}
	detail := map[string]string{}
	gather(detail, "", value)
	return channel.Notice{Topic: topic, Detail: detail}, true
}

func gather(detail map[string]string, within string, value []byte) {
	s := scan.Of(value)
	for name := range s.Members {
		v := s.Value()
		key := within + strings.TrimPrefix(scan.Clean(name), "message_template_")
		if scan.IsObject(v) && within == "" {
			gather(detail, key+".", v)
			continue
		}
		text := plain(v)
		if string(v) == "true" || string(v) == "false" {
			text = string(v)
		}
		if text != "" && len(text) <= maxDetail && len(key) <= maxDetail && len(detail) < maxDetails {
			detail[key] = text
		}
	}
}

// failureNotice reads an element of errors[]: something went wrong with the account,
// not with one message.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/errors
func failureNotice(raw []byte) channel.Notice {
	detail := map[string]string{"event": "error"}
	if n, ok := meta.Number(scan.Get(raw, "code")); ok {
		detail["code"] = itoa(n)
	}
	if title := scan.Text(scan.Get(raw, "title")); title != "" && len(title) <= maxDetail {
		detail["title"] = title
	}
	return channel.Notice{Topic: "account", Detail: detail}
}
