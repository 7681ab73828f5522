package queue

import "testing"

func TestNamesOfAStacksQueuesAreKnown(t *testing.T) {
	for name, want := range map[string]string{
		"omnihub-InboundQueue.fifo":                        "InboundQueue",
		"omnihub-InboundQueue-1A2B3C4D5E6F.fifo":           "InboundQueue",
		"omnihub-ProfileDeadLetters-aBcDeFgHiJkL":          "ProfileDeadLetters",
		"omnihub-InboundQueue":                             "InboundQueue",
		"omnihub-prod-InboundQueue-1A2B3C4D5E6F.fifo":      "",
		"omnihub-prod-InboundQueue.fifo":                   "",
		"omnihub-Something":                                "",
		"omnihub-InboundQueue-1A2B3C4D5E6F-1A2B3C4D5.fifo": "",
	} {
		got := logical("omnihub", name)
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := logical("omnihub-prod", "omnihub-prod-InboundQueue-1A2B3C4D5E6F.fifo"); got != "InboundQueue" {
		t.Errorf("got %q", got)
	}
}
