package hub_test

import (
	"strings"
	"testing"

	"omnihub/internal/hub"
)

func TestAttributeValues(t *testing.T) {
	good := map[hub.AttributeType][]string{
		hub.AttributeText:   {"", "a", "two\nlines", strings.Repeat("界", 1000)},
		hub.AttributeNumber: {"", "0", "-0.5", "0.1", "12345678901234567890.123456789012345678", strings.Repeat("9", 38), "-" + strings.Repeat("9", 38)},
		hub.AttributeDate:   {"", "2026-11-23", "2028-02-29"},
		hub.AttributeDateTime: {
			"", "2026-11-23T09:30:00+08:00", "2026-11-23T09:30:00Z", "2026-11-23T09:30:00.123456789-03:30",
		},
		hub.AttributeBoolean: {"", "true", "false"},
	}
	bad := map[hub.AttributeType][]string{
		hub.AttributeText:   {"a\x00", "a\tb", "\xff", strings.Repeat("界", 1001)},
		hub.AttributeNumber: {" ", "1e3", "+1", "01", ".5", "1.", "1,000", "NaN", "0x1", strings.Repeat("9", 39), "0.1234567890123456789", "1\n"},
		hub.AttributeDate:   {"2027-02-29", "2026-11-31", "26-11-23", "2026/11/23", "2026-11-23T00:00:00Z"},
		hub.AttributeDateTime: {
			"2026-11-23", "2026-11-23T09:30:00", "2026-11-23 09:30:00Z", "2026-11-23T9:30:00Z", "2026-11-23T09:30:00,5Z", "2026-11-23T25:00:00Z",
			"2026-02-29T09:30:00Z",
		},
		hub.AttributeBoolean: {"True", "1", "yes"},
		"money":              {"1"},
	}
	for kind, values := range good {
		for _, v := range values {
			if err := kind.Check(v); err != nil {
				t.Errorf("%s %q: got %v, want it taken", kind, v, err)
			}
		}
	}
	for kind, values := range bad {
		for _, v := range values {
			if err := kind.Check(v); hub.CodeOf(err) != hub.BadRequest {
				t.Errorf("%s %q: got %v, want bad_request", kind, v, err)
			}
		}
	}
}

func TestAttributeDefinitions(t *testing.T) {
	for _, kind := range hub.AttributeTypes() {
		if err := (hub.Attribute{Key: "Size_2", Type: kind, Title: "尺寸"}).Check(); err != nil {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	for what, d := range map[string]hub.Attribute{
		"no key":      {Type: "text"},
		"a point":     {Key: "a.b", Type: "text"},
		"a long key":  {Key: strings.Repeat("a", 65), Type: "text"},
		"a new line":  {Key: "a\n", Type: "text"},
		"another":     {Key: "a", Type: "money"},
		"a title":     {Key: "a", Type: "text", Title: strings.Repeat("a", 101)},
		"two lines":   {Key: "a", Type: "text", Title: "a\nb"},
		"description": {Key: "a", Type: "text", Description: strings.Repeat("a", 501)},
	} {
		if err := d.Check(); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %v, want bad_request", what, err)
		}
	}
}
