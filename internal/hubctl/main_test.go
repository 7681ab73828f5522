package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hubtest"
	"omnihub/internal/seal"
)

var ctx = context.Background()

func run(h *hubtest.Hub, stdin string, args ...string) (string, error) {
	return runAt(h, "", stdin, args...)
}

// runAt runs a command beside platforms at an address.
func runAt(h *hubtest.Hub, platform, stdin string, args ...string) (string, error) {
	return runOver(h, nil, func(c *control) {
		c.adapters, c.in = all.Adapters(channel.Platform{BaseURL: platform}), strings.NewReader(stdin)
	}, args...)
}

// runOver runs a command whose calls of AWS meet what wrap makes; change, if it is not
// nil, changes the command's surroundings first.
func runOver(h *hubtest.Hub, wrap func(http.RoundTripper) http.RoundTripper, change func(*control), args ...string) (string, error) {
	return runUntil(ctx, h, wrap, change, args...)
}

// runUntil is runOver for a command that may be interrupted.
func runUntil(ctx context.Context, h *hubtest.Hub, wrap func(http.RoundTripper) http.RoundTripper, change func(*control), args ...string) (string, error) {
	cfg := h.AWS("hubctl")
	if wrap != nil {
		cfg.HTTPClient = &http.Client{Transport: wrap(h.Near())}
	}
	var out strings.Builder
	c := &control{
		adapters: all.Adapters(channel.Platform{}), now: h.Clock.Now, refused: &refusals{},
		in: strings.NewReader(""), out: &out, progress: io.Discard, pause: time.Millisecond,
	}
	cfg.APIOptions = append(cfg.APIOptions, c.refused.note)
	st := *h.Store
	st.DB = dynamodb.NewFromConfig(cfg)
	c.store, c.key = &st, seal.NewKeyring(kms.NewFromConfig(cfg), h.KeyID)
	c.queues, c.events = sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	c.files = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if change != nil {
		change(c)
	}
	err := c.run(ctx, args)
	return out.String(), err
}

func must(t *testing.T) func(out string, err error) string {
	return func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// mistake is a call that is refused with a text that helps.
type mistake struct {
	stdin string
	args  []string
	want  string
}

func (m mistake) check(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	if _, err := run(h, m.stdin, m.args...); err == nil || !strings.Contains(err.Error(), m.want) {
		t.Errorf("%q: got %v, want an error about %q", m.args, err, m.want)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	h := hubtest.New(t)
	for _, m := range []mistake{
		{"", []string{"tame"}, "no command"},
		{"", []string{"team", "-id", "A#"}, "team id"},
		{"", []string{"team", "acme"}, `"acme" is no flag`},
		{"", []string{"team", "-nmae", "x"}, "-nmae"},
		{"", []string{"rotate"}, "want -team ID"},
		{"", []string{"rotate", "-edge", "-team", "test"}, "want -team ID"},
		{"", []string{"rotate", "-edge", "-drop"}, "want -team ID"},
		{"", []string{"rotate", "-team", "nobody"}, "not_found"},
		{"", []string{"quota", "-team", "test"}, "-account is missing"},
		{"", []string{"quota", "-team", "test", "-account", "nosuch"}, "not_found"},
		{"", []string{"quota", "-team", "test", "-account", "whatsapp1"}, "no quota"},
		{"", []string{"log", "-team", "test", "-account", "line1"}, "-user is missing"},
		{"", []string{"log", "-team", "test", "-account", "line1", "-user", "Unobody"}, "no thread"},
		{"", []string{"log", "-team", "test", "-account", "line1", "-user", "U1", "-limit", "0"}, "-limit"},
		{"", []string{"quarantine"}, `no command "quarantine"`},
		{"", []string{"quarantine", "burn"}, `no command "quarantine"`},
		{"", []string{"quarantine", "list"}, "-team is missing"},
		{"", []string{"quarantine", "list", "-team", "test", "-since", "yesterday"}, "-since"},
		{"", []string{"quarantine", "list", "-team", "test", "-limit", "0"}, "-limit"},
		{"", []string{"quarantine", "show", "-team", "test"}, "-id is missing"},
		{"", []string{"quarantine", "show", "-team", "test", "-id", "nosuch"}, "not_found"},
		{"", []string{"quarantine", "show", "-team", "test", "-id", "x", "-raw", "-head"}, "-raw or -head"},
		{"", []string{"quarantine", "replay", "-team", "test"}, "want -id"},
		{"", []string{"quarantine", "replay", "-team", "test", "-id", "x", "-since", "1h"}, "-id alone"},
		{"", []string{"quarantine", "replay", "-team", "test", "-id", "x", "-rate", "0"}, "-rate"},
		{"", []string{"queues", "-stack", "nosuch"}, "no queues of a stack nosuch"},
		{"", []string{"redrive"}, "-queue is missing"},
		{"", []string{"redrive", "-stack", "test", "-queue", "Inbox"}, "dead letters of Bus, Inbound, LinkFollow, Match, Outbound"},
		{"", []string{"redrive", "-stack", "nosuch", "-queue", "FailedRecords"}, "no bucket nosuch-failedrecords"},
		{"", []string{"republish", "-since", "1h"}, "-team ID or -all"},
		{"", []string{"republish", "-all", "-team", "test", "-since", "1h"}, "-team ID or -all"},
		{"", []string{"republish", "-all"}, "-since is missing"},
		{"", []string{"republish", "-all", "-since", "1h", "-messages", "maybe"}, "-messages"},
		{"", []string{"republish", "-all", "-since", "1h", "-export", "testdata/nosuch"}, "nosuch"},
		{"", []string{"disconnect", "-team", "test"}, "-connection is missing"},
		{"", []string{"disconnect", "-team", "test", "-connection", "line1", "-account", "nosuch"}, "no account"},
	} {
		m.check(t, h)
	}
}

func TestHelpShowsEveryCommand(t *testing.T) {
	h := hubtest.New(t)
	out := must(t)(run(h, "", "send", "-h"))
	if out != usageOf(all.Adapters(channel.Platform{})) || strings.Contains(out, "{channels}") {
		t.Error("-h of a command does not show the usage")
	}
	for name := range commands() {
		if !regexp.MustCompile(`(?m)^  hubctl ` + name + ` `).MatchString(usage) {
			t.Errorf("the usage does not show %s", name)
		}
	}
	for kind, a := range all.Adapters(channel.Platform{}) {
		for _, f := range slices.Concat(a.Setup().Connection, a.Setup().Account) {
			if !regexp.MustCompile(`(?m)^    ` + string(kind) + `: -external is .*\n(      .*\n)*      ` + f.Name + ` +(connection|account) `).MatchString(out) {
				t.Errorf("the usage does not show that %s needs %s", kind, f.Name)
			}
		}
	}
}
