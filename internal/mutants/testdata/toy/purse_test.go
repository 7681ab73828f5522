package toy

import "testing"

func TestPurseNeverOwes(t *testing.T) {
	p := Purse{coins: 3}
	if p.Take(5) || p.coins != 3 {
		t.Errorf("got %d coins, want 3", p.coins)
	}
}

func TestPurseGives(t *testing.T) {
	p := Purse{coins: 3}
	if !p.Take(2) {
		t.Fatal("got nothing, want two coins")
	}
}

func TestPurseIsRed(t *testing.T) { t.Error("got no colour, want red") }
