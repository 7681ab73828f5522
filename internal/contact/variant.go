package contact

import (
	"strings"
)

// Variants are the other ways in which people and platforms write a phone number, in
// E.164. They are guesses: who has them may be one person, for a member to decide.
//
// Brazil's mobile numbers got a 9 before them, behind the area code, and WhatsApp still
// gives some without it: https://en.wikipedia.org/wiki/Telephone_numbers_in_Brazil
//
// Argentina's mobile numbers have a 9 behind the country code when they are called from
// abroad, and a 15 behind the area code at home:
// https://en.wikipedia.org/wiki/Telephone_numbers_in_Argentina
//
// Mexico's mobile numbers had a 1 behind the country code until 2019, and WhatsApp
// still gives it: https://en.wikipedia.org/wiki/Telephone_numbers_in_Mexico
func Variants(phone string) []string {
	switch {
	case strings.HasPrefix(phone, "+55"):
		return brazil(phone[3:])
	case strings.HasPrefix(phone, "+54"):
		return argentina(phone[3:])
	case strings.HasPrefix(phone, "+52"):
		return mexico(phone[3:])
	}
	return nil
}

// brazil takes two digits of an area and eight or nine of a number. Only numbers that
// begin with 6 to 9 are mobile.
func brazil(national string) []string {
	mobile := func(number string) bool { return number[0] >= '6' }
	switch {
	case len(national) == 10 && mobile(national[2:]):
		return []string{"+55" + national[:2] + "9" + national[2:]}
	case len(national) == 11 && national[2] == '9' && mobile(national[3:]):
		return []string{"+55" + national[:2] + national[3:]}
	}
	return nil
}

func mexico(national string) []string {
	switch {
	case len(national) == 10:
		return []string{"+521" + national}
	case len(national) == 11 && national[0] == '1':
		return []string{"+52" + national[1:]}
	}
	return nil
}

// argentina takes an area of 2 to 4 digits and a number, which are 10 together.
func argentina(national string) []string {
	var plain []string // without 9 and 15
	switch {
	case len(national) == 10:
		plain = []string{national}
	case len(national) == 11 && national[0] == '9':
		plain = []string{national[1:]}
	case len(national) == 12:
		for _, area := range areas(national) {
			if national[area:area+2] == "15" {
				plain = append(plain, national[:area]+national[area+2:])
			}
		}
	}
	var out []string
	for _, p := range plain {
		forms := []string{p, "9" + p}
		for _, area := range areas(p) {
			forms = append(forms, p[:area]+"15"+p[area:])
		}
		for _, f := range forms {
			if f != national {
				out = append(out, "+54"+f)
			}
		}
	}
	return out
}

// areas are the lengths that the area code of an Argentine number may have: Buenos
// Aires is 11, all others are longer.
func areas(national string) []int {
	if strings.HasPrefix(national, "11") {
		return []int{2}
	}
	return []int{3, 4}
}
