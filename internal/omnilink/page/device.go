package page

import (
	"strings"

	"omnihub/internal/channel"
)

// Device is what a browser tells of itself, as far as it matters here.
type Device struct {
	Desktop      bool // surely no phone
	IOS, Android bool
	InApp        channel.InApp // the app whose own browser it is; "" = none that is known
}

// Read tells by the header User-Agent. It may be wrong: every page offers a way on.
func Read(agent string) Device {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(agent, w) {
				return true
			}
		}
		return false
	}
	d := Device{IOS: has("iPhone", "iPad", "iPod"), Android: has("Android")}
	// https://developers.facebook.com/docs/sharing/webmasters tells of robots only; the
	// apps' own browsers are known by these words.
	if has("FBAN/", "FBAV/", "FB_IAB/", "FBIOS") && !has("Instagram") {
		d.InApp = channel.MessengerApp
	}
	d.Desktop = has("Windows NT", "Macintosh", "X11;", "CrOS") && !d.IOS && !d.Android && !has("Mobile")
	return d
}
