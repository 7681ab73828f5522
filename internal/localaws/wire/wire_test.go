package wire

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

type sample struct {
	Name  string
	Count *int
	Inner []struct{ Text string }
}

func TestDecodeIsStrict(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{``, ""},
		{`{}`, ""},
		{`{"Name":"n","Count":null,"Inner":[{"Text":"\u00fc \ud83d\ude00 \\ud800"}]}`, ""},
		{`{"Name":"n"} `, ""},
		{`{"Colour":1}`, "NotImplementedByLocalCloud: Colour"},
		{`{"Inner":[{"Text":"x","Size":1}]}`, "NotImplementedByLocalCloud: Size"},
		{`{"Count":"1"}`, "SerializationException: Count"},
		{`{"Name":`, "SerializationException: JSON"},
		{`{"Name":"n"}{}`, "SerializationException: goes on"},
		{`[]`, "SerializationException: "},
		{"{\"Name\":\"\xff\"}", "SerializationException: Unicode"},
		{`{"Name":"\ud800"}`, "SerializationException: Unicode"},
		{`{"Name":"\uD83Dx\uDE00"}`, "SerializationException: Unicode"},
		{`{"Name":"\udc00\ud800"}`, "SerializationException: Unicode"},
		{`{"Name":"\\\ud800"}`, "SerializationException: Unicode"},
	} {
		r := &Request{Operation: "Try", Body: []byte(test.body)}
		err := r.Decode(new(sample))
		code, word, _ := strings.Cut(test.want, ": ")
		var e *Error
		if errors.As(err, &e); (err == nil) != (test.want == "") || err != nil && (e == nil || e.Code != code || !strings.Contains(e.Message, word)) {
			t.Errorf("%s: got %v, want %q", test.body, err, test.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"Name":"\ud83d\ude00","Inner":[{}]}`))
	f.Add([]byte(`{"Name":"\ud83d\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var v sample
		if err := (&Request{Body: body}).Decode(&v); err == nil && strings.ContainsRune(v.Name, '\uFFFD') && !strings.Contains(string(body), "\uFFFD") && !strings.Contains(strings.ToLower(string(body)), `\ufffd`) {
			t.Errorf("%q: a character was replaced silently", body)
		}
	})
}

func TestErrorStatusIs400UnlessItSaysOtherwise(t *testing.T) {
	if got := Validation("no").HTTPStatus(); got != http.StatusBadRequest {
		t.Errorf("got %d, want 400", got)
	}
	if got := Unsupported("it").HTTPStatus(); got != http.StatusNotImplemented {
		t.Errorf("got %d, want 501", got)
	}
}

func TestAllowAsksThePolicy(t *testing.T) {
	r := &Request{}
	if err := r.Allow("a", "b"); err != nil {
		t.Errorf("got %v without a policy, want nil", err)
	}
	r.Permit = func(action, resource string) error { return fmt.Errorf("%s on %s", action, resource) }
	if err := r.Allow("a", "b"); err == nil || err.Error() != "a on b" {
		t.Errorf("got %v, want the policy's answer", err)
	}
}

func TestMeterAddsUpByCallerAndResource(t *testing.T) {
	var m Meter
	put := Request{Caller: "inbound", Service: "dynamodb", Operation: "PutItem", Resource: "Messages", Write: 1}
	get := Request{Caller: "inbound", Service: "dynamodb", Operation: "GetItem", Resource: "Contacts", Read: 0.5}
	m.Add(&put, false)
	m.Add(&get, false)
	m.Add(&put, true)
	m.Add(&Request{Caller: "api", Service: "dynamodb", Operation: "PutItem", Resource: "Messages"}, false)
	want := []Count{
		{"api", "dynamodb", "PutItem", "Messages", 1, 0, 0, 0},
		{"inbound", "dynamodb", "GetItem", "Contacts", 1, 0, 0.5, 0},
		{"inbound", "dynamodb", "PutItem", "Messages", 2, 1, 0, 2},
	}
	if got := m.Counts(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	m.Reset()
	if got := m.Counts(); len(got) != 0 {
		t.Errorf("got %+v after Reset, want none", got)
	}
}
