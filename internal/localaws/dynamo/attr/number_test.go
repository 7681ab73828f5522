package attr

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// numberText draws a number as a client might write it, within the limits.
func numberText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		sign := rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, "sign")
		digits := rapid.StringMatching(`[0-9]{1,38}`).Draw(t, "digits")
		point := rapid.IntRange(0, len(digits)).Draw(t, "point")
		text := sign + digits[:point] + "." + digits[point:]
		if rapid.Bool().Draw(t, "exponent") {
			text += fmt.Sprintf("e%+d", rapid.IntRange(-80, 80).Draw(t, "exp"))
		}
		return text
	})
}

func rational(text string) *big.Rat {
	r, _ := new(big.Rat).SetString(text)
	return r
}

func TestNormalFormIsTheSameNumberAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := numberText().Draw(t, "number")
		got, err := Number(in)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if rational(got).Cmp(rational(in)) != 0 {
			t.Errorf("%s: got %s", in, got)
		}
		again, err := Number(got)
		if err != nil || again != got {
			t.Errorf("%s: got %s, then %s (%v)", in, got, again, err)
		}
		if strings.ContainsAny(got, "eE+") || got != "0" && strings.Contains(got, ".") && strings.HasSuffix(got, "0") || strings.HasSuffix(got, ".") || got == "-0" {
			t.Errorf("%s: got %s, which is no normal form", in, got)
		}
	})
}

func TestOrderOfNumbersAndOfTheirKeysIsNumeric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := Number(numberText().Draw(t, "a"))
		b, _ := Number(numberText().Draw(t, "b"))
		if rapid.Bool().Draw(t, "near") {
			b, _ = Number(strings.TrimSuffix(a, a[len(a)-1:]) + rapid.StringMatching(`[0-9]`).Draw(t, "last"))
		}
		if a == "" || b == "" {
			return
		}
		want := rational(a).Cmp(rational(b))
		if got := CompareNumbers(a, b); got != want {
			t.Errorf("%s and %s: got order %d, want %d", a, b, got, want)
		}
		if got := strings.Compare(numberKey(a), numberKey(b)); got != want {
			t.Errorf("%s and %s: got order %d of the keys, want %d", a, b, got, want)
		}
	})
}

func TestSumsAreExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := Number(numberText().Draw(t, "a"))
		b, _ := Number(numberText().Draw(t, "b"))
		minus := rapid.Bool().Draw(t, "minus")
		want := new(big.Rat)
		if want.Add(rational(a), rational(b)); minus {
			want.Sub(rational(a), rational(b))
		}
		got, err := Add(a, b, minus)
		if err != nil {
			if exact := want.FloatString(200); len(strings.Trim(strings.Replace(strings.TrimPrefix(exact, "-"), ".", "", 1), "0")) <= maxDigits {
				t.Errorf("%s and %s: got %v for %s", a, b, err, exact)
			}
			return
		}
		if rational(got).Cmp(want) != 0 {
			t.Errorf("%s and %s: got %s, want %s", a, b, got, want.FloatString(60))
		}
	})
}

func TestNumberSizes(t *testing.T) {
	for in, want := range map[string]int{"0": 1, "-0": 1, "1": 2, "12": 2, "123": 3, "1234": 3, "0042": 2, "100": 2, "1010": 3, "0.0000001": 2,
		"1E125": 2, "1E-100": 2, "1.5": 3, "15": 2, "1.2": 3, "1.200": 3, "1.234": 4, "3.14159": 5, "123456": 4, "100.5": 4, "0.15": 2, "-42": 3,
		"12345678901234567890123456789012345678": 20} {
		n, err := Number(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Value{Kind: N, Text: n}).Size(); got != want {
			t.Errorf("%s: got %d bytes, want %d", in, got, want)
		}
	}
}
