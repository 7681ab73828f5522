package disk

import (
	"errors"
	"testing"
)

func TestImageBeginsWhereAnotherWasCopied(t *testing.T) {
	first := &Image{}
	s := first.Record()
	put := func(s *Store, key, value string) {
		t.Helper()
		if err := errors.Join(s.Append(Op{"b", []byte(key), []byte(value)}).Wait(), s.Tip().Wait()); err != nil {
			t.Fatal(err)
		}
	}
	put(s, "k2", "2")
	put(s, "k1", "1")
	put(s, "gone", "x")
	s.Append(Op{"b", []byte("gone"), nil})
	second := first.Copy()
	put(s, "k3", "3")
	for _, c := range []struct {
		name  string
		image *Image
		want  string
	}{{"the first", first, "k1=1 k2=2 k3=3 "}, {"its copy", second, "k1=1 k2=2 "}, {"a fresh one", &Image{}, ""}} {
		start := c.image.Start()
		put(start, "k1", "lost")
		if got := load(t, start, "b"); got != c.want {
			t.Errorf("%s: got %q, want %q, and no write kept", c.name, got, c.want)
		}
		if err := start.Close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	put(second.Record(), "k1", "one")
	if a, b := load(t, first.Start(), "b"), load(t, second.Start(), "b"); a != "k1=1 k2=2 k3=3 " || b != "k1=one k2=2 " {
		t.Errorf("got %q and %q after a write to the copy, want one of them changed", a, b)
	}
}
