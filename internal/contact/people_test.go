package contact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/export"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// attributes defines those that the tests' team has.
func attributes(t testing.TB, h *hubtest.Hub) contact.Attributes {
	t.Helper()
	c := &calls{h: h, n: 1000}
	for key, kind := range map[string]hub.AttributeType{
		"size": hub.AttributeText, "points": hub.AttributeNumber, "since": hub.AttributeDate, "seen": hub.AttributeDateTime, "vip": hub.AttributeBoolean,
		"old": hub.AttributeText,
	} {
		d, err := h.Setup.DefineAttribute(ctx, team, hub.Attribute{Key: key, Type: kind}, c.by("attribute.define"))
		if d.Archived = key == "old"; err == nil && d.Archived {
			_, err = h.Setup.DefineAttribute(ctx, team, d, c.by("attribute.archive"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := h.Settings.Attributes(ctx, team)
	if err != nil {
		t.Fatal(err)
	}
	return all.Of
}

// calls counts the calls of a test, for their audits.
type calls struct {
	h *hubtest.Hub
	n int
}

// by is the audit of a new call, now.
func (c *calls) by(action string) hub.Audit {
	c.n++
	return hub.Audit{
		ID: hub.Digest("call", fmt.Sprint(c.n))[:26], Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, Action: action,
		Target: "home/x", At: hub.MillisOf(c.h.Clock.Now()),
	}
}

// one is an audit that names one call, whenever it is made.
func one(h *hubtest.Hub, action string) hub.Audit { return (&calls{h: h}).by(action) }

// obstacle is what an error says stands in the way; the empty one if it says nothing.
func obstacle(err error) hub.Obstacle {
	var o *hub.Obstacle
	if hub.CodeOf(err) == hub.Refused && errors.As(err, &o) {
		return *o
	}
	return hub.Obstacle{}
}

// settle does something until nobody was faster. That it is refused, or that there is
// nothing to be done, is an end too.
func settle(do func() error) func() error {
	return func() error {
		for range 300 {
			switch err := do(); hub.CodeOf(err) {
			case "", hub.Refused, hub.NotFound:
				return nil
			case hub.Conflict:
			default:
				return err
			}
		}
		return fmt.Errorf("others were faster 300 times")
	}
}

// values are the fields of a contact as text, without times.
func values(t failer, b *contact.Book, home hub.HomeID) string {
	t.Helper()
	c, err := b.Contact(ctx, team, home)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range c.Fields {
		out = append(out, f.Field+"="+f.Value)
	}
	if c.MemberID != "" {
		out = append(out, "member="+c.MemberID.Reveal())
	}
	return strings.Join(out, " ")
}

// exported is all that is known of a contact but for its joins, what was said against
// them, and who changed what: those are of the joins, not of the homes.
func exported(t failer, b *contact.Book, home hub.HomeID) string {
	t.Helper()
	x := &export.Exporter{Store: b.Store, Office: &erasure.Office{Store: b.Store, Settings: b.Settings, Contacts: b, Now: b.Now}}
	var out strings.Builder
	for at := ""; ; {
		page, err := x.Page(ctx, team, home, at, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range page.Entries {
			var kind struct{ Kind string }
			if err := json.Unmarshal(entry, &kind); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains([]string{"edge", "never_join", "audit"}, kind.Kind) {
				fmt.Fprintf(&out, "%s\n", entry)
			}
		}
		if at = page.Next; at == "" {
			return out.String()
		}
	}
}
