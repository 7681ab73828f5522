package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// settings are what the developer chose, by environment and flags.
type settings struct {
	template   string
	stack      string
	parameters map[string]string

	api, aws, platform string // addresses to listen on
	endpoint           string // AWS_ENDPOINT_URL: another endpoint instead of the own local cloud
	dir                string // state; absolute
	memory             bool
	scale              float64 // of visibility timeouts
	shuffle            *int64  // seed
	buildDir           string  // prebuilt artifacts, those of other tags below it; "" = below dir
	tags               string
	rawLog             bool
	unthrottled        bool // the API's throttles are not played
}

// Region and account of everything on this machine.
const (
	region  = "ap-east-1"
	account = "000000000000"
)

// pairs collects repeated -parameter Name=Value.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("want Name=Value")
	}
	p[name] = value
	return nil
}

// readSettings reads the command line and the environment.
func readSettings(args []string, getenv func(string) string, out io.Writer) (settings, error) {
	s := settings{parameters: map[string]string{}}
	flags := flag.NewFlagSet("devserver", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&s.template, "template", "template.yaml", "the SAM template to run")
	flags.StringVar(&s.stack, "stack", "omnihub", "the stack's name, part of physical names")
	flags.Var(pairs(s.parameters), "parameter", "a template parameter as Name=Value; may be repeated")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("devserver: argument %q is not known", flags.Arg(0))
	}
	or := func(name, standard string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return standard
	}
	s.api = or("DEV_API_ADDR", "127.0.0.1:3000")
	s.aws = or("DEV_AWS_ADDR", "127.0.0.1:4566")
	s.platform = or("DEV_PLATFORM_ADDR", "127.0.0.1:4600")
	s.endpoint = strings.TrimRight(getenv("AWS_ENDPOINT_URL"), "/")
	s.tags = getenv("DEV_TAGS")
	s.memory = getenv("DEV_MEMORY") == "1"
	var err error
	if s.dir, err = filepath.Abs(or("DEV_DIR", ".local")); err != nil {
		return s, err
	}
	if s.buildDir = getenv("DEV_BUILD_DIR"); s.buildDir != "" {
		if s.buildDir, err = filepath.Abs(s.buildDir); err != nil {
			return s, err
		}
	}
	s.scale = 1
	if v := getenv("DEV_VISIBILITY_SCALE"); v != "" {
		if s.scale, err = strconv.ParseFloat(v, 64); err != nil || s.scale <= 0 {
			return s, fmt.Errorf("devserver: DEV_VISIBILITY_SCALE=%s is no number above 0", v)
		}
	}
	if v := getenv("DEV_SHUFFLE"); v != "" {
		seed, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return s, fmt.Errorf("devserver: DEV_SHUFFLE=%s is no whole number", v)
		}
		s.shuffle = &seed
	}
	switch v := getenv("DEV_LOG"); v {
	case "", "text":
	case "json":
		s.rawLog = true
	default:
		return s, fmt.Errorf("devserver: DEV_LOG=%s is neither json nor text", v)
	}
	switch v := getenv("DEV_THROTTLE"); v {
	case "", "on":
	case "off":
		s.unthrottled = true
	default:
		return s, fmt.Errorf("devserver: DEV_THROTTLE=%s is neither on nor off", v)
	}
	if s.endpoint != "" && (s.shuffle != nil || s.scale != 1 || s.memory) {
		return s, errors.New("devserver: DEV_SHUFFLE, DEV_VISIBILITY_SCALE and DEV_MEMORY work with the own local cloud only; unset AWS_ENDPOINT_URL")
	}
	return s, nil
}

// tagList are the build tags of the functions, sorted.
func (s settings) tagList() []string {
	tags := strings.FieldsFunc(s.tags, func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(tags)
	return slices.Compact(tags)
}

// chaosTag is the build tag with which functions ask at their failpoints.
const chaosTag = "chaos"

// chaotic reports whether the functions are built with their failpoints.
func (s settings) chaotic() bool { return slices.Contains(s.tagList(), chaosTag) }

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
