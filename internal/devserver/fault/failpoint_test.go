package fault

import (
	"encoding/json"
	"strings"
	"testing"

	"omnihub/internal/failpoint"
)

func points(t *testing.T, text string) *Failpoints {
	t.Helper()
	p, err := ParseFailpoints(json.RawMessage(text), find)
	if err != nil {
		t.Fatal(err)
	}
	f := &Failpoints{}
	f.Set(p)
	return f
}

// lives writes down where a function dies at a point.
func lives(t *testing.T, f *Failpoints, function string, point failpoint.Point, n int) string {
	t.Helper()
	out := ""
	for range n {
		die, err := f.Hit(function, point)
		if err != nil {
			t.Fatal(err)
		}
		if die {
			out += "x"
		} else {
			out += "."
		}
	}
	return out
}

func TestFailpointsRefuseWhatTheyDoNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		`{"points":[{"function":"nobody","point":"after_claim"}]}`:                   `no function "nobody"`,
		`{"points":[{"point":"after_claim"}]}`:                                       `no function ""`,
		`{"points":[{"function":"*","point":"after_lunch"}]}`:                        `no point "after_lunch"`,
		`{"points":[{"function":"*","point":"after_claim","rate":2}]}`:               "points[0]: the rate 2",
		`{"points":[{"function":"*","point":"after_claim","rate":1,"count":-1}]}`:    "count -1",
		`{"points":[{"function":"*","point":"after_claim","rate":1,"chance":true}]}`: "chance",
		`{"rules":[]}`: "rules",
		`null`:         "object",
	} {
		if _, err := ParseFailpoints(json.RawMessage(text), find); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
	f := &Failpoints{}
	if _, err := f.Hit("inbound", "after_lunch"); err == nil || !strings.Contains(err.Error(), "after_lunch") {
		t.Errorf("hit: got %v, want an error that names the point", err)
	}
	if got := lives(t, f, "inbound", failpoint.AfterWrite, 20); strings.Contains(got, "x") {
		t.Errorf("without a plan: got %s, want nobody dead", got)
	}
}

func TestNthHitDecidesWhateverComesBetween(t *testing.T) {
	const text = `{"seed":5,"points":[{"function":"*","point":"after_write","rate":0.4}]}`
	want := lives(t, points(t, text), "inbound", failpoint.AfterWrite, 50)
	busy := points(t, text)
	lives(t, busy, "relay", failpoint.AfterWrite, 7)
	lives(t, busy, "inbound", failpoint.BeforeWrite, 7)
	if got := lives(t, busy, "inbound", failpoint.AfterWrite, 50); got != want {
		t.Errorf("between other hits: got %s, want %s", got, want)
	}
	if n := strings.Count(want, "x"); n < 8 || n > 32 {
		t.Errorf("at a rate of 0.4: got %d of 50", n)
	}
	if got := lives(t, points(t, strings.Replace(text, "5", "6", 1)), "inbound", failpoint.AfterWrite, 50); got == want {
		t.Error("another seed: got the same deaths, want others")
	}
}

func TestCountEndsAFailpoint(t *testing.T) {
	f := points(t, `{"points":[{"function":"inbound","point":"mid_batch","rate":1,"count":3},{"function":"Relay","point":"mid_batch","rate":1}]}`)
	if got, want := lives(t, f, "inbound", failpoint.MidBatch, 6), "xxx..."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := lives(t, f, "relay", failpoint.MidBatch, 4), "xxxx"; got != want {
		t.Errorf("another failpoint: got %s, want %s", got, want)
	}
	f.Set(FailpointPlan{})
	lives(t, f, "inbound", failpoint.MidBatch, 2)
	p, passages := f.State()
	if got := passages["inbound"][failpoint.MidBatch]; got != (Passage{Hits: 8, Kills: 3}) || len(p.Points) != 0 {
		t.Errorf("passages: got %+v with %+v, want 8 hits and 3 kills, and no plan", got, p)
	}
}
