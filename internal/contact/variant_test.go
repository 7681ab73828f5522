package contact_test

import (
	"slices"
	"strings"
	"testing"

	"omnihub/internal/contact"
)

func TestVariantsAreTheOtherWaysToWriteANumber(t *testing.T) {
	for phone, want := range map[string]string{
		// São Paulo got the 9 in 2012, Curitiba in 2016.
		"+5511987654321": "+551187654321",
		"+551187654321":  "+5511987654321",
		"+554199887766":  "+5541999887766",
		"+5541999887766": "+554199887766",
		"+551133445566":  "", // a line of a house: 2 to 5 in front
		"+5511933445566": "", // and no mobile number had 3 in front before
		"+55118765432":   "",
		// Mexico City, Monterrey.
		"+5215512345678":  "+525512345678",
		"+525512345678":   "+5215512345678",
		"+5218112345678":  "+528112345678",
		"+52551234567":    "",
		"+52255123456789": "",
		// Buenos Aires: 11 and eight digits.
		"+5491123456789":  "+541123456789 +54111523456789",
		"+541123456789":   "+5491123456789 +54111523456789",
		"+54111523456789": "+541123456789 +5491123456789",
		// Córdoba: 351 and seven; Villa Carlos Paz: 3541 and six. Which it is the number alone
		// does not tell.
		"+5493514567890":  "+543514567890 +54351154567890 +54351415567890",
		"+54351154567890": "+543514567890 +5493514567890 +54351415567890",
		"+54354115456789": "+543541456789 +5493541456789 +54354151456789",
		"+5411":           "",
		"+886911223344":   "", // Taiwan
		"+14155550100":    "",
		"":                "",
	} {
		got := strings.Join(contact.Variants(phone), " ")
		if !sameWords(got, want) {
			t.Errorf("%s: got %q, want %q", phone, got, want)
		}
	}
}

// TestVariantsLeadBack: whoever finds a number by another way to write it is found by
// that one.
func TestVariantsLeadBack(t *testing.T) {
	for _, phone := range []string{"+5511987654321", "+525512345678", "+5491123456789", "+5493514567890", "+543541456789", "+54354115456789"} {
		for _, v := range contact.Variants(phone) {
			if !slices.Contains(contact.Variants(v), phone) {
				t.Errorf("%s leads to %s, which leads to %v", phone, v, contact.Variants(v))
			}
		}
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
