package conformance

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestBucketNamesHaveRules(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t) // the names are not unique
	for name, want := range map[string]string{"abc": "", "a.b-9": "", strings.Repeat("b", 63): "", "ab": "InvalidBucketName", strings.Repeat("b", 64): "InvalidBucketName", "Abc": "InvalidBucketName",
		"a_b": "InvalidBucketName", "-abc": "InvalidBucketName", "abc.": "InvalidBucketName", "a..b": "InvalidBucketName", "192.168.5.4": "InvalidBucketName"} {
		_, err := c.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
		if got := code(err); got != want {
			t.Errorf("bucket %q: got %q, want %q", name, got, want)
		}
	}
}

func TestObjectsHaveLimits(t *testing.T) {
	c := newCloud(t)
	api, bucket := c.s3(), aws.String(unique("limits"))
	must(api.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))(t)
	put := func(key string, metadata map[string]string) string {
		_, err := api.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("x"), Metadata: metadata})
		return code(err)
	}
	for key, want := range map[string]string{strings.Repeat("k", 1024): "", strings.Repeat("é", 512): "", strings.Repeat("k", 1025): "KeyTooLongError", strings.Repeat("é", 512) + "k": "KeyTooLongError"} {
		if got := put(key, nil); got != want {
			t.Errorf("key of %d bytes: got %q, want %q", len(key), got, want)
		}
	}
	if got := put("m", map[string]string{"a": strings.Repeat("x", 1000), "b": strings.Repeat("y", 1046)}); got != "" {
		t.Errorf("2,048 bytes of metadata: got %q", got)
	}
	if got := put("m", map[string]string{"a": strings.Repeat("x", 1000), "b": strings.Repeat("y", 1047)}); got != "MetadataTooLarge" {
		t.Errorf("2,049 bytes of metadata: got %q, want MetadataTooLarge", got)
	}
	if c.server == nil {
		t.Cleanup(func() {
			for _, key := range []string{strings.Repeat("k", 1024), strings.Repeat("é", 512), "m"} {
				_, _ = api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &key})
			}
			_, _ = api.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
		})
	}
}
