package s3

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestByteRange(t *testing.T) {
	for _, test := range []struct {
		header   string
		from, to int
		ok       bool
	}{
		{"bytes=0-0", 0, 1, true},
		{"bytes=2-", 2, 10, true},
		{"bytes=-3", 7, 10, true},
		{"bytes=-30", 0, 10, true},
		{"bytes=-0", 10, 10, true}, // starts after the end: refused by the caller
		{"bytes=9-99", 9, 10, true},
		{"bytes=10-", 10, 10, true},
		{"bytes=3-2", 0, 0, false},
		{"bytes=1-2,4-5", 0, 0, false},
		{"bytes=-", 0, 0, false},
		{"bytes=--3", 0, 0, false},
		{"items=1-2", 0, 0, false},
		{"", 0, 0, false},
	} {
		from, to, ok := byteRange(test.header, 10)
		if from != test.from || to != test.to || ok != test.ok {
			t.Errorf("%q: got %d to %d, %v, want %d to %d, %v", test.header, from, to, ok, test.from, test.to, test.ok)
		}
	}
}

func FuzzByteRange(f *testing.F) {
	f.Add("bytes=1-5", 10)
	f.Add("bytes=-5", 0)
	f.Fuzz(func(t *testing.T, header string, size int) {
		if size < 0 {
			return
		}
		if from, to, ok := byteRange(header, size); ok && from < size && (from < 0 || to <= from || to > size) {
			t.Errorf("%q of %d: got %d to %d", header, size, from, to)
		}
	})
}

func FuzzReadChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"))
	f.Add([]byte("5;chunk-signature=ab\r\nhello\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, framed []byte) {
		body, err := readChunks(bytes.NewReader(framed), http.Header{})
		if err == nil && len(body) > len(framed) {
			t.Errorf("got %d bytes out of %d", len(body), len(framed))
		}
	})
}

func TestReadChunksGivesBackWhatWasFramed(t *testing.T) {
	for _, size := range []int{1, 7, 64, 1000} {
		want := strings.Repeat("abc\r\n0\r\n", 100)
		var framed strings.Builder
		for rest := want; rest != ""; {
			n := min(size, len(rest))
			fmt.Fprintf(&framed, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		trailers := http.Header{}
		got, err := readChunks(strings.NewReader(framed.String()+"0\r\nx-amz-checksum-sha1: c3Vt\r\n\r\n"), trailers)
		if err != nil || string(got) != want || trailers.Get("X-Amz-Checksum-Sha1") != "c3Vt" {
			t.Errorf("chunks of %d: got %d bytes, trailers %v, %v, want %d bytes", size, len(got), trailers, err, len(want))
		}
	}
}
