package hub

import (
	"strings"
	"testing"
)

// TestLongPlatformIDStandsHashedInAKey: an id of WhatsApp holds the customer's number.
func TestLongPlatformIDStandsHashedInAKey(t *testing.T) {
	const long = "wamid.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0EzNDU2Nzg5MDEyMzQ1Njc4OTAA"
	for id, want := range map[string]bool{
		"577102334455667701": true, "01K6S9Z2Q8M4X7B3N5T0V1W201": true, "0b7f3f0e-5c1a-4d4e-9a55-1d0f0c3f7a21": true, long: false,
	} {
		if got := strings.Contains(string(NewMessageKey(1, id)), id); got != want {
			t.Errorf("%s stands in a key in clear: got %v, want %v", id, got, want)
		}
	}
	if a, b := ShortID(long), ShortID(long+"B"); a == b || a != ShortID(long) {
		t.Errorf("got %s and %s, want a hash for each", a, b)
	}
}
