package deploy

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"omnihub/internal/bus/catalogue"
	"omnihub/internal/devserver/template"
	"omnihub/internal/hub"
	"omnihub/internal/localaws/pattern"
)

// What relay is handed of its two streams. All facts are published unless the
// deployment leaves customers' messages out.
const (
	intents   = `{"eventName":["INSERT"],"dynamodb":{"NewImage":{"gpk":{"S":[{"prefix":"S#"}]},"d":{"S":["out"]}}}}`
	facts     = `{"eventName":["INSERT"],"dynamodb":{"NewImage":{"pub":{"S":[{"exists":true}]}}}}`
	otherThan = `{"eventName":["INSERT"],"dynamodb":{"NewImage":{"pub":{"S":[{"anything-but":["message.received"]}]}}}}`
	threads   = `{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"SK":{"S":["THREAD"]},"chg":{"M":{"by":{"S":[{"exists":true}]}}}}}}`
	stamps    = `{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"SK":{"S":[{"prefix":"M#"},{"prefix":"A#"}]},"rev":{"N":[{"exists":true}]}}}}`
	revisions = `{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"rev":{"N":[{"exists":true}]}}}}`
)

// streams are relay's filters by table, as the template gives them with parameters.
func streams(t *testing.T, parameters map[string]string) map[string][]string {
	t.Helper()
	d, err := template.Read("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Resolve(template.Options{Stack: "hub", Region: "us-east-1", Account: "000000000000",
		APIURL: "http://api", AWSURL: "http://aws", Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	filters := map[string][]string{}
	for _, f := range m.Functions {
		for _, s := range f.Streams {
			if f.ID != "Relay" {
				t.Errorf("%s reads a change stream: two readers at most may read a shard, and relay is the one who publishes", f.ID)
			}
			filters[s.Table] = append(filters[s.Table], s.Filters...)
		}
	}
	return filters
}

func TestRelayReadsBothStreams(t *testing.T) {
	contacts := []string{facts, revisions}
	for name, c := range map[string]struct {
		parameters map[string]string
		messages   []string
	}{
		"as it stands":                    {nil, []string{intents, facts, threads, stamps}},
		"messages published":              {map[string]string{"PublishMessages": "yes"}, []string{intents, facts, threads, stamps}},
		"without publication of messages": {map[string]string{"PublishMessages": "no"}, []string{intents, otherThan, threads, stamps}},
	} {
		got := streams(t, c.parameters)
		if !slices.Equal(got["MessagesTable"], c.messages) || !slices.Equal(got["ContactsTable"], contacts) || len(got) != 2 {
			t.Errorf("%s: relay gets %v, want %v of Messages and %v of Contacts", name, got, c.messages, contacts)
		}
	}
}

// insert is the record of an item that was put.
func insert(t *testing.T, attributes map[string]string) any {
	t.Helper()
	image := map[string]any{}
	for name, v := range attributes {
		image[name] = map[string]string{"S": v}
	}
	raw, err := json.Marshal(map[string]any{"eventName": "INSERT", "dynamodb": map[string]any{"NewImage": image}})
	if err != nil {
		t.Fatal(err)
	}
	var record any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&record); err != nil {
		t.Fatal(err)
	}
	return record
}

func TestSwitchTakesCustomersMessagesFromRelayAndNothingElse(t *testing.T) {
	for _, publish := range []string{"yes", "no"} {
		var filters []*pattern.Pattern
		for _, f := range streams(t, map[string]string{"PublishMessages": publish})["MessagesTable"] {
			p, err := pattern.CompileFilter(f)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			filters = append(filters, p)
		}
		holds := func(what string, attributes map[string]string, want bool) {
			t.Helper()
			record := insert(t, attributes)
			got := slices.ContainsFunc(filters, func(p *pattern.Pattern) bool { return p.Match(record) })
			if got != want {
				t.Errorf("PublishMessages=%s: %s: relay is handed it: %v, want %v", publish, what, got, want)
			}
		}
		for _, kind := range catalogue.Kinds() {
			holds(kind, map[string]string{"SK": "F#1", "pub": kind}, kind != hub.MessageReceived || publish == "yes")
		}
		holds("a customer's message", map[string]string{"SK": "M#1", "d": "in", "pub": hub.MessageReceived}, publish == "yes")
		holds("an intent to send", map[string]string{"SK": "M#2", "d": "out", "gpk": "S#1"}, true)
		holds("an item that is no fact", map[string]string{"SK": "R#1"}, false)
	}
}

// A rule that waited for messages would be silent in some deployments.
func TestNothingOfTheStackWaitsForCustomersMessages(t *testing.T) {
	d := read(t)
	for _, r := range rules(t, d) {
		if slices.Contains(r.kinds, hub.MessageReceived) {
			t.Errorf("%s waits for %s, which is not published with PublishMessages=no", r.name, hub.MessageReceived)
		}
	}
}
