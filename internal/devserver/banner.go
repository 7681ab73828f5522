package main

import (
	"fmt"
	"strings"
	"time"
)

// banner says where everything is, and what to try first.
func (m *machine) banner(took time.Duration) string {
	var b strings.Builder
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	say("")
	say("  The hub runs (ready in %.1f s).", took.Seconds())
	say("")
	say("    API        %s", m.urls.API)
	cloud := "the local cloud; any AWS client works with it"
	if m.endpoint != "" {
		cloud = "as AWS_ENDPOINT_URL says"
	}
	say("    AWS        %s   %s", m.urls.AWS, cloud)
	say("    Platforms  %s   fake platforms and customers", m.urls.Platform)
	kept := m.state.path
	if m.memory {
		kept = "in memory (DEV_MEMORY): gone when the devserver stops"
	}
	say("    State      %s", kept)
	if offset := m.clock.Offset(); offset != 0 {
		say("    Clock      %s ahead: %s", offset, m.clock.Now().UTC().Format(time.RFC3339))
	}
	if m.scale != 1 {
		say("    Visibility timeouts are multiplied by %g (DEV_VISIBILITY_SCALE)", m.scale)
	}
	if m.shuffle != nil {
		say("    FIFO queues are shuffled standard queues, seed %d (DEV_SHUFFLE)", *m.shuffle)
	}
	if m.chaotic() {
		say("    The functions have their failpoints (DEV_TAGS); set them at %s/_dev/failpoints", m.urls.API)
	}
	if m.takesLocalTokens() != "" {
		say("    Tokens     %s/token mints them; the demo team's stand in %s/_demo", m.issuerURL(), m.urls.Platform)
	}
	if len(m.team.Accounts) > 0 {
		say("")
		say("  Webhooks of the demo team %s:", m.team.Team)
		for _, a := range m.team.Accounts {
			say("    %-10s %s", a.Channel, a.Webhook)
		}
		a := m.team.Accounts[0]
		say("")
		say("  Try:")
		say("    curl -s %s/_customer/%s -d '{\"from\":\"mei\",\"text\":\"ping\"}'   # a customer writes", m.urls.Platform, a.Channel)
		say("    curl -s '%s/_sent?channel=%s&to=mei'   # what the customer got", m.urls.Platform, a.Channel)
		if len(m.model.Buses) > 0 && m.cloud != nil {
			say("    curl -s %s/_dev/events   # what was published", m.urls.API)
		}
		say("    curl -s -X POST %s/_dev/clock -d '{\"advance\":\"15m\"}'   # a quarter of an hour passes", m.urls.API)
	}
	say("")
	say("  Enter builds changed code again, Ctrl-C stops.")
	return b.String()
}
