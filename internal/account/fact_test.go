package account_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"omnihub/internal/bus/catalogue"
	"omnihub/internal/hub"
)

func TestFactsArePublishedAsTheCatalogueSays(t *testing.T) {
	s := newScene(t)
	s.renews()
	s.ends("t1", 9*day)
	s.connect(wish("a1", "t1"))
	s.ends("t2", 2*day)
	s.accounts["t2"].fixed = true
	s.connect(wish("a2", "t2"))
	s.webhooks["page1"] = "https://other.example/hook"
	s.pass(3 * time.Hour)
	s.accounts["t2"].refused = true
	s.pass(2 * day)
	if _, err := s.keeper.Disconnect(ctx, team, "toys", false); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range []hub.AccountID{"a1", "a2"} {
		facts, err := s.Store.AccountFacts(ctx, team, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range facts {
			seen[e.Kind] = true
			e.Detail["id"], e.Detail["team"], e.Detail["at"] = e.ID, e.Team, e.At
			raw, err := json.Marshal(e.Detail)
			if err != nil {
				t.Fatal(err)
			}
			detail, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema(t, e.Kind).Validate(detail); err != nil {
				t.Errorf("%s: %s: %v", e.Kind, raw, err)
			}
		}
	}
	for _, kind := range catalogue.Kinds() {
		if strings.HasPrefix(kind, "account.") && kind != hub.AccountNotice && !seen[kind] {
			t.Errorf("%s did not happen", kind)
		}
	}
}

func schema(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	raw, _ := catalogue.Schema(kind)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(kind, doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(kind)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}
