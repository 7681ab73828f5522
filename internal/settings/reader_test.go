package settings_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

// TestReadersOpenEverythingWhileARotationRuns plays processes whose caches are of any
// age beside one rotation after the other.
func TestReadersOpenEverythingWhileARotationRuns(t *testing.T) {
	h := hubtest.New(t)
	var rotating atomic.Bool
	var readings atomic.Int64
	rotating.Store(true)
	var readers sync.WaitGroup
	for n := range 6 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			r := fresh(h)
			for i := 0; rotating.Load(); i++ {
				if n%2 == 0 && i%3 == 0 {
					r = fresh(h) // a process begins, with caches of its own
				}
				c, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
				if err != nil || c.Secrets["channel_secret"].Reveal() != hubtest.LineSecret {
					t.Errorf("reader %d: connection: got %v", n, err)
					return
				}
				a, err := r.Account(ctx, hubtest.Team, hubtest.LineAccount)
				if err != nil || a.Platform.Secrets["channel_token"].Reveal() != hubtest.LineToken {
					t.Errorf("reader %d: account: got %v", n, err)
					return
				}
				readings.Add(1)
				if i%5 == 0 {
					h.Clock.Advance(61 * time.Second)
				}
			}
		}()
	}
	for rotations := 0; (rotations < 12 || readings.Load() < 60) && !t.Failed(); rotations++ {
		if _, err := h.Setup.Rotate(ctx, hubtest.Team); err != nil {
			t.Error(err)
		}
	}
	rotating.Store(false)
	readers.Wait()
	whole(t, h)
}

func TestUnknownKeyMakesTheTeamBeReadAtOnce(t *testing.T) {
	h := hubtest.New(t)
	r := settings.NewReader(h.As("reader", nil), h.Keys("keys", nil), h.Clock.Now)
	if _, err := r.Team(ctx, hubtest.Team); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Setup.Rotate(ctx, hubtest.Team); err != nil {
		t.Fatal(err)
	}
	h.Cloud.Meter().Reset()
	// The team that is kept is fresh and does not know the key.
	c, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil || c.Secrets["channel_secret"].Reveal() != hubtest.LineSecret {
		t.Fatalf("got %v, want the secret", err)
	}
	if calls, _, _ := h.Calls("reader"); calls != 3 { // the connection, the team, the connection again
		t.Errorf("got %d calls, want 3", calls)
	}
	if calls, _, _ := h.Calls("keys"); calls != 1 {
		t.Errorf("got %d calls of the key service, want 1", calls)
	}
	// A setting that names a key of no team costs its reading, but not the team's.
	_, err = h.Store.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &h.Store.Tables.Config,
		Key: map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: "T#" + string(hubtest.Team)}, "SK": &types.AttributeValueMemberS{Value: "ACCT#" + string(hubtest.LineAccount)},
		},
		UpdateExpression: aws.String("SET sealed.channel_token = :v"),
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":v": &types.AttributeValueMemberB{Value: append([]byte{1, 2, '9', '9'}, make([]byte, 40)...)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	read := func(want int) {
		t.Helper()
		h.Cloud.Meter().Reset()
		if _, err := r.Account(ctx, hubtest.Team, hubtest.LineAccount); hub.CodeOf(err) != hub.Internal {
			t.Errorf("got %v, want internal", err)
		}
		if calls, _, _ := h.Calls("reader"); calls != want {
			t.Errorf("got %d calls, want %d", calls, want)
		}
	}
	const once = 3   // the account, its keywords and its connection
	read(2*once + 1) // and the team
	for range 5 {
		read(0) // the failure is kept for a moment
	}
	h.Clock.Advance(2 * time.Second)
	read(once)
	h.Clock.Advance(6 * time.Second)
	read(2*once + 1)
}

func TestOutageDuringAnEarlyReadingIsTransient(t *testing.T) {
	h := hubtest.New(t)
	calls, broken := 0, false
	r := settings.NewReader(h.Store, h.Keys("reader", func(next http.RoundTripper) http.RoundTripper { return counter{next, &calls, &broken} }), h.Clock.Now)
	if _, err := r.Account(ctx, hubtest.Team, hubtest.LineAccount); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Setup.Rotate(ctx, hubtest.Team); err != nil {
		t.Fatal(err)
	}
	broken = true
	if _, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want transient", err)
	}
	h.Clock.Advance(2 * time.Minute)
	if a, err := r.Account(ctx, hubtest.Team, hubtest.LineAccount); err != nil || a.Platform.Secrets["channel_token"].Reveal() != hubtest.LineToken {
		t.Errorf("what was read before: got %v, want it served", err)
	}
	broken = false
	h.Clock.Advance(6 * time.Second)
	if _, err := r.Connection(ctx, hubtest.Team, hubtest.LineConn); err != nil {
		t.Errorf("when the key service is back: got %v", err)
	}
}
