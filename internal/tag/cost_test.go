package tag_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

// plant lets so many further homes bear a tag, as far as its list and its records show.
func plant(t *testing.T, s *scene, name string, people int) {
	t.Helper()
	text := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	id := hub.NewTagID(team, name)
	table := s.Store.Tables.Contacts
	var writes []types.WriteRequest
	for i := range people {
		home := hub.Digest(name, fmt.Sprint(i))
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
			"PK": text(fmt.Sprintf("T#%s#TAG#%s#%d", team, id, i%store.Shards)), "SK": text(home), "at": &types.AttributeValueMemberN{Value: "1791170475123"},
		}}})
	}
	for some := range slices.Chunk(writes, 25) {
		_, err := s.Store.DB.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: some}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTaggingCostsTheSameWithTenBearersAndWithTenThousand(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	s.define(t, "T", 30)
	type cost struct {
		calls       int
		read, write float64
	}
	measure := func(do func(*tag.Book)) cost {
		b := *s.book
		b.Store = s.As("Cost", nil)
		s.Cloud.Meter().Reset()
		do(&b)
		calls, read, write := s.Calls("Cost")
		return cost{calls, read, write}
	}
	calls := 0
	all := func() (got [4]cost) {
		calls++
		a := audit(s, fmt.Sprint("audit ", calls))
		got[0] = measure(func(b *tag.Book) {
			c := s.call(fmt.Sprint("add ", calls))
			c.Audit = &a
			if err := b.Change(ctx, team, home, []string{"T"}, nil, c); err != nil {
				t.Fatal(err)
			}
		})
		s.Clock.Advance(1)
		got[1] = measure(func(b *tag.Book) {
			list, _, err := b.Bearers(ctx, team, hub.NewTagID(team, "T"), "", 1)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
		})
		got[2] = measure(func(b *tag.Book) {
			if list, err := b.Of(ctx, team, []hub.HomeID{home}); err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
		})
		s.Clock.Advance(1e6)
		got[3] = measure(func(b *tag.Book) {
			if err := b.Change(ctx, team, home, nil, []string{"T"}, s.call(fmt.Sprint("remove ", calls))); err != nil {
				t.Fatal(err)
			}
		})
		s.Clock.Advance(1e6)
		return got
	}
	plant(t, s, "T", 10)
	all() // the state is there from now on
	few := all()
	plant(t, s, "T", 10_000)
	if many := all(); many != few {
		t.Errorf("got %+v with 10,000, want %+v as with 10", many, few)
	}
	// A tagging: home and state, definition, one transaction of record, state, list and
	// audit (8), and what changes in the index: the record's and the end's places (2).
	if want := (cost{3, 3, 10}); few[0] != want {
		t.Errorf("a tagging: got %+v, want %+v", few[0], want)
	}
	for i, most := range map[int]cost{1: {1, 1, 0}, 2: {1, 1, 0}, 3: {2, 2, 7}} {
		if got := few[i]; got.calls > most.calls || got.read > most.read || got.write > most.write {
			t.Errorf("%d: got %+v, want at most %+v", i, got, most)
		}
	}
	page := func() cost {
		return measure(func(b *tag.Book) {
			if list, _, err := b.Bearers(ctx, team, hub.NewTagID(team, "T"), "", 50); err != nil || len(list) != 50 {
				t.Fatal(len(list), err)
			}
		})
	}
	many := page()
	plant(t, s, "T", 12_000)
	if got := page(); got != many || got.calls != 1 {
		t.Errorf("got %+v for a page of 12,000, want %+v and one call", got, many)
	}
}

// TestCountReadsABoundedPartOfTheList counts the bearers of a tag where they are few,
// just below the bound, and more.
func TestCountReadsABoundedPartOfTheList(t *testing.T) {
	s := newScene(t)
	for people, want := range map[int]tag.Tally{
		0: {}, 10: {Homes: 10}, tag.MaxTallied - 1: {Homes: tag.MaxTallied - 1}, tag.MaxTallied + 2000: {Homes: tag.MaxTallied, AtLeast: true},
	} {
		name := fmt.Sprint("T", people)
		plant(t, s, name, people)
		b := *s.book
		b.Store = s.As("Count", nil)
		s.Cloud.Meter().Reset()
		got, err := b.Tally(ctx, team, hub.NewTagID(team, name))
		if err != nil || got != want {
			t.Errorf("of %d: got %+v, %v, want %+v", people, got, err, want)
		}
		// An entry of the list is below 200 bytes, and of 8 KB one unit reads all.
		if calls, read, _ := s.Calls("Count"); calls > 2*store.Shards || read > tag.MaxTallied*200/8192+store.Shards {
			t.Errorf("of %d: got %d calls and %v units, want a bounded number", people, calls, read)
		}
	}
	// Entries whose end has passed are read too, and count for the bound.
	s.define(t, "short", 1)
	for i := range 20 {
		s.change(t, s.home(t, fmt.Sprint("ended", i)), []string{"short"}, nil, s.call(fmt.Sprint(i)))
	}
	s.Clock.Advance(3 * day)
	id := hub.NewTagID(team, "short")
	for most, want := range map[int]bool{19: true, 21: false} {
		if n, more, err := s.Store.CountBearers(ctx, team, id, s.now(), most); n != 0 || more != want || err != nil {
			t.Errorf("of %d: got %d, more %v, %v, want none, more %v", most, n, more, err, want)
		}
	}
}
