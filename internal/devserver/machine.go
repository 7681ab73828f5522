package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"omnihub/internal/channel/fake"
	"omnihub/internal/devserver/build"
	"omnihub/internal/devserver/demoteam"
	"omnihub/internal/devserver/fault"
	"omnihub/internal/devserver/issuer"
	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/loopback"
	"omnihub/internal/devserver/source"
	"omnihub/internal/devserver/template"
	"omnihub/internal/localaws"
	"omnihub/internal/localaws/dynamo"
	sqsengine "omnihub/internal/localaws/sqs"
)

// expiredStay is how long an item still shows after its time to live. AWS removes it
// within some days, so what reads one must look at its time.
const expiredStay = 6 * time.Hour

// machine is the whole hub on this machine.
type machine struct {
	settings
	log   *logs.Log
	state *stateDir
	clock clock
	guard guard

	listeners map[string]net.Listener
	servers   []*http.Server
	urls      addresses
	api       front
	platform  front

	document  *template.Document
	written   time.Time // when the template was last changed
	model     *template.Model
	streams   map[string]string // stream ARNs by table id
	cloud     *localaws.Server  // nil with another endpoint
	awsConfig aws.Config

	builder   *build.Builder
	targets   []build.Target
	host      *lambda.Host
	functions map[string]*lambda.Function

	sources     source.Group
	queues      []*source.Queue
	readers     []*source.Stream
	timetable   *source.Timetable
	checkpoints *source.Checkpoints

	team   demoteam.Team
	issuer *issuer.Issuer
	ledger *fake.Ledger

	journals   []*fake.Journal
	fakes      map[string]fake.Platform
	plans      faultPlans // of the fake platforms
	faults     fault.Faults
	failpoints fault.Failpoints

	gate     sync.RWMutex // held by requests; taken alone while the clock moves
	changing sync.Mutex   // clock moves and rebuilds, one at a time
	ready    atomic.Bool
}

// front is a handler that is put in place once it is ready.
type front struct{ handler atomic.Pointer[http.Handler] }

func (f *front) set(h http.Handler) { f.handler.Store(&h) }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := f.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	reply(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "message": "the devserver starts"})
}

// start brings everything up; the machine serves when it returns. After an error
// stop must still be called.
func (m *machine) start(ctx context.Context) error {
	if err := m.listen(); err != nil {
		return err
	}
	if err := m.open(); err != nil {
		return err
	}
	built := make(chan error, 1)
	go func() { built <- m.builder.Run(ctx, m.targets, m.buildDir != "", m.tellBuild) }()
	err := m.provision(ctx)
	if err = errors.Join(err, <-built); err != nil {
		return err
	}
	if err := m.wire(); err != nil {
		return err
	}
	if err := m.seed(ctx); err != nil {
		return err
	}
	m.platform.set(m.platformHandler())
	for _, f := range m.model.Functions {
		m.functions[f.ID].Warm()
	}
	m.api.set(m.apiHandler())
	m.sources.Start()
	m.ready.Store(true)
	return m.state.keepAddresses(m.urls)
}

// listen takes the addresses first, so that a port in use is told at once.
func (m *machine) listen() error {
	m.listeners = map[string]net.Listener{}
	take := func(address, variable string) (string, error) {
		var l net.Listener
		var err error
		patiently(func() bool {
			l, err = net.Listen("tcp", address)
			return !errors.Is(err, syscall.EADDRINUSE)
		})
		if errors.Is(err, syscall.EADDRINUSE) {
			return "", fmt.Errorf("devserver: the address %s is in use; stop what uses it, or choose another with %s=127.0.0.1:PORT (0 = any free port)", address, variable)
		}
		if err != nil {
			return "", fmt.Errorf("devserver: listen (%s): %w", variable, err)
		}
		m.listeners[variable] = l
		host, port, _ := net.SplitHostPort(l.Addr().String())
		if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		return "http://" + net.JoinHostPort(host, port), nil
	}
	var err error
	m.urls.PID = os.Getpid()
	if m.urls.API, err = take(m.settings.api, "DEV_API_ADDR"); err != nil {
		return err
	}
	if m.urls.Platform, err = take(m.settings.platform, "DEV_PLATFORM_ADDR"); err != nil {
		return err
	}
	if m.urls.AWS = m.endpoint; m.endpoint == "" {
		if m.urls.AWS, err = take(m.settings.aws, "DEV_AWS_ADDR"); err != nil {
			return err
		}
	}
	m.serve("DEV_API_ADDR", &m.api, 10_240)
	m.serve("DEV_PLATFORM_ADDR", &m.platform, 0)
	return nil
}

func (m *machine) serve(variable string, h http.Handler, maxHeader int) {
	s := &http.Server{Handler: h, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(m.log.Handler("http"), slog.LevelWarn)}
	m.servers = append(m.servers, s)
	go func() { _ = s.Serve(m.listeners[variable]) }()
}

// open reads the state and the template, checks what can be checked without a
// function, and opens the local cloud.
func (m *machine) open() error {
	var err error
	if !m.memory {
		offset, err := m.state.offset()
		if err != nil {
			return err
		}
		m.clock.Set(offset)
	}
	m.written = m.templateTime()
	if m.document, err = template.Read(m.settings.template); err != nil {
		return err
	}
	if err := m.openIssuer(); err != nil {
		return err
	}
	if m.model, err = m.document.Resolve(m.options(nil)); err != nil {
		return err
	}
	if err := checkSources(m.model); err != nil {
		return err
	}
	var names []string
	for _, f := range m.model.Functions {
		names = append(names, short(f.ID))
		m.targets = append(m.targets, build.Target{ID: f.ID, Code: f.Code})
	}
	m.log.Widen(names...)
	m.builder = &build.Builder{Root: filepath.Dir(m.settings.template), Dir: m.buildDir, Tags: m.tags}
	if m.builder.Dir == "" {
		m.builder.Dir = m.state.file("build")
	}
	if tags := m.tagList(); len(tags) > 0 {
		m.builder.Dir = filepath.Join(m.builder.Dir, "tags", strings.Join(tags, "-"))
	}
	m.awsConfig = aws.Config{Region: region, BaseEndpoint: &m.urls.AWS,
		Credentials: credentials.NewStaticCredentialsProvider("devserver", "local", "")}
	if m.endpoint != "" {
		return nil
	}
	m.guard.log = m.log
	cfg := localaws.Config{Dir: m.state.path, Clock: m.clock.Now, Region: region, Account: account, SQS: sqsengine.Config{VisibilityScale: m.scale},
		Dynamo: dynamo.Config{TTLDelay: expiredStay},
		Permit: m.guard.permit, Log: slog.New(m.log.Handler("aws"))}
	if m.memory {
		cfg.Dir = ""
	} else if err := m.state.checkCloud(); err != nil {
		return err
	}
	if m.cloud, err = localaws.Open(cfg); err != nil {
		return err
	}
	m.awsConfig.HTTPClient = loopback.Client{Handler: m.cloud}
	m.serve("DEV_AWS_ADDR", m.cloud, 0)
	return nil
}

// templateTime is when the template was last changed; zero if that is not known.
func (m *machine) templateTime() time.Time {
	info, err := os.Stat(m.settings.template)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (m *machine) options(known map[string]string) template.Options {
	return template.Options{Stack: m.stack, Region: region, Account: account, Parameters: m.withIssuer(m.parameters),
		APIURL: m.urls.API, AWSURL: m.urls.AWS, Known: known, Shuffle: m.shuffle != nil}
}

// stop ends everything in order: sources take nothing more, invocations finish
// within some seconds, processes end, the local cloud closes last.
func (m *machine) stop() {
	m.ready.Store(false)
	m.api.set(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "message": "the devserver stops"})
	}))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		m.sources.Stop()
		close(stopped)
	}()
	if m.host != nil {
		select {
		case <-stopped:
			if err := m.host.Drain(ctx); err != nil {
				m.log.Warn("devserver", "invocations are still running and are ended")
			}
		case <-ctx.Done():
			m.log.Warn("devserver", "invocations are still running and are ended")
		}
		m.host.Close()
	}
	<-stopped
	if m.checkpoints != nil {
		if err := m.checkpoints.Flush(); err != nil {
			m.log.Error("devserver", "checkpoints were not kept", "error", err)
		}
	}
	for _, s := range m.servers {
		_ = s.Close()
	}
	for _, l := range m.listeners {
		_ = l.Close()
	}
	for _, j := range m.journals {
		_ = j.Close()
	}
	if m.cloud != nil {
		if err := m.cloud.Close(); err != nil {
			m.log.Error("aws", "the local cloud did not close well", "error", err)
		}
	}
	m.state.close()
}
