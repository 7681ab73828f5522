package main

import (
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
)

// fakes lists the fake platforms, one line per channel.
func fakes() map[string]fake.New {
	return map[string]fake.New{
		"line":     linetest.New,
		"whatsapp": whatsapptest.New,
	}
}
