package settings_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func attributeAudit(h *hubtest.Hub, id string) hub.Audit {
	return hub.Audit{
		ID: hub.Digest(id)[:26], Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, Action: "attribute", Target: "attribute/x",
		At: hub.MillisOf(h.Clock.Now()),
	}
}

func TestAttributeIsArchivedBeforeItIsDeleted(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	define := func(d hub.Attribute) (hub.Attribute, error) {
		return h.Setup.DefineAttribute(ctx, hubtest.Team, d, attributeAudit(h, fmt.Sprint(d)))
	}
	d, err := define(hub.Attribute{Key: "Size", Type: hub.AttributeNumber, Title: "尺寸", Description: "in cm"})
	if err != nil || d.Version != 1 || d.Created != hub.MillisOf(h.Clock.Now()) {
		t.Fatalf("got %+v, %v, want version 1 of now", d, err)
	}
	if _, err := define(hub.Attribute{Key: "size", Type: hub.AttributeText}); err != nil {
		t.Errorf("got %v, want a key in other letters to be another one", err)
	}
	first := d
	remove := func(version int) error {
		return h.Setup.DeleteAttribute(ctx, hubtest.Team, "Size", version, attributeAudit(h, fmt.Sprint("delete ", version)))
	}
	if err := remove(1); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v, want the deletion refused before it is archived", err)
	}
	h.Clock.Advance(time.Hour)
	d.Archived, d.Title = true, "Size"
	if d, err = define(d); err != nil || d.Version != 2 || d.Created != first.Created {
		t.Fatalf("got %+v, %v, want version 2", d, err)
	}
	other := d
	other.Type = hub.AttributeText
	for what, c := range map[string]struct {
		err  error
		want hub.Code
	}{
		"another version": {second(define(first)), hub.Conflict},
		"another type":    {second(define(other)), hub.Refused},
		"made again":      {second(define(hub.Attribute{Key: "Size", Type: hub.AttributeText})), hub.Refused},
		"missing":         {second(define(hub.Attribute{Key: "none", Type: hub.AttributeText, Version: 1})), hub.NotFound},
		"no key":          {second(define(hub.Attribute{Key: "a b", Type: hub.AttributeText})), hub.BadRequest},
		"deleted as old":  {remove(1), hub.Conflict},
	} {
		if hub.CodeOf(c.err) != c.want {
			t.Errorf("%s: got %v, want %s", what, c.err, c.want)
		}
	}
	d.Archived = false
	if d, err = define(d); err != nil || d.Archived {
		t.Fatalf("got %+v, %v, want it in use again", d, err)
	}
	d.Archived = true
	if d, err = define(d); err != nil {
		t.Fatal(err)
	}
	if err := remove(d.Version); err != nil {
		t.Error(err)
	}
	list, err := h.Store.Attributes(ctx, hubtest.Team)
	if err != nil || len(list) != 1 || list[0].Key != "size" {
		t.Errorf("got %+v, %v, want the other one alone", list, err)
	}
	audits, _, err := h.Store.Audits(ctx, hubtest.Team, store.Day(hub.MillisOf(h.Clock.Now())), "", 100)
	if err != nil || len(audits) != 6 {
		t.Errorf("got %d entries, %v, want one for each of 6 changes", len(audits), err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestAttributesAreReadOnceAMinute(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	st := h.As("Reader", nil)
	r := settings.NewReader(st, h.Keyring, h.Clock.Now)
	read := func() settings.Attributes {
		t.Helper()
		got, err := r.Attributes(ctx, hubtest.Team)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := read(); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
	d := hub.Attribute{Key: "size", Type: hub.AttributeNumber, Archived: true}
	if _, err := h.Setup.DefineAttribute(ctx, hubtest.Team, d, attributeAudit(h, "one")); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := read().Of("size"); ok {
		t.Error("got what is a moment old, want what is kept")
	}
	h.Clock.Advance(time.Minute)
	kind, archived, ok := read().Of("size")
	if !ok || !archived || kind != hub.AttributeNumber {
		t.Errorf("got %s, %v, %v, want an archived number", kind, archived, ok)
	}
	if _, _, ok := read().Of("Size"); ok {
		t.Error("got an attribute of another key")
	}
	if calls, _, _ := h.Calls("Reader"); calls != 2 {
		t.Errorf("got %d calls, want 2", calls)
	}
}

func TestTeamHasSoManyAttributes(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	for i := range settings.MaxAttributes {
		d := hub.Attribute{Key: fmt.Sprint("a", i), Type: hub.AttributeText}
		if err := h.Store.SaveAttribute(ctx, hubtest.Team, d, attributeAudit(h, d.Key)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := h.Setup.DefineAttribute(ctx, hubtest.Team, hub.Attribute{Key: "more", Type: hub.AttributeText}, attributeAudit(h, "more"))
	if hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v, want one more refused", err)
	}
}
