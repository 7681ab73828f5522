package omnilink_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
)

// variants are those of the card's picture that the channels show: Meta's crop theirs to
// their middle themselves, which the hub does beforehand, and the others show all of it.
var variants = map[hub.Channel]string{
	"messenger": hub.ImageSquare, "instagram": hub.ImageSquare, "line": hub.ImageWhole, "whatsapp": hub.ImageWhole, "twilio": hub.ImageWhole,
}

// ratios are what platforms are told of the picture's: those that would cut it otherwise.
var ratios = map[hub.Channel]string{"messenger": `"image_aspect_ratio":"square"`, "line": `"aspectRatio":"1000:2000","aspectMode":"cover"`}

// TestEachSourceShowsItsVariantOfThePicture, in what its adapter tells the platform.
func TestEachSourceShowsItsVariantOfThePicture(t *testing.T) {
	s := newScene(t)
	adapters := all.Adapters(channel.Platform{})
	sources := slices.DeleteFunc(slices.Collect(maps.Keys(adapters)), func(kind hub.Channel) bool { return !adapters[kind].Capabilities().Linking.Source })
	if len(sources) != len(variants) {
		t.Errorf("got the sources %v, want those of %v", sources, variants)
	}
	for _, kind := range sources {
		a := withID(activity(), "of"+hub.ActivityID(kind))
		withImage(&a)
		a.Success.Source, a.Failure = hub.Say{}, hub.Say{}
		acts, links := s.actsOf(adapters[kind], nil), *s.links
		_, _, err := acts.Save(ctx, team, a, s.audit("activity.save"))
		s.must(err)
		links.Adapters = acts.Adapters
		card, err := links.Sample(ctx, team, a.ID, "line")
		s.must(err)
		shown, err := channel.Show(adapters[kind], card)
		s.must(err)
		var told strings.Builder
		for _, message := range shown.Native {
			told.Write(message)
		}
		if ratio := ratios[kind]; !strings.Contains(told.String(), ratio) {
			t.Errorf("%s: got %s, want the picture in its ratio: %s", kind, told.String(), ratio)
		}
		for variant, url := range a.Card.Image.URLs {
			if got := strings.Contains(told.String(), url); got != (variant == variants[kind]) {
				t.Errorf("%s: got %s, want the picture %s alone", kind, told.String(), variants[kind])
			}
		}
	}
}
