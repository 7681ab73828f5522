// Package localaws is the local cloud: DynamoDB with streams, SQS, EventBridge, a
// little S3 and a little KMS, spoken on the wire as AWS speaks them, over one file
// or in memory.
// It is a tool for development and tests. The caller is the access key id that a
// request names; signatures are not checked (but of presigned URLs, where the secret is
// known), so nothing here proves who it is.
package localaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo"
	"omnihub/internal/localaws/events"
	"omnihub/internal/localaws/fault"
	"omnihub/internal/localaws/kms"
	"omnihub/internal/localaws/s3"
	"omnihub/internal/localaws/sqs"
	"omnihub/internal/localaws/wire"
)

// maxJSON is the most bytes of a JSON request: the largest batch of DynamoDB is 16 MB.
const maxJSON = 20 << 20

// Config is how a server is run.
type Config struct {
	Dir     string      // holds aws.db; "" keeps everything in memory
	Disk    *disk.Store // in place of aws.db; the server closes it
	Clock   wire.Clock  // nil is time.Now
	Region  string      // "" is us-east-1
	Account string      // "" is 000000000000

	// What only one engine needs, such as faults. The server itself fills in Disk,
	// Clock, Region, Account, Queues and Log. A fault that is http.ErrAbortHandler
	// drops the connection without an answer.
	Dynamo dynamo.Config
	SQS    sqs.Config
	Events events.Config

	// Permit answers nil if the caller may do action (such as "sqs:SendMessage") on
	// resource (an ARN). Its error is the text of the refusal. Nil permits everything.
	Permit func(caller, action, resource string) error

	// Secret is the secret access key of a caller; "" if it is not known. Presigned
	// URLs of S3 are held against it; nothing else is. Nil knows none.
	Secret func(caller string) string

	Log *slog.Logger // nil is silence
}

// Server is the local cloud as an http.Handler.
type Server struct {
	cfg    Config
	disk   *disk.Store
	dynamo *dynamo.Engine
	sqs    *sqs.Engine
	s3     *s3.Engine
	kms    *kms.Engine
	events *events.Engine
	meter  wire.Meter
	faults atomic.Pointer[fault.Plan] // nil while nothing is to go wrong

	close  sync.Once
	ending chan struct{}
	ended  chan struct{}
}

// Open starts the local cloud on the state in cfg.Dir. Close ends it.
func Open(cfg Config) (*Server, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Account == "" {
		cfg.Account = "000000000000"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	path := ""
	if cfg.Dir != "" {
		path = filepath.Join(cfg.Dir, "aws.db")
	}
	store, err := cfg.Disk, error(nil)
	if store == nil {
		store, err = disk.Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("localaws: open: %w", err)
	}
	s := &Server{cfg: cfg, disk: store, ending: make(chan struct{}), ended: make(chan struct{})}
	cfg.Dynamo.Disk, cfg.Dynamo.Clock, cfg.Dynamo.Region, cfg.Dynamo.Account = store, cfg.Clock, cfg.Region, cfg.Account
	cfg.SQS.Disk, cfg.SQS.Clock, cfg.SQS.Region, cfg.SQS.Account = store, cfg.Clock, cfg.Region, cfg.Account
	s.dynamo, err = dynamo.Open(cfg.Dynamo)
	if err == nil {
		s.sqs, err = sqs.Open(cfg.SQS)
	}
	if err == nil {
		s.s3, err = s3.Open(s3.Config{Disk: store, Clock: cfg.Clock, Region: cfg.Region, Secret: cfg.Secret})
	}
	if err == nil {
		s.kms, err = kms.Open(kms.Config{Disk: store, Clock: cfg.Clock, Region: cfg.Region, Account: cfg.Account})
	}
	if err == nil {
		cfg.Events.Disk, cfg.Events.Clock, cfg.Events.Region, cfg.Events.Account = store, cfg.Clock, cfg.Region, cfg.Account
		cfg.Events.Queues, cfg.Events.Log = s.sqs, cfg.Log
		s.events, err = events.Open(cfg.Events)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("localaws: open: %w", err), store.Close())
	}
	go s.sweep()
	return s, nil
}

// Dynamo is the engine of DynamoDB and its streams, for who runs in this process.
func (s *Server) Dynamo() *dynamo.Engine { return s.dynamo }

// SQS is the engine of SQS, for who runs in this process.
func (s *Server) SQS() *sqs.Engine { return s.sqs }

// Events is the engine of EventBridge, for who runs in this process.
func (s *Server) Events() *events.Engine { return s.events }

// S3 is the engine of S3, for who runs in this process.
func (s *Server) S3() *s3.Engine { return s.s3 }

// Meter counts the calls by caller.
func (s *Server) Meter() *wire.Meter { return &s.meter }

// Sweep does at once what is due by the clock. The server does it each second of
// real time; call it after the clock jumped.
func (s *Server) Sweep() {
	s.dynamo.Sweep()
	s.sqs.Sweep()
}

func (s *Server) sweep() {
	defer close(s.ended)
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			s.Sweep()
		case <-s.ending:
			return
		}
	}
}

// Close ends waiting receives, writes what is pending and closes the file. Calls
// that still come fail.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		s.replace(nil) // calls that a fault holds go on
		close(s.ending)
		<-s.ended
		s.sqs.Close()
		err = s.disk.Close()
	})
	return err
}

// ServeHTTP answers one request of any service.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	id := requestID()
	h := w.Header()
	h.Set("X-Amzn-Requestid", id)
	if strings.HasPrefix(req.URL.Path, "/_localaws/") {
		s.control(w, req)
		return
	}
	r := &wire.Request{Host: req.Host, Context: req.Context()}
	var scope string
	r.Caller, scope = credential(req)
	target := req.Header.Get("X-Amz-Target")
	switch prefix, operation, _ := strings.Cut(target, "."); {
	case target != "":
		r.Operation = operation
		s.json(w, req, r, prefix)
	case strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		s.query(w, req, scope, id)
	default:
		h.Set("X-Amz-Request-Id", id)
		s.rest(w, req, r, scope, id)
	}
}

// target is what the prefix of X-Amz-Target says: the service, and how the types of
// its errors are written.
type target struct {
	service   string
	namespace string
	do        func(s *Server, r *wire.Request) (any, error)
}

var targets = map[string]target{
	"DynamoDB_20120810":        {"dynamodb", "com.amazonaws.dynamodb.v20120810#", (*Server).doDynamo},
	"DynamoDBStreams_20120810": {"streams", "com.amazonaws.dynamodb.v20120810#", (*Server).doDynamo},
	"AmazonSQS":                {"sqs", "com.amazonaws.sqs#", (*Server).doSQS},
	"TrentService":             {"kms", "", (*Server).doKMS},
	"AWSEvents":                {"events", "", (*Server).doEvents},
}

func (s *Server) doDynamo(r *wire.Request) (any, error) { return s.dynamo.Do(r) }
func (s *Server) doSQS(r *wire.Request) (any, error)    { return s.sqs.Do(r) }
func (s *Server) doKMS(r *wire.Request) (any, error)    { return s.kms.Do(r) }
func (s *Server) doEvents(r *wire.Request) (any, error) { return s.events.Do(r) }

// json answers a call of a JSON protocol.
func (s *Server) json(w http.ResponseWriter, req *http.Request, r *wire.Request, prefix string) {
	kind := req.Header.Get("Content-Type")
	if kind == "" {
		kind = "application/x-amz-json-1.0"
	}
	w.Header().Set("Content-Type", kind)
	to, known := targets[prefix]
	r.Service = to.service
	out, err := s.guard(r, func() (any, error) {
		switch {
		case !known:
			return nil, wire.Unsupported("the service %s (operation %s)", prefix, r.Operation)
		case req.Method != http.MethodPost:
			return nil, wire.Unsupported("%s requests to %s", req.Method, prefix)
		case kind != "application/x-amz-json-1.0" && kind != "application/x-amz-json-1.1":
			return nil, wire.Unsupported("the content type %s", kind)
		case req.Header.Get("Content-Encoding") != "":
			return nil, wire.Unsupported("requests with the content encoding %s", req.Header.Get("Content-Encoding"))
		}
		var err error
		if r.Body, err = io.ReadAll(http.MaxBytesReader(w, req.Body, maxJSON)); err != nil {
			return nil, bodyError(err, maxJSON)
		}
		out, err := s.run(r, func() *fault.Call { return s.named(r) }, func(bool) (any, error) { return to.do(s, r) })
		if err != nil {
			return nil, err
		}
		return encode(out)
	})
	status, body := http.StatusOK, []byte(nil)
	if err != nil {
		status, body = writeJSONError(w, to, err)
	} else {
		body = out.([]byte)
	}
	if strings.HasPrefix(to.service, "dynamodb") || to.service == "streams" {
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

func encode(out any) ([]byte, error) {
	if raw, ok := out.(wire.Raw); ok {
		return raw, nil
	}
	return json.Marshal(out)
}

// rest answers a call of S3.
func (s *Server) rest(w http.ResponseWriter, req *http.Request, r *wire.Request, scope, id string) {
	r.Service = "s3"
	do := func(unheard bool) (any, error) {
		if unheard {
			return nil, s.s3.Do(nowhere{}, req, r)
		}
		return nil, s.s3.Do(w, req, r)
	}
	_, err := s.guard(r, func() (any, error) {
		if scope != "" && scope != "s3" && req.Header.Get("Authorization") != "" { // S3 itself refuses a foreign presigned URL
			return nil, wire.Unsupported("the service %s", scope)
		}
		req.Body = http.MaxBytesReader(w, req.Body, s3.MaxObject+1<<20)
		out, err := s.run(r, func() *fault.Call { return object(req, r) }, do)
		if err != nil {
			io.Copy(io.Discard, req.Body) // else the client may see a broken connection before the answer
		}
		return out, err
	})
	if err != nil {
		s3.WriteError(w, req, err, id)
	}
}

// guard runs one call: it binds the caller's permissions, counts the call, turns
// every error into one that AWS could answer, and survives a panic.
func (s *Server) guard(r *wire.Request, do func() (any, error)) (out any, failed *wire.Error) {
	if s.cfg.Permit != nil {
		r.Permit = func(action, resource string) error {
			if err := s.cfg.Permit(r.Caller, action, resource); err != nil {
				return denied(r.Service, err)
			}
			return nil
		}
	}
	defer func() {
		p := recover()
		if p == http.ErrAbortHandler {
			s.meter.Add(r, true)
			panic(p) // a fault that was asked for: the connection drops
		}
		if p != nil {
			s.cfg.Log.Error("call panicked", "service", r.Service, "operation", r.Operation, "panic", fmt.Sprint(p))
			failed = internal()
		}
		s.meter.Add(r, failed != nil)
	}()
	out, err := do()
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	if err == nil || errors.As(err, &failed) {
		return out, failed
	}
	if r.Context.Err() == nil {
		s.cfg.Log.Error("call failed", "service", r.Service, "operation", r.Operation, "err", err)
	}
	return nil, internal()
}

func (s *Server) control(w http.ResponseWriter, req *http.Request) {
	switch req.Method + " " + req.URL.Path {
	case "GET /_localaws/health":
		io.WriteString(w, "ok\n")
	case "GET /_localaws/counts":
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(s.meter.Counts())
	case "POST /_localaws/counts/reset":
		s.meter.Reset()
		w.WriteHeader(http.StatusNoContent)
	case "GET /_localaws/faults":
		s.showFaults(w)
	case "POST /_localaws/faults":
		s.takeFaults(w, req)
	case "POST /_localaws/load":
		s.takeItems(w, req)
	default:
		http.Error(w, "localaws: no such control", http.StatusNotFound)
	}
}
