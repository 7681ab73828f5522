package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"omnihub/internal/localaws/disk"
)

// kept are the headers of a put that a get gives back.
var kept = []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control", "Expires"}

// maxMetadata is the most bytes of the names and values of an object's own headers.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
const maxMetadata = 2048

// putObject stores a whole object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (c *call) putObject() error {
	if len(c.key) > 1024 {
		return fail(400, "KeyTooLongError", "Your key is too long")
	}
	body, checksums, err := c.readBody()
	if err != nil {
		return err
	}
	sum := md5.Sum(body)
	if sent := c.req.Header.Get("Content-Md5"); sent != "" && sent != base64.StdEncoding.EncodeToString(sum[:]) {
		return fail(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	o := &object{Body: body, ETag: `"` + hex.EncodeToString(sum[:]) + `"`, Modified: c.cfg.Clock().UTC(), Headers: checksums}
	for _, name := range kept {
		value := c.req.Header.Get(name)
		if name == "Content-Encoding" {
			value = strings.Trim(strings.TrimPrefix(value, "aws-chunked"), ", ")
		}
		if value != "" {
			o.Headers[name] = value
		}
	}
	metadata := 0
	for name, values := range c.req.Header {
		if own, found := strings.CutPrefix(name, "X-Amz-Meta-"); found {
			o.Headers[name] = strings.Join(values, ",")
			metadata += len(own) + len(o.Headers[name])
		}
	}
	if metadata > maxMetadata {
		return fail(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	none, match := c.req.Header.Get("If-None-Match"), c.req.Header.Get("If-Match")
	err = c.locked(true, func(b *bucket) ([]disk.Op, error) {
		before := b.objects[c.key]
		switch {
		case none != "" && none != "*":
			return nil, fail(501, "NotImplemented", "A header you provided implies functionality that is not implemented: If-None-Match takes only *")
		case match != "" && before == nil:
			return nil, fail(404, "NoSuchKey", "The specified key does not exist.")
		case none != "" && before != nil, match != "" && match != before.ETag && match != strings.Trim(before.ETag, `"`):
			return nil, fail(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		}
		value, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		b.objects[c.key] = o
		return []disk.Op{{Bucket: diskObjects, Key: []byte(c.bucket + "/" + c.key), Value: value}}, nil
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", o.ETag)
	o.giveChecksums(c.w)
	return nil
}

// giveChecksums tells the checksums that the object was put with.
func (o *object) giveChecksums(w http.ResponseWriter) {
	for name, value := range o.Headers {
		if strings.HasPrefix(name, "X-Amz-Checksum-") {
			w.Header().Set(name, value)
			w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		}
	}
}

// getObject answers GET and HEAD of an object, whole or one range of it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (c *call) getObject() error {
	var o *object
	err := c.locked(true, func(b *bucket) ([]disk.Op, error) {
		o = b.objects[c.key]
		return nil, nil
	})
	if err != nil {
		return err
	}
	if o == nil {
		if err := c.r.Allow("s3:ListBucket", "arn:aws:s3:::"+c.bucket); err != nil {
			return err // who may not list is not told that the key is missing
		}
		return fail(404, "NoSuchKey", "The specified key does not exist.")
	}
	h := c.w.Header()
	h.Set("Content-Type", "binary/octet-stream")
	for name, value := range o.Headers {
		if !strings.HasPrefix(name, "X-Amz-Checksum-") {
			h.Set(name, value)
		}
	}
	h.Set("ETag", o.ETag)
	h.Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	if match := c.req.Header.Get("If-Match"); match != "" && match != "*" && match != o.ETag {
		return fail(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if none := c.req.Header.Get("If-None-Match"); none == "*" || none == o.ETag {
		return fail(304, "NotModified", "Not Modified")
	}
	body, status := o.Body, http.StatusOK
	if from, to, ok := byteRange(c.req.Header.Get("Range"), len(body)); ok {
		if from >= len(body) {
			return fail(416, "InvalidRange", "The requested range is not satisfiable")
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(body)))
		body, status = body[from:to], http.StatusPartialContent
	} else if strings.EqualFold(c.req.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		o.giveChecksums(c.w)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	if c.req.Method != http.MethodHead {
		c.w.Write(body)
	}
	return nil
}

// byteRange reads a header of one range: its bytes are from ≤ i < to. A header of
// another form is no range, and the whole is sent, as RFC 9110 has it.
func byteRange(header string, size int) (from, to int, ok bool) {
	first, last, found := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	if !found || !strings.HasPrefix(header, "bytes=") {
		return 0, 0, false
	}
	low, errLow := strconv.Atoi(first)
	high, errHigh := strconv.Atoi(last)
	switch {
	case first == "" && errHigh == nil && high >= 0: // the last bytes
		if high == 0 {
			return size, size, true
		}
		return max(size-high, 0), size, true
	case errLow == nil && last == "":
		return low, size, true
	case errLow == nil && errHigh == nil && low <= high:
		return low, min(high+1, size), true
	}
	return 0, 0, false
}

func (c *call) deleteObject() error {
	err := c.locked(true, func(b *bucket) ([]disk.Op, error) {
		delete(b.objects, c.key)
		return []disk.Op{{Bucket: diskObjects, Key: []byte(c.bucket + "/" + c.key)}}, nil
	})
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
