package store_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestCareReadsBackWhole(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	c := store.Care{
		Team: hubtest.Team, Account: "a1", Connection: "c1", Channel: "toy", Due: 1, Fingerprint: "f", Since: 2, Checked: 3, Trouble: hub.AccountBroken,
		Why: "w", Name: "n", Expires: 4, Fixed: true, Advice: []string{"x", "y"}, Registered: 5, Lost: 6,
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Gone" && name != "Version" {
			t.Fatalf("the test leaves %s out", name)
		}
	}
	if err := h.Store.SaveCare(ctx, c, store.AccountFact{Kind: hub.AccountWebhookLost, At: 7}); err != nil {
		t.Fatal(err)
	}
	c.Version = 1
	if got, err := h.Store.Care(ctx, hubtest.Team, "a1"); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v, %v, want %+v", got, err, c)
	}
	if err := h.Store.SaveCare(ctx, c); err != nil {
		t.Fatal(err)
	}
	for c.Version = range 2 { // what was seen, while the second version stands
		if err := h.Store.SaveCare(ctx, c); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("got %v over an older version (seen: %d), want conflict", err, c.Version)
		}
		if err := h.Store.SaveCare(ctx, c, store.AccountFact{Kind: hub.AccountWebhookLost, At: 8}); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("got %v with a fact over an older version (seen: %d), want conflict", err, c.Version)
		}
	}
	if got, err := h.Store.Care(ctx, hubtest.Team, "a1"); err != nil || got.Version != 2 {
		t.Errorf("got version %d, %v, want the second to stand", got.Version, err)
	}
	if got, err := h.Store.Care(ctx, hubtest.Team, "nosuch"); err != nil || got.Version != 0 {
		t.Errorf("got %+v, %v of an account that never was", got, err)
	}
}

func TestDueAccountsComeInOrderAndByPages(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	const n = 60
	for i := range n {
		c := store.Care{Team: hubtest.Team, Account: hub.AccountID(fmt.Sprintf("acc%02d", i)), Due: hub.Millis(1000 + i%20)}
		if err := h.Store.SaveCare(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	gone := store.Care{Team: hubtest.Team, Account: "gone", Gone: 1}
	if err := h.Store.SaveCare(ctx, gone); err != nil {
		t.Fatal(err)
	}
	due := func(now hub.Millis, limit int) map[hub.AccountID]int {
		seen := map[hub.AccountID]int{}
		for shard := range store.Shards {
			for after, last := "", hub.Millis(0); ; {
				page, next, err := h.Store.DueCares(ctx, shard, after, now, limit)
				if err != nil {
					t.Fatal(err)
				}
				highest := last
				for _, c := range page {
					seen[c.Account]++
					if c.Due < last || c.Due > now {
						t.Errorf("%s is due at %d, after a page up to %d, at %d", c.Account, c.Due, last, now)
					}
					highest = max(highest, c.Due)
				}
				last = highest
				if after = next; after == "" {
					break
				}
			}
		}
		return seen
	}
	for _, limit := range []int{1, 2, 3, 100} {
		seen := due(2000, limit)
		for id, times := range seen {
			if times != 1 {
				t.Errorf("pages of %d: got %s %d times", limit, id, times)
			}
		}
		if len(seen) != n {
			t.Errorf("pages of %d: got %d accounts, want %d", limit, len(seen), n)
		}
	}
	if got := due(1009, 100); len(got) != n/2 {
		t.Errorf("got %d accounts that are due, want %d", len(got), n/2)
	}
}

func TestExpiredTokenIsOneFactWhoeverTells(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	for at := range hub.Millis(3) {
		if err := h.Store.PutTokenExpired(ctx, hubtest.Team, "a1", "print", at+1); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := h.Store.ExpiredSince(ctx, hubtest.Team, "a1", "print"); err != nil || at != 1 {
		t.Errorf("got %d, %v, want the first refusal's time", at, err)
	}
	if at, err := h.Store.ExpiredSince(ctx, hubtest.Team, "a1", "other"); err != nil || at != 0 {
		t.Errorf("got %d, %v of credentials that nobody refused", at, err)
	}
	facts, err := h.Store.AccountFacts(ctx, hubtest.Team, "a1")
	if err != nil || len(facts) != 1 || facts[0].Kind != hub.AccountTokenExpired || facts[0].Detail["account"] != "a1" {
		t.Errorf("got %+v, %v, want one", facts, err)
	}
}
