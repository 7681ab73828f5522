package env

import (
	"testing"
	"time"
)

func TestBackoffStaysShort(t *testing.T) {
	for attempt, limit := range map[int]time.Duration{0: 51, 1: 51, 2: 101, 3: 201, 4: 401, 60: 401} {
		for range 200 {
			got, err := backoff(attempt, nil)
			if err != nil || got <= 0 || got > limit*time.Millisecond {
				t.Fatalf("attempt %d: got %v (%v), want more than 0 and up to %d ms", attempt, got, err, limit)
			}
		}
	}
}

func TestRetryerGivesUpSoon(t *testing.T) {
	if got := retryer().MaxAttempts(); got != attempts {
		t.Errorf("got %d attempts, want %d", got, attempts)
	}
}
