// Package all is the list of the channels that the hub speaks.
package all

import (
	"omnihub/internal/channel"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/channel/line"
	"omnihub/internal/channel/messenger"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/channel/viber"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

// Adapters gives the adapter of every channel under its kind.
func Adapters(p channel.Platform) map[hub.Channel]channel.Adapter {
	adapters := map[hub.Channel]channel.Adapter{}
	for _, a := range []channel.Adapter{
		instagram.New(p),
		line.New(p),
		messenger.New(p),
		twilio.New(p),
		viber.New(p),
		whatsapp.New(p),
	} {
		adapters[a.Kind()] = a
	}
	return adapters
}
