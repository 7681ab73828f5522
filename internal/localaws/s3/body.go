package s3

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// checksums are the algorithms by the end of their header's name.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
var checksums = map[string]func() hash.Hash{
	"Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9A6C9329AC4BC9B5)) },
	"Sha1":      sha1.New,
	"Sha256":    sha256.New,
}

// readBody returns the object's bytes and the checksum headers that were sent with
// them, which hold.
func (c *call) readBody() ([]byte, map[string]string, error) {
	sent := http.Header{}
	for name := range checksums {
		if value := c.req.Header.Get("X-Amz-Checksum-" + name); value != "" {
			sent.Set("X-Amz-Checksum-"+name, value)
		}
	}
	kind := c.req.Header.Get("X-Amz-Content-Sha256")
	read := func() ([]byte, error) { return io.ReadAll(c.req.Body) }
	if strings.HasPrefix(kind, "STREAMING-") {
		read = func() ([]byte, error) { return readChunks(c.req.Body, sent) }
	}
	body, err := read()
	var tooLarge *http.MaxBytesError
	switch want := c.req.Header.Get("X-Amz-Decoded-Content-Length"); {
	case errors.As(err, &tooLarge):
		return nil, nil, fail(413, "EntityTooLarge", "the local cloud takes objects of up to "+strconv.Itoa(MaxObject)+" bytes")
	case err != nil, want != "" && want != strconv.Itoa(len(body)):
		return nil, nil, fail(400, "IncompleteBody", "The body is not as long or not as chunked as its headers say.")
	}
	if sum := sha256.Sum256(body); len(kind) == 64 && kind != hex.EncodeToString(sum[:]) {
		return nil, nil, fail(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	keep := map[string]string{}
	for header := range sent {
		algorithm := checksums[strings.TrimPrefix(header, "X-Amz-Checksum-")]
		if algorithm == nil {
			return nil, nil, fail(400, "InvalidRequest", "The trailer "+header+" is not a checksum.")
		}
		h := algorithm()
		h.Write(body)
		value := base64.StdEncoding.EncodeToString(h.Sum(nil))
		if value != sent.Get(header) {
			return nil, nil, fail(400, "BadDigest", "The "+header+" you specified did not match the calculated checksum.")
		}
		keep[header] = value
	}
	return body, keep, nil
}

// readChunks takes the aws-chunked framing off a body and puts its trailers into
// sent. The signatures of chunks are not checked.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func readChunks(body io.Reader, sent http.Header) ([]byte, error) {
	in := bufio.NewReader(body)
	var out bytes.Buffer
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		length, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ";")
		n, err := strconv.ParseUint(length, 16, 31)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&out, in, int64(n)); err != nil {
			return nil, err
		}
		if end, err := in.ReadString('\n'); err != nil || strings.TrimRight(end, "\r\n") != "" {
			return nil, errors.Join(err, io.ErrUnexpectedEOF)
		}
	}
	trailers, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil && err != io.EOF {
		return nil, err
	}
	for name, values := range trailers {
		if name != "X-Amz-Trailer-Signature" {
			sent[name] = values
		}
	}
	return out.Bytes(), nil
}
