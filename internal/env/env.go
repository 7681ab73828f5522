// Package env reads a function's environment, once, at its start.
package env

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
)

// Env collects what a function needs, and what of it is missing.
type Env struct {
	function string
	missing  []string
}

// Read begins. Function is the name of the function's folder: so it is called in its
// log and metrics.
func Read(function string) *Env { return &Env{function: function} }

// Must returns a variable that has to be set.
func (e *Env) Must(name string) string {
	v := os.Getenv(name)
	if v == "" {
		e.missing = append(e.missing, name)
	}
	return v
}

// Days returns a duration given as a whole number of days.
func (e *Env) Days(name string) time.Duration {
	days, err := strconv.Atoi(e.Must(name))
	if err != nil || days < 0 {
		e.missing = append(e.missing, name+" (a number of days)")
	}
	return time.Duration(days) * 24 * time.Hour
}

// Process is what every function has.
type Process struct {
	Now     func() time.Time
	AWS     aws.Config
	Log     *slog.Logger
	Metrics *metric.Meter // nil without METRICS_NAMESPACE; each invocation ends with its Flush
}

// Start ends the process if something is missing, and names all of it; else it
// gives the clock, the configuration of the AWS clients, the log and the metrics.
func (e *Env) Start(ctx context.Context) Process {
	if len(e.missing) > 0 {
		fmt.Fprintf(os.Stderr, "missing in the environment: %s\n", strings.Join(e.missing, ", "))
		os.Exit(1)
	}
	now, err := clock()
	Exit(err)
	cfg, err := config.LoadDefaultConfig(ctx)
	Exit(err)
	cfg.HTTPClient = shared(cfg.HTTPClient)
	cfg.Retryer = retryer
	p := Process{Now: now, AWS: cfg, Log: NewLog(os.Stdout, e.function, Level(os.Getenv("AWS_LAMBDA_LOG_LEVEL")))}
	if namespace := os.Getenv("METRICS_NAMESPACE"); namespace != "" {
		p.Metrics = &metric.Meter{Namespace: namespace, Function: e.function, Out: os.Stdout, Now: now}
	}
	return p
}

// Adapters gives the channels on, and lets the process's metrics tell them apart.
func (p Process) Adapters(adapters map[hub.Channel]channel.Adapter) map[hub.Channel]channel.Adapter {
	for kind := range adapters {
		if p.Metrics != nil {
			p.Metrics.Channels = append(p.Metrics.Channels, string(kind))
		}
	}
	return adapters
}

// Exit ends the process because of a start-up error.
func Exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// clock is the hub's clock. CLOCK_OFFSET, a Go duration, is set by the local stack
// only; it moves the clock of every function at once.
func clock() (func() time.Time, error) {
	text := os.Getenv("CLOCK_OFFSET")
	if text == "" {
		return time.Now, nil
	}
	offset, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("env: CLOCK_OFFSET: not a duration")
	}
	return func() time.Time { return time.Now().Add(offset) }, nil
}

// Platform is how this process reaches the messaging platforms. PLATFORM_URL is
// set by the local stack only and leads to the fakes.
func Platform() channel.Platform {
	return channel.Platform{
		BaseURL: os.Getenv("PLATFORM_URL"),
		Client:  &http.Client{Timeout: 5 * time.Second},
	}
}
