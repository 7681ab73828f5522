package channel_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
)

// TestPictureAboveButtonsIsOneSquareCardOfMetas as long as its text fits into the two lines
// of a card; else the picture goes before it.
func TestPictureAboveButtonsIsOneSquareCardOfMetas(t *testing.T) {
	const (
		open    = `{"attachment":{"type":"template","payload":{"template_type":"generic","elements":[{`
		rest    = `"image_url":"https://x.example/p.jpg","buttons":[{"type":"web_url","title":"Join","url":"https://x.example/l"}]}]`
		square  = `,"image_aspect_ratio":"square"`
		picture = `{"attachment":{"type":"image","payload":{"url":"https://x.example/p.jpg","is_reusable":false}}}`
	)
	w := func(n int) string { return strings.Repeat("w", n) }
	join := []hub.Button{{Title: "Join", URL: "https://x.example/l"}}
	button := func(text string) string {
		return `{"attachment":{"type":"template","payload":{"template_type":"button","text":"` + text + `","buttons":[{"type":"web_url","title":"Join","url":"https://x.example/l"}]}}}`
	}
	for name, c := range map[string]struct {
		text string
		side int // of the picture; 0 = its size is not known
		want string
	}{
		"one line":         {w(80), 660, open + `"title":"` + w(80) + `",` + rest},
		"two lines":        {w(80) + "\n" + w(80), 660, open + `"title":"` + w(80) + `","subtitle":"` + w(80) + `",` + rest},
		"of unknown size":  {"hi\nyou", 0, open + `"title":"hi","subtitle":"you",` + rest},
		"too long":         {w(81), 660, picture + button(w(81))},
		"too long a first": {w(81) + "\nb", 660, picture + button(w(81)+`\nb`)},
		"too long a rest":  {"a\nb\n" + w(79), 660, picture + button(`a\nb\n`+w(79))},
	} {
		for _, kind := range []hub.Channel{"messenger", "instagram"} {
			want := c.want
			if strings.HasPrefix(want, open) {
				if kind == "messenger" && c.side > 0 {
					want += square // Instagram's description knows no ratio
				}
				want += `}}}`
			}
			m := hub.Content{Type: hub.Buttons, Text: c.text, Media: &hub.Media{URL: "https://x.example/p.jpg", Width: c.side, Height: c.side}, Buttons: join}
			shown, err := channel.Show(all.Adapters(channel.Platform{})[kind], m)
			got := ""
			for _, n := range shown.Native {
				got += string(n)
			}
			if err != nil || got != want {
				t.Errorf("%s of %s: got %s, %v, want %s", name, kind, got, err, want)
			}
			if apart := len(shown.Losses) > 0; apart != strings.HasPrefix(want, picture) {
				t.Errorf("%s of %s: got losses %v", name, kind, shown.Losses)
			}
		}
	}
}

// TestPictureAboveButtonsStandsInItsOwnRatioOnLINE if its size is known. The text may be as
// long as without one; with a template's picture LINE takes 60 characters.
func TestPictureAboveButtonsStandsInItsOwnRatioOnLINE(t *testing.T) {
	text := strings.Repeat("字", 240)
	bubble := func(ratio, mode string) string {
		const act = `"action":{"type":"uri","label":"Join","uri":"https://x.example/l"}}`
		return `{"type":"flex","altText":"` + text + `","contents":{"type":"bubble",` +
			`"hero":{"type":"image","url":"https://x.example/p.jpg","size":"full","aspectRatio":"` + ratio + `","aspectMode":"` + mode + `",` + act + `,` +
			`"body":{"type":"box","layout":"vertical","spacing":"md","contents":[{"type":"text","text":"` + text + `","wrap":true}]},` +
			`"footer":{"type":"box","layout":"vertical","spacing":"sm","contents":[{"type":"button","style":"primary",` + act + `]}}}`
	}
	for name, c := range map[string]struct {
		width, height int
		want          string
	}{
		"flat": {1200, 660, bubble("1200:660", "cover")}, "highest": {660, 1980, bubble("660:1980", "cover")}, "too high": {660, 1981, bubble("1:3", "fit")},
		"very wide": {250_000, 30_000, bubble("83333:10000", "cover")}, "a line": {400_000, 1, bubble("100000:1", "cover")},
	} {
		m := hub.Content{Type: hub.Buttons, Text: text, Media: &hub.Media{URL: "https://x.example/p.jpg", Width: c.width, Height: c.height},
			Buttons: []hub.Button{{Title: "Join", URL: "https://x.example/l"}}}
		shown, err := channel.Show(all.Adapters(channel.Platform{})["line"], m)
		if err != nil || len(shown.Native) != 1 || string(shown.Native[0]) != c.want || len(shown.Losses) > 0 {
			t.Errorf("%s: got %s, %v, %v, want %s", name, shown.Native, shown.Losses, err, c.want)
		}
	}
}
