package channeltest

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"omnihub/internal/channel"
)

// sample is one webhook as the platform sends it.
type sample struct {
	name   string
	body   []byte
	query  string
	header map[string]string
}

// sidecars are the endings of the files that belong to a sample of the same name.
const queryFile, headerFile = ".query", ".header"

func (s Suite) samples(t *testing.T) []sample {
	t.Helper()
	out, err := samplesOf(s.Samples)
	if err != nil || len(out) == 0 {
		t.Fatalf("samples in %s: got %d, %v, want some", s.Samples, len(out), err)
	}
	return out
}

// samplesOf reads a folder of samples with their sidecars; one that belongs to no
// sample is an error.
func samplesOf(folder string) (out []sample, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, err
	}
	queries, headers := map[string]string{}, map[string]map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		ending := filepath.Ext(file)
		name := strings.TrimSuffix(filepath.Base(file), ending)
		switch ending {
		case queryFile:
			queries[name] = strings.TrimSpace(string(data))
		case headerFile:
			if headers[name], err = headersOf(string(data)); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		default:
			out = append(out, sample{name: name, body: data})
		}
	}
	for i, x := range out {
		out[i].query, out[i].header = queries[x.name], headers[x.name]
		delete(queries, x.name)
		delete(headers, x.name)
	}
	for name := range queries {
		return nil, fmt.Errorf("%s: a query without its sample", name)
	}
	for name := range headers {
		return nil, fmt.Errorf("%s: headers without their sample", name)
	}
	return out, nil
}

// headersOf reads lines of "name: value", the names in lower case.
func headersOf(text string) (map[string]string, error) {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, ":")
		if line == "" {
			continue
		}
		if !ok || name != strings.ToLower(name) {
			return nil, fmt.Errorf("a line %q, want a name in lower case, a colon and a value", line)
		}
		out[name] = strings.TrimSpace(value)
	}
	return out, nil
}

// request is the sample as it comes in, without a signature.
func (x sample) request() *channel.Request {
	header := maps.Clone(x.header)
	if header == nil {
		header = map[string]string{}
	}
	return &channel.Request{Method: "POST", RawQuery: x.query, Header: header, Body: x.body}
}

// with is the sample with another body.
func (x sample) with(body []byte) sample {
	x.body = body
	return x
}

// bodies are samples that are bodies and nothing else.
func bodies(list []string) (out []sample) {
	for _, body := range list {
		out = append(out, sample{name: body, body: []byte(body)})
	}
	return out
}

// sign is the platform's signature of a request.
func (s Suite) sign(r *channel.Request, c channel.Credentials) string {
	if s.SignRequest != nil {
		return s.SignRequest(r, c)
	}
	return s.Sign(r.Body, c)
}

// signed is the sample as it comes in under a signature.
func (s Suite) signed(x sample, signature string) *channel.Request {
	r := x.request()
	r.Header[s.Header] = signature
	return r
}

// sameForm reports whether two bodies are forms with the same values in other
// spellings: a platform that signs the values signs both alike.
func sameForm(a, b []byte) bool {
	if bytes.HasPrefix(bytes.TrimSpace(a), []byte("{")) || bytes.HasPrefix(bytes.TrimSpace(a), []byte("[")) {
		return false
	}
	one, err := url.ParseQuery(string(a))
	if err != nil {
		return false
	}
	other, err := url.ParseQuery(string(b))
	return err == nil && reflect.DeepEqual(one, other)
}
