// Package blob keeps files in a bucket. It is the only user of S3.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/hub"
)

// Store is one bucket. A file has a key of up to 1,024 bytes, and is replaced as a whole.
// A file that was put is there for every reader at once. It is safe for concurrent use.
//
// Errors: NotFound for a missing file (which needs the permission to list the bucket; S3
// calls it forbidden else), TooLarge as told below, Transient for what may pass. They name
// neither bucket nor key.
type Store struct {
	Client    *s3.Client
	Presigner *s3.PresignClient // by the hub's clock: see New
	Bucket    string
	Now       func() time.Time
}

// New makes a store. With pathStyle the bucket stands in the path of addresses instead of
// the host's name, which the local cloud needs. Now is the clock by which presigned URLs
// begin; S3 judges them by its own.
func New(cfg aws.Config, bucket string, pathStyle bool, now func() time.Time) *Store {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = pathStyle })
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // as S3 wants it
	return &Store{
		Client:    client,
		Presigner: s3.NewPresignClient(client, func(o *s3.PresignOptions) { o.Presigner = clocked{signer, now} }),
		Bucket:    bucket, Now: now,
	}
}

// clocked signs by another clock than the machine's.
type clocked struct {
	*v4.Signer
	now func() time.Time
}

func (c clocked) PresignHTTP(ctx context.Context, who aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return c.Signer.PresignHTTP(ctx, who, r, hash, service, region, c.now(), options...)
}

// File is what is known of a file.
type File struct {
	Type     string // MIME, as it was put
	Size     int64
	ETag     string // with its quotes
	Modified time.Time
}

// Put stores a file, in place of the one that is there. It may be done again.
func (s *Store) Put(ctx context.Context, key string, body []byte, mime string) error {
	_, err := s.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))), ContentType: &mime,
	})
	return wrap("put", err)
}

// Get reads a file of at most most bytes. TooLarge for a larger one, of which no more than
// that is read.
func (s *Store) Get(ctx context.Context, key string, most int64) ([]byte, File, error) {
	out, err := s.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key})
	if err != nil {
		return nil, File{}, wrap("get", err)
	}
	defer out.Body.Close()
	f := File{Type: aws.ToString(out.ContentType), Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}
	if f.Size > most {
		return nil, f, hub.E(hub.TooLarge, "blob: get", fmt.Errorf("%d bytes", f.Size))
	}
	body := bytes.NewBuffer(make([]byte, 0, f.Size+bytes.MinRead))
	if _, err := body.ReadFrom(io.LimitReader(out.Body, most+1)); err != nil {
		return nil, f, hub.E(hub.Transient, "blob: get", errors.New("the file broke off"))
	}
	if int64(body.Len()) > most {
		return nil, f, hub.E(hub.TooLarge, "blob: get", errors.New("more bytes than told"))
	}
	return body.Bytes(), f, nil
}

// Head tells of a file without reading it.
func (s *Store) Head(ctx context.Context, key string) (File, error) {
	out, err := s.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.Bucket, Key: &key})
	if err != nil {
		return File{}, wrap("head", err)
	}
	return File{Type: aws.ToString(out.ContentType), Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}, nil
}

// Delete removes a file. A missing one is removed already.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.Client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key})
	return wrap("delete", err)
}

// Keys lists the keys of files behind a key, in order, up to most (1,000 at the most). Fewer
// may not be all that there are; none are the end.
func (s *Store) Keys(ctx context.Context, after string, most int32) ([]string, error) {
	out, err := s.Client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.Bucket, StartAfter: &after, MaxKeys: &most})
	if err != nil {
		return nil, wrap("list", err)
	}
	keys := make([]string, len(out.Contents))
	for i, o := range out.Contents {
		keys[i] = aws.ToString(o.Key)
	}
	return keys, nil
}

// Upload is what somebody needs to put one file: an HTTP PUT of exactly the size that was
// told, to the URL, with the headers as they stand here. Who has it may do so until the
// end, again and again. It is a secret of whom it was made for.
type Upload struct {
	URL     hub.Secret
	Header  map[string]string // without Host and Content-Length, which every client sends
	Expires hub.Millis
}

// MaxUpload is the longest time for which S3 takes a presigned URL. One ends earlier with
// the credentials that signed it: those of a function live some hours.
const MaxUpload = 7 * 24 * time.Hour

// PresignPut lets a client without credentials put one file of that type and of exactly
// that size, within ttl (whole seconds, up to MaxUpload). S3 refuses what does not keep to
// it; it does not look into the file. No call is made. BadRequest for what cannot be signed.
func (s *Store) PresignPut(ctx context.Context, key, mime string, size int64, ttl time.Duration) (Upload, error) {
	const op = "blob: presign"
	ttl = ttl.Truncate(time.Second)
	if key == "" || mime == "" || size <= 0 || ttl <= 0 || ttl > MaxUpload {
		return Upload{}, hub.E(hub.BadRequest, op, errors.New("key, type, size and time are needed, within their bounds"))
	}
	began := s.Now().Truncate(time.Second)
	out, err := s.Presigner.PresignPutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: &key, ContentType: &mime, ContentLength: &size,
	}, s3.WithPresignExpires(ttl))
	if err != nil {
		return Upload{}, wrap("presign", err)
	}
	u := Upload{URL: hub.Secret(out.URL), Header: map[string]string{}, Expires: hub.MillisOf(began.Add(ttl))}
	for name, values := range out.SignedHeader {
		if name != "Host" && name != "Content-Length" {
			u.Header[name] = values[0]
		}
	}
	return u, nil
}

// wrap gives an error of S3 its code, and keeps of its text the service's code only.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	op = "blob: " + op
	var coded interface{ ErrorCode() string }
	if !errors.As(err, &coded) {
		return hub.E(hub.Transient, op, errors.New("no answer from the bucket"))
	}
	switch name := coded.ErrorCode(); name {
	case "NoSuchKey", "NotFound":
		return hub.E(hub.NotFound, op, errors.New("no such file"))
	case "EntityTooLarge":
		return hub.E(hub.TooLarge, op, errors.New(name))
	case "KeyTooLongError":
		return hub.E(hub.BadRequest, op, errors.New(name))
	default:
		return hub.E(hub.Transient, op, errors.New(name))
	}
}
