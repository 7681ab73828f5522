// Package s3 is the little of Amazon S3 that the local cloud offers: buckets and
// whole objects, by path-style REST. Objects are kept in memory and on disk.
package s3

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

// MaxObject is the most bytes of an object here; S3 itself takes 5 GB in one call.
const MaxObject = 64 << 20

// Config is what an engine needs.
type Config struct {
	Disk   *disk.Store // nil keeps everything in memory
	Clock  wire.Clock  // nil is time.Now
	Region string      // in us-east-1 a bucket may be created again

	// Secret is the secret access key of a caller; "" if it is not known. Nil knows
	// none. Presigned URLs are held against it.
	Secret func(caller string) string
}

// Engine holds the buckets of one account.
type Engine struct {
	cfg Config

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	created time.Time
	objects map[string]*object
}

type object struct {
	Body     []byte
	ETag     string // with its quotes
	Modified time.Time
	Headers  map[string]string // content-type, x-amz-meta-…, checksums: as they are given back
}

const (
	diskBuckets = "s3.buckets"
	diskObjects = "s3.objects"
)

// Open loads the objects from the disk.
func Open(cfg Config) (*Engine, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	e := &Engine{cfg: cfg, buckets: map[string]*bucket{}}
	err := cfg.Disk.Load(diskBuckets, func(key, value []byte) error {
		b := &bucket{objects: map[string]*object{}}
		e.buckets[string(key)] = b
		return json.Unmarshal(value, &b.created)
	})
	if err == nil {
		err = cfg.Disk.Load(diskObjects, func(key, value []byte) error {
			name, object, _ := strings.Cut(string(key), "/")
			return e.buckets[name].load(object, value)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("s3: open: %w", err)
	}
	return e, nil
}

func (b *bucket) load(key string, value []byte) error {
	if b == nil {
		return errors.New("an object without a bucket")
	}
	o := new(object)
	b.objects[key] = o
	return json.Unmarshal(value, o)
}

// call is one request on its way.
type call struct {
	*Engine
	w           http.ResponseWriter
	req         *http.Request
	r           *wire.Request
	query       url.Values
	bucket, key string
}

// route is one operation: what marks it, which permission it needs, what it may be
// asked with.
type route struct {
	operation string
	action    string
	query     []string // allowed beside x-id and a presigned URL's parameters
	run       func(*call) error
}

var routes = map[string]route{
	"GET /":              {"ListBuckets", "s3:ListAllMyBuckets", nil, (*call).listBuckets},
	"PUT /bucket":        {"CreateBucket", "s3:CreateBucket", nil, (*call).createBucket},
	"HEAD /bucket":       {"HeadBucket", "s3:ListBucket", nil, (*call).headBucket},
	"DELETE /bucket":     {"DeleteBucket", "s3:DeleteBucket", nil, (*call).deleteBucket},
	"GET /bucket":        {"ListObjectsV2", "s3:ListBucket", listParameters, (*call).listObjects},
	"PUT /bucket/key":    {"PutObject", "s3:PutObject", nil, (*call).putObject},
	"GET /bucket/key":    {"GetObject", "s3:GetObject", nil, (*call).getObject},
	"HEAD /bucket/key":   {"HeadObject", "s3:GetObject", nil, (*call).getObject},
	"DELETE /bucket/key": {"DeleteObject", "s3:DeleteObject", nil, (*call).deleteObject},
}

var listParameters = []string{"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type", "fetch-owner"}

// allowedHeaders are the x-amz headers that mean nothing here, or are obeyed.
var allowedHeaders = regexp.MustCompile(`^x-amz-(meta-.+|content-sha256|date|security-token|user-agent|checksum-.+|sdk-checksum-algorithm|trailer|decoded-content-length)$`)

// locate is what a request's path names: "bucket/key", and the place of its route.
func locate(req *http.Request) (path, place string, err error) {
	path, err = url.PathUnescape(strings.TrimPrefix(req.URL.EscapedPath(), "/"))
	bucket, key, _ := strings.Cut(path, "/")
	switch {
	case bucket == "":
		return path, "/", err
	case key == "":
		return path, "/bucket", err
	}
	return path, "/bucket/key", err
}

// Name tells what a request asks for and of what, bucket/key. The operation is "" if
// there is none here.
func Name(req *http.Request) (operation, resource string) {
	path, place, err := locate(req)
	if err != nil {
		return "", ""
	}
	return routes[req.Method+" "+place].operation, path
}

// Knows tells whether the service has an operation here.
func (e *Engine) Knows(operation string) bool {
	for _, r := range routes {
		if r.operation == operation {
			return true
		}
	}
	return false
}

// Do answers one REST call, filling in what r names. An error is not yet written.
func (e *Engine) Do(w http.ResponseWriter, req *http.Request, r *wire.Request) error {
	c := &call{Engine: e, w: w, req: req, r: r}
	path, place, err := locate(req)
	if err != nil {
		return fail(400, "InvalidURI", "The URI cannot be parsed.")
	}
	c.bucket, c.key, _ = strings.Cut(path, "/")
	if c.query, err = url.ParseQuery(req.URL.RawQuery); err != nil {
		return fail(400, "InvalidURI", "The query cannot be parsed.")
	}
	known, ok := routes[req.Method+" "+place]
	if !ok {
		return wire.Unsupported("the S3 operation %s %s", req.Method, place)
	}
	r.Operation, r.Resource = known.operation, c.bucket
	if err := c.presigned(); err != nil {
		return err
	}
	for name := range c.query {
		if name != "x-id" && !strings.HasPrefix(strings.ToLower(name), "x-amz-") && !slices.Contains(known.query, name) {
			return wire.Unsupported("the query parameter %q with the S3 operation %s", name, r.Operation)
		}
	}
	if r.Operation == "ListObjectsV2" && c.query.Get("list-type") != "2" {
		return wire.Unsupported("the S3 operation ListObjects; ListObjectsV2 has list-type=2")
	}
	for name := range req.Header {
		name = strings.ToLower(name)
		refused := strings.HasPrefix(name, "x-amz-") && !allowedHeaders.MatchString(name) || name == "if-modified-since" || name == "if-unmodified-since"
		if refused {
			return wire.Unsupported("the header %s with the S3 operation %s", name, r.Operation)
		}
	}
	resource := "arn:aws:s3:::" + path
	if place == "/" {
		resource = "*"
	}
	if err := r.Allow(known.action, strings.TrimSuffix(resource, "/")); err != nil {
		return err
	}
	return known.run(c)
}

// locked runs do alone and waits until what it changed or saw is on disk.
func (c *call) locked(needBucket bool, do func(b *bucket) ([]disk.Op, error)) error {
	ticket, err := func() (disk.Ticket, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		b := c.buckets[c.bucket]
		if b == nil && needBucket {
			return disk.Ticket{}, fail(404, "NoSuchBucket", "The specified bucket does not exist")
		}
		ops, err := do(b)
		return c.cfg.Disk.Append(ops...), err
	}()
	if failed := ticket.Wait(); failed != nil {
		return fmt.Errorf("s3: write: %w", failed)
	}
	return err
}

func fail(status int, code, message string) *wire.Error {
	return &wire.Error{Code: code, Status: status, Message: message}
}

// WriteError writes an error as S3 does: in XML, and without a body after HEAD.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func WriteError(w http.ResponseWriter, req *http.Request, e *wire.Error, id string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(e.HTTPStatus())
	if req.Method == http.MethodHead || e.HTTPStatus() == http.StatusNotModified {
		return
	}
	var more []element
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		more = append(more, element{xml.Name{Local: name}, fmt.Sprint(e.Fields[name])})
	}
	writeXML(w, struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		More      []element
		Resource  string
		RequestId string
	}{Code: e.Code, Message: e.Message, More: more, Resource: req.URL.Path, RequestId: id})
}

// element is a member of an error that not every error has.
type element struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
}

func writeXML(w http.ResponseWriter, v any) {
	text, err := xml.Marshal(v)
	if err != nil {
		panic("s3: an answer cannot be encoded: " + err.Error()) // plain structs always can
	}
	w.Write([]byte(xml.Header))
	w.Write(text)
}
