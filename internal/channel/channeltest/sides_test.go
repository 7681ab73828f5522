package channeltest

import (
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

func TestSidesWithoutReasonAreFound(t *testing.T) {
	const why = "No link leads into the toy"
	for name, c := range map[string]struct {
		linking hub.Linking
		want    string
	}{
		"a source":                 {hub.Linking{Source: true, NoTarget: why}, ""},
		"neither":                  {hub.Linking{NoSource: why, NoTarget: why}, ""},
		"no source, unsaid":        {hub.Linking{NoTarget: why}, "OmniLink's source: it can be it: false"},
		"no target, unsaid":        {hub.Linking{Source: true}, "OmniLink's target: it can be it: false"},
		"a source that cannot be":  {hub.Linking{Source: true, NoSource: why, NoTarget: why}, "OmniLink's source: it can be it: true"},
		"a reason that tells none": {hub.Linking{Source: true, NoTarget: "impossible"}, `got "impossible"`},
		"a whole sentence":         {hub.Linking{Source: true, NoTarget: why + "."}, "a clause"},
	} {
		tells(t, name, sides(toy{capabilities: channel.Capabilities{Linking: c.linking}}), c.want)
	}
}
