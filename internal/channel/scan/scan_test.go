package scan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"omnihub/internal/channel/scan"
)

func TestValidKnowsJSON(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, ` [ 1 , -2.5e+3 , "a\u00e4\n" , true , false , null , {"a":{}} ] `: true, `"x"`: true, `0`: true, `-0.0`: true,
		``: false, ` `: false, `{`: false, `[`: false, `{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false, `[1,]`: false, `[,]`: false,
		`{a:1}`: false, `'a'`: false, `"a`: false, "\"\x01\"": false, `"\x"`: false, `"\u12g4"`: false, `"\u12"`: false,
		`01`: false, `1.`: false, `.5`: false, `+1`: false, `-`: false, `1e`: false, `tru`: false, `nullx`: false, `1 2`: false, `{}}`: false,
		strings.Repeat("[", 64) + strings.Repeat("]", 64): true,
		strings.Repeat("[", 65) + strings.Repeat("]", 65): false,
		strings.Repeat("[", 1_000_000):                    false,
	} {
		if got := scan.Valid([]byte(text)); got != want {
			t.Errorf("%.40q: got %v, want %v", text, got, want)
		}
	}
}

func TestGetTakesTheLastOfItsName(t *testing.T) {
	for _, c := range []struct{ text, name, want string }{
		{`{"a":1,"b":[2],"a":{"b":3}}`, "a", `{"b":3}`},
		{`{"\u0061": "x" }`, "a", `"x"`},
		{`{"b":{"a":1}}`, "a", ""},
		{`[{"a":1}]`, "a", ""},
		{`"a"`, "a", ""},
		{`{"a":1`, "a", ""},
		{``, "a", ""},
	} {
		if got := scan.Get([]byte(c.text), c.name); string(got) != c.want {
			t.Errorf("%s of %s: got %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestArraysAreReadInOrder(t *testing.T) {
	var got []string
	for e := range scan.Each([]byte(` [1, {"a":[2]} ,"x"]`)) {
		got = append(got, string(e))
	}
	if text := strings.Join(got, "|"); text != `1|{"a":[2]}|"x"` {
		t.Errorf("got %s", text)
	}
	if got := scan.First([]byte(`[ {"a":1} , 2]`)); string(got) != `{"a":1}` {
		t.Errorf("first: got %s", got)
	}
	for _, none := range []string{``, `[]`, `{}`, `{"a":[1]}`, `7`} {
		if got := scan.First([]byte(none)); got != nil {
			t.Errorf("first of %s: got %s, want none", none, got)
		}
		for e := range scan.Each([]byte(none)) {
			t.Errorf("each of %s: got %s, want none", none, e)
		}
	}
	for range scan.Each([]byte(`[1,2,3]`)) {
		break
	}
}

func TestWordReadsNumbersInBothWays(t *testing.T) {
	for text, want := range map[string]string{
		`"106540352242922"`: "106540352242922", `106540352242922`: "106540352242922", `"abc"`: "abc", `0`: "0",
		`-1`: "", `1.5`: "", `1e3`: "", `true`: "", `null`: "", `{}`: "", `[]`: "", ``: "", `123456789012345678901`: "",
	} {
		if got := scan.Word([]byte(text)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestKindsOfValuesAreTold(t *testing.T) {
	for text, want := range map[string]struct{ object, number bool }{
		`{}`: {true, false}, `0`: {false, true}, `12.5`: {false, true}, `-1`: {false, true},
		`"1"`: {}, `[1]`: {}, `true`: {}, `null`: {}, ``: {},
	} {
		if o, n := scan.IsObject([]byte(text)), scan.IsNumber([]byte(text)); o != want.object || n != want.number {
			t.Errorf("%s: got object %v, number %v, want %v, %v", text, o, n, want.object, want.number)
		}
	}
}

// FuzzScan: what is valid here is valid to the standard decoder, and the other way
// round unless it is too deep; texts and members are read alike.
func FuzzScan(f *testing.F) {
	for _, text := range []string{
		`{"a":"\u00e4\ud83d\ude00\ud83d\u0041\ude00","b":[1,-2.5e3,true,null]}`, `"\"\\\/\b\f\n\r\t"`, "\"\xff\xed\xa0\x80\"", `{"\u0061":1,"a":2}`,
		`"\uD83D\uDE00\uAbCd"`, `"\ud83d\u12"`, ` {"a" : {"a":{}} } `,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		valid := json.Valid(text)
		if got := scan.Valid(text); got != valid && (got || bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= scan.MaxDepth) {
			t.Fatalf("%q: got valid %v, want %v", text, got, valid)
		}
		if !scan.Valid(text) {
			return
		}
		trimmed := bytes.TrimSpace(text)
		var s string
		if json.Unmarshal(text, &s) != nil {
			s = ""
		}
		if got := scan.Text(trimmed); got != s {
			t.Fatalf("text of %q: got %q, want %q", text, got, s)
		}
		if s != "" && !scan.Is(trimmed, s) && !strings.Contains(s, "\uFFFD") {
			t.Fatalf("%q is not %q", text, s)
		}
		var members map[string]json.RawMessage
		_ = json.Unmarshal(text, &members)
		for name, value := range members {
			if strings.Contains(name, "\uFFFD") {
				continue // several names may have become one
			}
			if got := scan.Get(text, name); !bytes.Equal(got, value) {
				t.Fatalf("member %q of %q: got %q, want %q", name, text, got, value)
			}
		}
		var elements []json.RawMessage
		_ = json.Unmarshal(text, &elements)
		n := 0
		for e := range scan.Each(text) {
			if n >= len(elements) || !bytes.Equal(e, elements[n]) {
				t.Fatalf("element %d of %q: got %q", n, text, e)
			}
			n++
		}
		if n != len(elements) {
			t.Fatalf("elements of %q: got %d, want %d", text, n, len(elements))
		}
	})
}

func TestWholeIsExactOrNone(t *testing.T) {
	for value, want := range map[string]int64{
		"": 0, "0": 0, "7": 7, "1791170415123": 1791170415123, "999999999999999999": 999999999999999999,
		"1000000000000000000": 0, "-1": 0, "1.0": 0, "1e3": 0, `"7"`: 0, " 7": 0, "null": 0,
	} {
		if got := scan.Whole([]byte(value), 18); got != want {
			t.Errorf("%q: got %d, want %d", value, got, want)
		}
	}
	if got := scan.Whole([]byte("12345"), 4); got != 0 {
		t.Errorf("a digit too many: got %d, want 0", got)
	}
}

func TestANameIsShort(t *testing.T) {
	long := strings.Repeat("x", scan.MaxName-2)
	for value, want := range map[string]string{`"a"`: "a", "7": "7", `"` + long + `"`: long, `"` + long + `x"`: "", "{}": "", "": ""} {
		if got := scan.Name([]byte(value)); got != want {
			t.Errorf("%.20q: got %.20q, want %.20q", value, got, want)
		}
	}
}
