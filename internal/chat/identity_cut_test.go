package chat_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestEarlierEventsThatComeAgainWithinACrashDoNotPartAPerson lets a worker die at each
// call while it finds that two ids are one person's, and the first events of both ids
// come again before it is tried again.
func TestEarlierEventsThatComeAgainWithinACrashDoNotPartAPerson(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, after := range []bool{false, true} {
		for calls := range 24 {
			y := newToys(t)
			first := []hub.Envelope{y.come("toy1", wrote("0", "wa:886")), y.come("toy1", wrote("1", "TW.1"))}
			e := y.envelope("toy1", wrote("2", "wa:886", "TW.1"))
			broken := y.As("broken", hubtest.Cut(calls, after))
			cut := y.receiver(broken).Receive(context.Background(), e) != nil
			receive(t, y.rc, append(first, e))
			if c := y.contact("toy1", "TW.1"); len(c.Homes) != 2 {
				t.Errorf("cut after %d calls (answer lost: %v): got %d homes in the contact, want 2", calls, after, len(c.Homes))
			}
			if !cut {
				break // all of its calls were played
			}
		}
	}
}

// TestEventBesideTheOneThatBeganAThreadKeepsItsHome lets the event that tells that two
// ids are one person's begin the second id's thread and die at each call, and another
// event of that id come before it is tried again: whatever home a message names is
// there, and is the person's.
func TestEventBesideTheOneThatBeganAThreadKeepsItsHome(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, earlier := range []bool{false, true} {
		for calls := range 24 {
			y := newToys(t)
			y.come("toy1", wrote("0", "wa:886"))
			both, beside := wrote("1", "wa:886", "TW.1"), wrote("2", "TW.1")
			if earlier {
				both.At = hub.MillisOf(y.Clock.Now()) + 1000
			}
			e := y.envelope("toy1", both)
			cut := y.receiver(y.As("broken", hubtest.Cut(calls, true))).Receive(context.Background(), e) != nil
			y.come("toy1", beside)
			receive(t, y.rc, []hub.Envelope{e})
			want := y.contact("toy1", "wa:886").Root
			for _, id := range y.homesNamed() {
				c, err := y.rc.Contacts.Contact(context.Background(), hubtest.Team, id)
				if err != nil || c.Root != want {
					t.Errorf("cut after %d calls (the other event is earlier: %v): a message names home %s: got contact %s, %v, want %s",
						calls, earlier, id, c.Root, err, want)
				}
			}
			if !cut {
				break // all of its calls were played
			}
		}
	}
}

// homesNamed are the homes that messages name.
func (y *toys) homesNamed() (homes []hub.HomeID) {
	y.t.Helper()
	out, err := y.Store.DB.Scan(context.Background(), &dynamodb.ScanInput{TableName: &y.Store.Tables.Messages})
	if err != nil {
		y.t.Fatal(err)
	}
	for _, it := range out.Items {
		key, _ := it["SK"].(*types.AttributeValueMemberS)
		home, ok := it["hm"].(*types.AttributeValueMemberS)
		if ok && strings.HasPrefix(key.Value, "M#") {
			homes = append(homes, hub.HomeID(home.Value))
		}
	}
	if len(homes) < 3 {
		y.t.Fatalf("got %d messages, want 3", len(homes))
	}
	return homes
}
