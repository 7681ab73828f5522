package channeltest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSamplesComeWithTheirQueriesAndHeaders(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("status.form", "A=1")
	write("status.query", "ref=x\n")
	write("status.header", "content-type: application/x-www-form-urlencoded\n\nx-retry: 1\n")
	write("text.json", "{}")
	got, err := samplesOf(folder)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v, want 2 samples", got, err)
	}
	r := got[0].request()
	if got[0].name != "status" || r.RawQuery != "ref=x" || r.Header["x-retry"] != "1" || string(r.Body) != "A=1" ||
		r.Header["content-type"] != "application/x-www-form-urlencoded" {
		t.Errorf("got %+v, want its query and headers", r)
	}
	r.Header["x-retry"] = "2"
	if r := got[0].request(); r.Header["x-retry"] != "1" {
		t.Error("got a header that another request changed")
	}
	if r := got[1].request(); r.RawQuery != "" || len(r.Header) != 0 {
		t.Errorf("got %+v, want nothing but the body", r)
	}
	write("gone.query", "x")
	if _, err := samplesOf(folder); err == nil {
		t.Error("a query of no sample: got no error, want one")
	}
	os.Remove(filepath.Join(folder, "gone.query"))
	for _, text := range []string{"X-Retry: 1", "nothing"} {
		write("text.header", text)
		if _, err := samplesOf(folder); err == nil {
			t.Errorf("%s: got no error, want one", text)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a=%e4&b=1", "b=1&a=%E4", true}, {"a=1", "a=1&", true}, {"a=1&a=2", "a=2&a=1", false}, {"a=1", "a=1 ", false},
		{`{"a":1}`, `{"a":1}&`, false}, {"a=1", "a=%zz", false}, {"%zz", "a=1", false},
	} {
		if got := sameForm([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%s and %s: got %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
