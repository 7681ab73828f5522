package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucket makes a bucket with an own name.
func (c *cloud) bucket(t testing.TB) (*s3.Client, string) {
	t.Helper()
	api, name := c.s3(), unique("bucket")
	if _, err := api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return api, name
}

func TestObjectComesBackAsItWasPut(t *testing.T) {
	api, bucket := newCloud(t).bucket(t)
	key := "failed/2026/01 é+&=?/record.json"
	body := bytes.Repeat([]byte("0123456789"), 20_000)
	for _, algorithm := range append(types.ChecksumAlgorithm("").Values(), "") {
		switch algorithm {
		case types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmCrc64nvme, "":
		default:
			continue // newer than what the local cloud knows
		}
		put, err := api.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
			Metadata: map[string]string{"shard": "s-1"}, ChecksumAlgorithm: algorithm})
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		got, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		read, err := io.ReadAll(got.Body) // the SDK checks the checksum here
		if err != nil || !bytes.Equal(read, body) {
			t.Fatalf("%s: got %d bytes, %v, want %d", algorithm, len(read), err, len(body))
		}
		if *got.ETag != *put.ETag || *got.ETag != `"`+hexMD5(string(body))+`"` || *got.ContentType != "application/json" || got.Metadata["shard"] != "s-1" {
			t.Errorf("%s: got ETag %s type %s metadata %v", algorithm, *got.ETag, *got.ContentType, got.Metadata)
		}
	}
	head, err := api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil || *head.ContentLength != int64(len(body)) || head.LastModified.IsZero() {
		t.Errorf("head: got %v, %v, want %d bytes", head, err, len(body))
	}
	for _, test := range []struct{ ask, want, span string }{
		{"bytes=0-3", "0123", "bytes 0-3/200000"},
		{"bytes=199998-", "89", "bytes 199998-199999/200000"},
		{"bytes=-3", "789", "bytes 199997-199999/200000"},
		{"bytes=199999-999999", "9", "bytes 199999-199999/200000"},
	} {
		got, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: &test.ask})
		if err != nil {
			t.Fatal(err)
		}
		if read, _ := io.ReadAll(got.Body); string(read) != test.want || *got.ContentRange != test.span {
			t.Errorf("%s: got %q %s, want %q %s", test.ask, read, *got.ContentRange, test.want, test.span)
		}
	}
	_, err = api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: aws.String("bytes=200000-")})
	wantCode(t, err, "InvalidRange")
}

func TestStreamedPutWithTrailingChecksum(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t) // the SDK streams without signing only over TLS
	api, bucket := c.bucket(t)
	send := func(body, trailer string) int {
		req, err := http.NewRequest("PUT", c.url+"/"+bucket+"/k", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Decoded-Content-Length": "11",
			"Content-Encoding": "aws-chunked", "X-Amz-Trailer": trailer} {
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, test := range []struct {
		name, body string
		want       int
	}{
		{"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", 200},
		{"signed chunks", "b;chunk-signature=ab\r\nhello world\r\n0;chunk-signature=cd\r\nx-amz-checksum-crc32:DUoRhQ==\r\nx-amz-trailer-signature:ef\r\n\r\n", 200},
		{"no trailer", "b\r\nhello world\r\n0\r\n\r\n", 200},
		{"wrong checksum", "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 400},
		{"wrong length", "4\r\nhell\r\n0\r\n\r\n", 400},
		{"no end", "b\r\nhello world\r\n", 400},
		{"no chunks", "hello world", 400},
		{"chunk longer than said", "3\r\nhello world\r\n0\r\n\r\n", 400},
	} {
		if got := send(test.body, "x-amz-checksum-crc32"); got != test.want {
			t.Errorf("%s: got status %d, want %d", test.name, got, test.want)
		}
	}
	got, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	if read, _ := io.ReadAll(got.Body); string(read) != "hello world" || aws.ToString(got.ContentEncoding) != "" {
		t.Errorf("got %q with encoding %q, want hello world and none", read, aws.ToString(got.ContentEncoding))
	}
}

func TestPutOnlyIfAbsent(t *testing.T) {
	api, bucket := newCloud(t).bucket(t)
	put := func() error {
		_, err := api.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
		return err
	}
	wantCode(t, put(), "")
	wantCode(t, put(), "PreconditionFailed")
}

func TestMissingObjectsAndBuckets(t *testing.T) {
	api, bucket := newCloud(t).bucket(t)
	_, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("none")})
	wantCode(t, err, "NoSuchKey")
	var noKey *types.NoSuchKey
	if !errors.As(err, &noKey) {
		t.Errorf("got %T, want the SDK's NoSuchKey", err)
	}
	_, err = api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("none")})
	wantCode(t, err, "NotFound")
	missing := unique("none")
	_, err = api.GetObject(ctx, &s3.GetObjectInput{Bucket: &missing, Key: aws.String("k")})
	wantCode(t, err, "NoSuchBucket")
	_, err = api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &missing})
	wantCode(t, err, "NotFound")
	_, err = api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("none")})
	wantCode(t, err, "")
}

func TestBuckets(t *testing.T) {
	c := newCloud(t)
	api, bucket := c.bucket(t)
	_, err := api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	wantCode(t, err, "") // in us-east-1; elsewhere BucketAlreadyOwnedByYou
	_, err = api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("No")})
	wantCode(t, err, "InvalidBucketName")
	list, err := api.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil || len(list.Buckets) == 0 {
		t.Errorf("got %v, %v, want the bucket", list, err)
	}
	if _, err := api.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader("")}); err != nil {
		t.Fatal(err)
	}
	_, err = api.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	wantCode(t, err, "BucketNotEmpty")
	if _, err := api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k")}); err != nil {
		t.Fatal(err)
	}
	_, err = api.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	wantCode(t, err, "")
	_, err = api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	wantCode(t, err, "NotFound")
}

func TestListObjectsByPrefixDelimiterAndPage(t *testing.T) {
	api, bucket := newCloud(t).bucket(t)
	for _, key := range []string{"a/1", "a/2", "a/b/3", "a é", "b/4", "c"} {
		if _, err := api.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(key)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		in   s3.ListObjectsV2Input
		want string
	}{
		{s3.ListObjectsV2Input{}, "a é a/1 a/2 a/b/3 b/4 c"},
		{s3.ListObjectsV2Input{Prefix: aws.String("a/")}, "a/1 a/2 a/b/3"},
		{s3.ListObjectsV2Input{Delimiter: aws.String("/")}, "a é c [a/ b/]"},
		{s3.ListObjectsV2Input{Prefix: aws.String("a/"), Delimiter: aws.String("/")}, "a/1 a/2 [a/b/]"},
		{s3.ListObjectsV2Input{StartAfter: aws.String("a/2")}, "a/b/3 b/4 c"},
	} {
		for _, size := range []int32{1, 2, 1000} {
			var keys, prefixes []string
			test.in.Bucket, test.in.MaxKeys = &bucket, &size
			pages := s3.NewListObjectsV2Paginator(api, &test.in)
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range page.Contents {
					keys = append(keys, *o.Key)
				}
				for _, p := range page.CommonPrefixes {
					prefixes = append(prefixes, *p.Prefix)
				}
				if got := len(page.Contents) + len(page.CommonPrefixes); got > int(size) {
					t.Errorf("got a page of %d, want %d at most", got, size)
				}
			}
			got := strings.Join(keys, " ")
			if prefixes != nil {
				got += fmt.Sprint(" ", prefixes)
			}
			if got != test.want {
				t.Errorf("prefix %q delimiter %q pages of %d: got %s, want %s", aws.ToString(test.in.Prefix), aws.ToString(test.in.Delimiter), size, got, test.want)
			}
		}
	}
}

func TestUnsupportedS3IsNamed(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	api, bucket := c.bucket(t)
	_, copied := api.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("k"), CopySource: aws.String("a/b")})
	_, many := api.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
	_, parts := api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String("k")})
	_, acl := api.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &bucket, Key: aws.String("k")})
	_, old := api.ListObjects(ctx, &s3.ListObjectsInput{Bucket: &bucket})
	for _, test := range []struct {
		err  error
		want string
	}{{copied, "x-amz-copy-source"}, {many, "POST /bucket"}, {parts, "POST /bucket/key"}, {acl, `"acl"`}, {old, "ListObjects;"}} {
		if wantCode(t, test.err, "NotImplementedByLocalCloud"); !strings.Contains(fmt.Sprint(test.err), test.want) {
			t.Errorf("got %v, want %s named", test.err, test.want)
		}
	}
}
