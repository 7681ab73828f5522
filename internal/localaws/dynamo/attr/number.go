package attr

import (
	"math/big"
	"strings"

	"omnihub/internal/localaws/wire"
)

// Limits of a number, as the data types page of the developer guide states them:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// decimal is a number without its zeros: ±d.ddd × 10^exp, where digits has
// neither leading nor trailing zeros. Zero has no digits.
type decimal struct {
	neg    bool
	digits string
	exp    int
}

// Number reads a number as a client writes it and returns its normal form: plain
// decimal notation without exponent, leading or trailing zeros. Two numbers are
// equal exactly if their normal forms are.
func Number(text string) (string, error) {
	if isSmallInteger(text) {
		return text, nil
	}
	d, ok := parseDecimal(text)
	if !ok {
		if text == "" {
			return "", wire.Validation("The parameter cannot be converted to a numeric value")
		}
		return "", wire.Validation("The parameter cannot be converted to a numeric value: %s", text)
	}
	if err := d.check(); err != nil {
		return "", err
	}
	return d.String(), nil
}

// isSmallInteger tells that text is an integer in normal form of up to 17 digits.
func isSmallInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) == 0 || len(digits) > 17 {
		return false
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return digits[0] != '0' || text == "0"
}

// parseDecimal reads [sign] digits [. digits] [e [sign] digits]. It does not check
// the limits of a number.
func parseDecimal(text string) (decimal, bool) {
	var d decimal
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.neg = rest[0] == '-'
		rest = rest[1:]
	}
	mantissa, exponent, hasExp := rest, "", false
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent, hasExp = rest[:i], rest[i+1:], true
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	if whole == "" && frac == "" || !allDigits(whole) || !allDigits(frac) {
		return d, false
	}
	exp := 0
	if hasExp {
		sign := 1
		if exponent != "" && (exponent[0] == '-' || exponent[0] == '+') {
			if exponent[0] == '-' {
				sign = -1
			}
			exponent = exponent[1:]
		}
		if exponent == "" || !allDigits(exponent) {
			return d, false
		}
		for _, c := range exponent {
			exp = min(exp*10+int(c-'0'), 1_000_000)
		}
		exp *= sign
	}
	all := whole + frac
	significant := strings.TrimLeft(all, "0")
	d.exp = exp + len(whole) - 1 - (len(all) - len(significant))
	d.digits = strings.TrimRight(significant, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	return d, true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (d decimal) check() error {
	switch {
	case d.digits == "":
		return nil
	case d.exp > maxExponent:
		return wire.Validation("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case d.exp < minExponent:
		return wire.Validation("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(d.digits) > maxDigits:
		return wire.Validation("Attempting to store more than 38 significant digits in a Number")
	}
	return nil
}

// String is the normal form.
func (d decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	var b strings.Builder
	if d.neg {
		b.WriteByte('-')
	}
	switch n := len(d.digits); {
	case d.exp < 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -d.exp-1))
		b.WriteString(d.digits)
	case n <= d.exp+1:
		b.WriteString(d.digits)
		b.WriteString(strings.Repeat("0", d.exp+1-n))
	default:
		b.WriteString(d.digits[:d.exp+1])
		b.WriteByte('.')
		b.WriteString(d.digits[d.exp+1:])
	}
	return b.String()
}

// Add returns a+b, or a-b if minus, of two numbers in normal form. A result that
// no number can hold is an error.
func Add(a, b string, minus bool) (string, error) {
	x, _ := parseDecimal(a)
	y, _ := parseDecimal(b)
	scale := 0
	for _, d := range []decimal{x, y} {
		scale = max(scale, len(d.digits)-1-d.exp)
	}
	sum, second := x.scaled(scale), y.scaled(scale)
	if minus {
		sum.Sub(sum, second)
	} else {
		sum.Add(sum, second)
	}
	text := sum.String()
	neg := strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(text, "-")
	d := decimal{neg: neg, digits: strings.TrimRight(text, "0"), exp: len(text) - 1 - scale}
	if err := d.check(); err != nil {
		return "", err
	}
	return d.String(), nil
}

// scaled is the number times 10^scale, where scale leaves no fraction.
func (d decimal) scaled(scale int) *big.Int {
	n := new(big.Int)
	if d.digits == "" {
		return n
	}
	n.SetString(d.digits+strings.Repeat("0", scale-(len(d.digits)-1-d.exp)), 10)
	if d.neg {
		n.Neg(n)
	}
	return n
}

// CompareNumbers orders two numbers in normal form: -1, 0 or 1.
func CompareNumbers(a, b string) int {
	aNeg, bNeg := a[0] == '-', b[0] == '-'
	switch {
	case a == b:
		return 0
	case aNeg && bNeg:
		return compareMagnitudes(b[1:], a[1:])
	case aNeg:
		return -1
	case bNeg:
		return 1
	}
	return compareMagnitudes(a, b)
}

func compareMagnitudes(a, b string) int {
	aWhole, aFrac, _ := strings.Cut(a, ".")
	bWhole, bFrac, _ := strings.Cut(b, ".")
	if len(aWhole) != len(bWhole) {
		if len(aWhole) < len(bWhole) {
			return -1
		}
		return 1
	}
	if c := strings.Compare(aWhole, bWhole); c != 0 {
		return c
	}
	return strings.Compare(aFrac, bFrac)
}

// numberSize is what a number in normal form counts in the size of an item: one
// byte, one for every two digits on either side of the point, rounded up on each
// side, and one for a minus sign. Leading and trailing zeros do not count.
func numberSize(text string) int {
	d, _ := parseDecimal(text)
	if d.digits == "" {
		return 1
	}
	whole := min(max(d.exp+1, 0), len(d.digits))
	size := 1 + (whole+1)/2 + (len(d.digits)-whole+1)/2
	if d.neg {
		size++
	}
	return size
}

// numberKey writes a number in normal form so that the order of the bytes is the
// order of the numbers: sign, exponent, pairs of digits.
func numberKey(text string) string {
	d, _ := parseDecimal(text)
	if d.digits == "" {
		return "\x80"
	}
	key := make([]byte, 0, 3+len(d.digits)/2+1)
	key = append(key, 0x81, byte(d.exp-minExponent))
	for i := 0; i < len(d.digits); i += 2 {
		pair := (d.digits[i] - '0') * 10
		if i+1 < len(d.digits) {
			pair += d.digits[i+1] - '0'
		}
		key = append(key, pair+1)
	}
	if d.neg {
		key[0] = 0x7f
		for i := 1; i < len(key); i++ {
			key[i] = ^key[i]
		}
		key = append(key, 0xff)
	}
	return string(key)
}
