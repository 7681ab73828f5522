package s3

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/localaws/disk"
)

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (c *call) createBucket() error {
	if _, err := io.Copy(io.Discard, c.req.Body); err != nil { // names a region, which is this one
		return fail(400, "IncompleteBody", "The body could not be read.")
	}
	if !bucketName.MatchString(c.bucket) || strings.Contains(c.bucket, "..") || net.ParseIP(c.bucket) != nil {
		return fail(400, "InvalidBucketName", "The specified bucket is not valid.")
	}
	err := c.locked(false, func(b *bucket) ([]disk.Op, error) {
		if b != nil && c.cfg.Region == "us-east-1" { // as AWS has it there
			return nil, nil
		}
		if b != nil {
			return nil, fail(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
		}
		b = &bucket{created: c.cfg.Clock().UTC(), objects: map[string]*object{}}
		c.buckets[c.bucket] = b
		value, err := json.Marshal(b.created)
		return []disk.Op{{Bucket: diskBuckets, Key: []byte(c.bucket), Value: value}}, err
	})
	if err == nil {
		c.w.Header().Set("Location", "/"+c.bucket)
	}
	return err
}

func (c *call) headBucket() error {
	return c.locked(true, func(*bucket) ([]disk.Op, error) { return nil, nil })
}

func (c *call) deleteBucket() error {
	err := c.locked(true, func(b *bucket) ([]disk.Op, error) {
		if len(b.objects) > 0 {
			return nil, fail(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
		}
		delete(c.buckets, c.bucket)
		return []disk.Op{{Bucket: diskBuckets, Key: []byte(c.bucket)}}, nil
	})
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func (c *call) listBuckets() error {
	type entry struct{ Name, CreationDate string }
	out := struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Space   string   `xml:"xmlns,attr"`
		Buckets []entry  `xml:"Buckets>Bucket"`
	}{Space: namespace}
	err := c.locked(false, func(*bucket) ([]disk.Op, error) {
		for name, b := range c.buckets {
			out.Buckets = append(out.Buckets, entry{name, stamp(b.created)})
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	sort.Slice(out.Buckets, func(i, j int) bool { return out.Buckets[i].Name < out.Buckets[j].Name })
	writeXML(c.w, out)
	return nil
}

type listed struct {
	Key, LastModified, ETag string
	Size                    int
	StorageClass            string
}

type commonPrefix struct{ Prefix string }

type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Space                 string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount, MaxKeys     int
	IsTruncated           bool
	Contents              []listed
	CommonPrefixes        []commonPrefix
}

// listObjects answers one page of the keys, in their order. Keys that share a part
// up to the delimiter count as one.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (c *call) listObjects() error {
	q := c.query
	out := listing{Space: namespace, Name: c.bucket, Delimiter: q.Get("delimiter"), EncodingType: q.Get("encoding-type"),
		ContinuationToken: q.Get("continuation-token"), MaxKeys: 1000}
	encode := func(s string) string { return s }
	switch out.EncodingType {
	case "":
	case "url":
		encode = func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
	default:
		return fail(400, "InvalidArgument", "Invalid Encoding Method specified in Request")
	}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fail(400, "InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		out.MaxKeys = min(n, 1000)
	}
	prefix, after, told := q.Get("prefix"), q.Get("start-after"), ""
	out.Prefix, out.StartAfter = encode(prefix), encode(after)
	if out.ContinuationToken != "" {
		last, err := base64.URLEncoding.DecodeString(out.ContinuationToken)
		if err != nil {
			return fail(400, "InvalidArgument", "The continuation token provided is incorrect")
		}
		after, told = string(last), string(last)
	}
	err := c.locked(true, func(b *bucket) ([]disk.Op, error) {
		var keys []string
		for key := range b.objects {
			if strings.HasPrefix(key, prefix) && key > after {
				keys = append(keys, key)
			}
		}
		sort.Strings(keys)
		last := ""
		for _, key := range keys {
			common := ""
			if d := out.Delimiter; d != "" {
				if head, _, found := strings.Cut(key[len(prefix):], d); found {
					common = prefix + head + d
				}
			}
			if common != "" && (common == last || common == told) {
				continue
			}
			if out.KeyCount == out.MaxKeys {
				out.IsTruncated = out.MaxKeys > 0
				break
			}
			out.KeyCount++
			if last = key; common != "" {
				last = common
				out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{encode(common)})
				continue
			}
			o := b.objects[key]
			out.Contents = append(out.Contents, listed{encode(key), stamp(o.Modified), o.ETag, len(o.Body), "STANDARD"})
		}
		if out.IsTruncated {
			out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(last))
		}
		return nil, nil
	})
	if err == nil {
		writeXML(c.w, out)
	}
	return err
}
