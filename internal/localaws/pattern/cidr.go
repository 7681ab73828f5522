package pattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// cidr makes the test of a range of addresses. It begins at the address that is
// written, as in the published matcher, and not at the first of its network.
func cidr(argument any) (test, string) {
	text, ok := argument.(string)
	if !ok {
		return nil, "prefix match pattern must be a string" // AWS's own words
	}
	address, mask, found := strings.Cut(text, "/")
	if !found || strings.Contains(mask, "/") {
		return nil, "Malformed CIDR, one '/' required"
	}
	bits, err := strconv.Atoi(mask)
	switch {
	case err != nil:
		return nil, "Malformed CIDR, mask bits must be an integer"
	case bits < 0:
		return nil, "Malformed CIDR, mask bits must not be negative"
	}
	low, ok := ip(address)
	switch {
	case !ok:
		return nil, "Nonstandard IP address: " + address
	case low.Is4() && bits > 31:
		return nil, "IPv4 mask bits must be < 32"
	case bits > 127:
		return nil, "IPv6 mask bits must be < 128"
	}
	top := low.AsSlice()
	for i := range top {
		switch host := 8*(i+1) - bits; {
		case host >= 8:
			top[i] = 0xFF
		case host > 0:
			top[i] |= 1<<host - 1
		}
	}
	high, _ := netip.AddrFromSlice(top)
	return func(v any) bool {
		text, ok := v.(string)
		if !ok {
			return false
		}
		a, ok := ip(text)
		return ok && a.BitLen() == low.BitLen() && low.Compare(a) <= 0 && a.Compare(high) <= 0
	}, ""
}

// ip reads an address of version 4 or 6, without zone and without a mix of both.
func ip(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Zone() == "" && (a.Is4() || !strings.Contains(text, "."))
}
