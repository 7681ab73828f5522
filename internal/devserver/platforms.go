package main

import (
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/instagram/instagramtest"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/channel/messenger/messengertest"
	"omnihub/internal/channel/twilio/twiliotest"
	"omnihub/internal/channel/viber/vibertest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
)

// fakes lists the fake platforms, one line per channel.
func fakes() map[string]fake.New {
	return map[string]fake.New{
		"instagram": instagramtest.New,
		"line":      linetest.New,
		"messenger": messengertest.New,
		"twilio":    twiliotest.New,
		"viber":     vibertest.New,
		"whatsapp":  whatsapptest.New,
	}
}
