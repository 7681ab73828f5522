package omnilink_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
)

// actsOf are the scene's activities where the account of LINE, and that of WhatsApp, are
// of another adapter; nil = the scene's.
func (s *scene) actsOf(line, whatsApp channel.Adapter) *omnilink.Activities {
	acts := *s.acts
	acts.Adapters = maps.Clone(s.acts.Adapters)
	if line != nil {
		acts.Adapters["line"] = line
	}
	if whatsApp != nil {
		acts.Adapters["whatsapp"] = whatsApp
	}
	return &acts
}

func TestACardIsTakenIfItsPlatformShowsIt(t *testing.T) {
	s := newScene(t)
	long := func(n int) string { return strings.Repeat("字", n) }
	for kind, adapter := range all.Adapters(channel.Platform{}) {
		if !adapter.Capabilities().Linking.Source {
			continue
		}
		previewer, ok := adapter.(channel.Previewer)
		if !ok {
			t.Errorf("%s does not say how it shows a card", kind)
			continue
		}
		acts := s.actsOf(adapter, nil)
		taken := 0
		for _, n := range []int{1, 60, 61, 80, 81, 160, 161, 240, 241, 640, 641, 1024, 1025, 4096} {
			for _, pictured := range []bool{false, true} {
				s.n++
				a := withID(activity(), hub.ActivityID(fmt.Sprintf("try%d", s.n)))
				if pictured {
					withImage(&a)
				}
				a.Card.Text, a.Success.Source, a.Failure = long(n), hub.Say{}, hub.Say{}
				_, _, err := acts.Save(ctx, team, a, s.audit("activity.save"))
				var fault *hub.FieldFault
				if err != nil && (!errors.As(err, &fault) || fault.Field != "card" || len(fault.Detail) < 40) {
					t.Fatalf("%s, %d characters: got %v, want the card at fault, and why", kind, n, err)
				}
				if err != nil {
					continue
				}
				taken++
				// What is taken goes out: as the linker makes the card, and chat fits it.
				links := *s.links
				links.Adapters = acts.Adapters
				card, err := links.Sample(ctx, team, a.ID, "line")
				s.must(err)
				messages, _, err := channel.Fit(adapter.Capabilities(), card)
				for _, m := range messages {
					if _, wrong := previewer.Preview(m); wrong != nil {
						err = wrong
					}
				}
				if err != nil || len(messages) == 0 {
					t.Errorf("%s, %d characters, with a picture: %v: it is saved, and its platform does not take it: %v", kind, n, pictured, err)
				}
			}
		}
		if taken < 4 {
			t.Errorf("%s: got %d cards taken, want the short ones at least", kind, taken)
		}
	}
	for n, want := range map[int]bool{160: true, 161: false, 240: false} { // LINE's one button without a picture
		a := withID(activity(), hub.ActivityID(fmt.Sprintf("line%d", n)))
		a.Card.Text = long(n)
		_, _, err := s.actsOf(all.Adapters(channel.Platform{})["line"], nil).Save(ctx, team, a, s.audit("activity.save"))
		if (err == nil) != want || err != nil && !strings.HasSuffix(err.Error(), "card cannot be shown in its channel: text is over 160 characters") {
			t.Errorf("%d characters on LINE: got %v, want it taken: %v", n, err, want)
		}
	}
}

func TestAChannelThatCannotIsRefusedWithItsPlatformsReason(t *testing.T) {
	s := newScene(t)
	for kind, a := range all.Adapters(channel.Platform{}) {
		l := a.Capabilities().Linking
		if reason, ok := map[hub.Channel]string{"messenger": "Facebook", "instagram": "Instagram", "viber": "Viber"}[kind]; ok {
			_, _, err := s.actsOf(nil, a).Save(ctx, team, withID(activity(), "to"+hub.ActivityID(kind)), s.audit("x"))
			if want := "target_account cannot be a target: " + l.NoTarget; err == nil || !strings.HasSuffix(err.Error(), want) || !strings.HasPrefix(l.NoTarget, reason+"'s ") {
				t.Errorf("%s: got %v, want its own reason", kind, err)
			}
		}
		if kind == "viber" {
			_, _, err := s.actsOf(a, nil).Save(ctx, team, withID(activity(), "from"+hub.ActivityID(kind)), s.audit("x"))
			if want := "source_account cannot be a source: " + l.NoSource; err == nil || !strings.HasSuffix(err.Error(), want) || !strings.HasPrefix(l.NoSource, "Viber ") {
				t.Errorf("%s: got %v, want its own reason", kind, err)
			}
		}
	}
}
