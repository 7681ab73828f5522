// Package browser drives a real headless Chromium in tests: it opens pages as a phone or
// a desktop would, taps and reads them, takes pictures, and tells what a page asked of
// other machines and what the browser refused it. It reaches 127.0.0.1 and nothing else,
// and ends with its test.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is how long a test waits for anything: the machine may be busy.
const Patience = 60 * time.Second

// names are those under which systems have Chromium.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Browser is a running Chromium.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Path is where Chromium is: as $CHROMIUM says, or by one of its usual names; "" = it is
// not here.
func Path() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Need skips a test where there is no Chromium, but fails it where $CI is "true".
func Need(t testing.TB) {
	t.Helper()
	switch {
	case Path() != "":
	case os.Getenv("CI") == "true":
		t.Fatal("there is no Chromium here: install it, or name it in $CHROMIUM")
	default:
		t.Skip("there is no Chromium here: install it (apt-get install chromium), or name it in $CHROMIUM")
	}
}

// Start starts Chromium with a profile of its own, for one test. Without one on the
// machine the test is skipped or fails, as Need has it.
func Start(t testing.TB) *Browser {
	t.Helper()
	Need(t)
	b, stop, err := Launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return b.For(t)
}

// Launch starts Chromium for several tests, each of which uses it by For. Stop ends it.
func Launch() (b *Browser, stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(Path()),
		chromedp.NoSandbox, // it runs in containers, as root, and loads the test's own pages only
		chromedp.DisableGPU,
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
		chromedp.Flag("ignore-certificate-errors", true), // of the test's own servers: it reaches no others
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stop = func() { cancel(); end() }
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("browser: start %s: %w", Path(), err)
	}
	return &Browser{ctx: ctx}, stop, nil
}

// For is the browser for a test, whose tabs end with it.
func (b *Browser) For(t testing.TB) *Browser { return &Browser{t, b.ctx} }

// Device is what a tab pretends to be.
type Device struct {
	Width, Height int
	Scale         float64 // device pixels per pixel; 0 = 1
	Mobile        bool
	Agent         string // "" = Chromium's own
	Language      string // Accept-Language; "" = Chromium's own
	Dark          bool
	NoScript      bool
}

// User agents of phones and of the browsers within apps.
const (
	IPhone           = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	Android          = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36"
	Windows          = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
	MessengerIPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/MessengerLiteForiOS;FBAV/515.0.0;FBDV/iPhone16,2;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBLC/zh_TW]"
	MessengerAndroid = "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/138.0.0.0 Mobile Safari/537.36 [FB_IAB/Orca-Android;FBAV/515.0.0.0.0;]"
	InstagramIPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22F76 Instagram 385.0.0.20.77 (iPhone16,2; iOS 18_5; zh_TW)"
	LINEIPhone       = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/15.10.0 LIFF"
)

// Phone is a small phone that wants a language.
func Phone(language string) Device {
	return Device{Width: 360, Height: 740, Scale: 2, Mobile: true, Agent: Android, Language: language}
}

// Desktop is a laptop that wants a language.
func Desktop(language string) Device {
	return Device{Width: 1280, Height: 800, Agent: Windows, Language: language}
}

// As is the device with another user agent.
func (d Device) As(agent string) Device {
	d.Agent = agent
	return d
}
