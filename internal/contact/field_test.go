package contact_test

import (
	"errors"
	"strings"
	"testing"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestFieldsAreBroughtIntoOneForm(t *testing.T) {
	defs := attributes(t, hubtest.New(t))
	for _, c := range []struct{ field, value, want string }{
		{"member_id", " M-001 ", "M-001"},
		{"member_id", strings.Repeat("會", 100), strings.Repeat("會", 100)},
		{"name", "小安 Anna", "小安 Anna"},
		{"name", "", ""},
		{"name", "  \n ", ""},
		{"email", " Anna.Lin+Shop@Example.COM ", "anna.lin+shop@example.com"},
		{"email", "anna@mail.example.co.uk", "anna@mail.example.co.uk"},
		{"email", "安娜@例子.台灣", "安娜@例子.台灣"},
		{"phone", "886911223344", "+886911223344"},
		{"phone", "+886 911-223-344", "+886911223344"},
		{"phone", "00886 (911) 223.344", "+886911223344"},
		{"phone", "+55 11 99999-8888", "+5511999998888"},
		{"phone", "85291122333", "+85291122333"},
		{"birthday", "2000-02-29", "2000-02-29"},
		{"language", "zh-tw", "zh-TW"},
		{"language", "ZH-hant-tw", "zh-Hant-TW"},
		{"language", "es-419", "es-419"},
		{"language", "en-a-bb", "en-a-bb"},
		{"note", "first\r\nsecond\nthird", "first\nsecond\nthird"},
		{"note", strings.Repeat("記", 2000), strings.Repeat("記", 2000)},
		{"crm_id", "0035g00000A1b2C", "0035g00000A1b2C"},
		{"attr.size", "XL", "XL"},
		{"attr.points", "-12.50", "-12.50"},
		{"attr.since", "2024-01-31", "2024-01-31"},
		{"attr.seen", "2024-07-31T12:00:37.206+08:00", "2024-07-31T12:00:37.206+08:00"},
		{"attr.vip", "true", "true"},
		{"attr.size", "two\nlines", "two\nlines"},
		{"attr.old", "", ""},
	} {
		got, err := contact.Clean([]contact.Change{{c.field, c.value}}, defs)
		if err != nil || got[0] != (contact.Change{Field: c.field, Value: c.want}) {
			t.Errorf("%s %q: got %q, %v, want %q", c.field, c.value, got, err, c.want)
		}
	}
}

func TestWrongFieldIsNamedWithoutItsValue(t *testing.T) {
	defs := attributes(t, hubtest.New(t))
	for _, c := range []struct{ field, value string }{
		{"member_id", strings.Repeat("m", 101)},
		{"name", strings.Repeat("名", 201)},
		{"name", "An\nna"}, {"name", "An\x00na"}, {"name", "An\xffna"}, {"name", "An\u0085na"},
		{"email", "anna"}, {"email", "@example.com"}, {"email", "anna@"}, {"email", "anna@example"}, {"email", "anna@exa mple.com"},
		{"email", "a@b@example.com"}, {"email", "anna@example..com"}, {"email", "anna@-example.com"}, {"email", "Anna <anna@example.com>"},
		{"email", strings.Repeat("a", 65) + "@example.com"}, {"email", "anna@" + strings.Repeat("a.", 130) + "com"},
		{"phone", "0911223344"}, {"phone", "+1234567"}, {"phone", "+1234567890123456"}, {"phone", "+88691122334x"}, {"phone", "++886911223344"},
		{"phone", "+０886911223344"},
		{"birthday", "2001-02-29"}, {"birthday", "2001-2-3"}, {"birthday", "31.12.2001"},
		{"language", "zh_TW"}, {"language", "z"}, {"language", "english language"},
		{"note", strings.Repeat("n", 2001)}, {"note", "tab\there"},
		{"attr.points", "1e9"}, {"attr.points", "NaN"}, {"attr.points", "007"}, {"attr.points", "1,5"},
		{"attr.since", "yesterday"}, {"attr.seen", "2024-07-31 12:00"}, {"attr.vip", "yes"}, {"attr.size", strings.Repeat("x", 1001)},
		{"attr.old", "x"}, {"attr.none", "x"}, {"attr.", "x"},
		{"username", "anna"}, {"picture", "https://p/1"}, {"status", "hi"}, {"tags", "x"}, {"", "x"},
	} {
		_, err := contact.Clean([]contact.Change{{"birthday", "2000-01-01"}, {c.field, c.value}}, defs)
		var wrong *contact.FieldError
		if hub.CodeOf(err) != hub.BadRequest || !errors.As(err, &wrong) || c.field != "birthday" && wrong.Field != c.field {
			t.Errorf("%s %q: got %v, want a bad request that names the field", c.field, c.value, err)
			continue
		}
		if len(c.value) > 5 && strings.Contains(err.Error(), c.value) {
			t.Errorf("%s: got %q, want no value in the text", c.field, err)
		}
	}
	if _, err := contact.Clean([]contact.Change{{"name", "a"}, {"name", "b"}}, nil); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("a field named twice: got %v, want a bad request", err)
	}
	if _, err := contact.Clean([]contact.Change{{"attr.size", "XL"}}, nil); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("an attribute without definitions: got %v, want a bad request", err)
	}
	if _, err := contact.Clean(make([]contact.Change, 61), nil); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("61 fields: got %v, want a bad request", err)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"+886 911", "a@b.c", "zh-tw", "2000-01-01", "\xff", "1.5"} {
		f.Add(s)
	}
	defs := attributes(f, hubtest.New(f))
	f.Fuzz(func(t *testing.T, v string) {
		for _, field := range []string{"member_id", "name", "email", "phone", "birthday", "language", "note", "attr.points", "attr.seen"} {
			once, err := contact.Clean([]contact.Change{{field, v}}, defs)
			if err != nil {
				continue
			}
			twice, err := contact.Clean(once, defs)
			if err != nil || twice[0] != once[0] {
				t.Errorf("%s %q: got %q, then %q, %v", field, v, once[0].Value, twice, err)
			}
		}
	})
}
