package settings_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/seal"
	"omnihub/internal/settings"
)

var ctx = context.Background()

func TestSettingsAreReadOnceAMinute(t *testing.T) {
	h := hubtest.New(t)
	reader := settings.NewReader(h.As("reader", nil), h.Keys("keys", nil), h.Clock.Now)
	read := func() {
		t.Helper()
		for range 10 {
			if _, err := reader.Account(ctx, hubtest.Team, hubtest.LineAccount); err != nil {
				t.Fatal(err)
			}
			if _, err := reader.Connection(ctx, hubtest.Team, "nosuch"); hub.CodeOf(err) != hub.NotFound {
				t.Fatalf("got %v, want not_found", err)
			}
		}
	}
	h.Cloud.Meter().Reset()
	read()
	if calls, _, _ := h.Calls("reader"); calls != 5 { // account, its connection, team, keywords; the missing connection once
		t.Errorf("got %d calls, want 5", calls)
	}
	if calls, _, _ := h.Calls("keys"); calls != 1 {
		t.Errorf("got %d calls of the key service, want one Decrypt", calls)
	}
	h.Cloud.Meter().Reset()
	h.Clock.Advance(59 * time.Second)
	read()
	if calls, _, _ := h.Calls("reader"); calls != 0 {
		t.Errorf("got %d calls within the minute, want 0", calls)
	}
	h.Clock.Advance(2 * time.Second)
	read()
	if calls, _, _ := h.Calls("reader"); calls != 5 {
		t.Errorf("got %d calls after the minute, want 5", calls)
	}
	if calls, _, _ := h.Calls("keys"); calls != 0 {
		t.Errorf("got %d calls of the key service for a key that was opened before, want 0", calls)
	}
}

func TestOutageIsNotPaidByEveryRequest(t *testing.T) {
	h := hubtest.New(t)
	calls := 0
	broken := false
	reader := settings.NewReader(h.As("reader", func(next http.RoundTripper) http.RoundTripper {
		return counter{next, &calls, &broken}
	}), h.Keyring, h.Clock.Now)
	read := func() {
		t.Helper()
		if _, err := reader.Team(ctx, hubtest.Team); err != nil {
			t.Fatal(err)
		}
	}
	read()
	broken, calls = true, 0
	h.Clock.Advance(2 * time.Minute)
	for range 20 {
		read()
	}
	if calls != 1 {
		t.Errorf("got %d calls for 20 readings during an outage, want 1", calls)
	}
	h.Clock.Advance(6 * time.Second)
	broken = false
	read()
	if calls != 2 {
		t.Errorf("got %d calls after six seconds, want a second one", calls)
	}
}

type counter struct {
	next   http.RoundTripper
	calls  *int
	broken *bool
}

func (c counter) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.calls++
	if *c.broken {
		return nil, errors.New("outage")
	}
	return c.next.RoundTrip(r)
}

func TestOutageOfTheKeyServiceIsBridged(t *testing.T) {
	h := hubtest.New(t)
	calls, broken := 0, true
	keys := h.Keys("reader", func(next http.RoundTripper) http.RoundTripper { return counter{next, &calls, &broken} })
	reader := settings.NewReader(h.Store, keys, h.Clock.Now)
	if _, err := reader.Edge(ctx); hub.CodeOf(err) != hub.Transient {
		t.Errorf("edge keys with nothing to serve: got %v, want transient", err)
	}
	if _, err := reader.Team(ctx, hubtest.Team); hub.CodeOf(err) != hub.Transient {
		t.Errorf("team with nothing to serve: got %v, want transient", err)
	}
	broken = false
	h.Clock.Advance(2 * time.Second)
	before, err := reader.Team(ctx, hubtest.Team)
	if err != nil {
		t.Fatal(err)
	}
	broken, calls = true, 0
	h.Clock.Advance(2 * time.Minute)
	after, err := reader.Team(ctx, hubtest.Team)
	if err != nil || calls != 0 || string(after.Pepper) != string(before.Pepper) {
		t.Errorf("the same wrapped key: got %v after %d calls, want the team without a call", err, calls)
	}
	// Another key joins while the key service is silent: the old settings serve.
	wrapped, err := h.Keyring.Wrap(ctx, seal.NewKey(), map[string]string{"purpose": "team data key", "team": string(hubtest.Team)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Store.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &h.Store.Tables.Config,
		Key: map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: "T#" + string(hubtest.Team)}, "SK": &types.AttributeValueMemberS{Value: "TEAM"},
		},
		UpdateExpression:         aws.String("SET #k[1] = :k"),
		ExpressionAttributeNames: map[string]string{"#k": "keys"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":k": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: "2"}, "w": &types.AttributeValueMemberB{Value: wrapped},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(2 * time.Minute)
	if stale, err := reader.Team(ctx, hubtest.Team); err != nil || stale != after || calls != 1 {
		t.Errorf("a new wrapped key: got %v after %d calls, want the old team after one", err, calls)
	}
	broken = false
	h.Clock.Advance(6 * time.Second)
	if renewed, err := reader.Team(ctx, hubtest.Team); err != nil || renewed == after || calls != 2 {
		t.Errorf("when the key service is back: got %v after %d calls, want the team anew and one more call", err, calls)
	}
}

func TestSecretsAreOpenedAndNowhereStoredInClear(t *testing.T) {
	h := hubtest.New(t)
	account, err := h.Settings.Account(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil || account.Platform.Secrets["channel_token"].Reveal() != hubtest.LineToken {
		t.Fatalf("got %v, %v, want the token", account, err)
	}
	connection, err := h.Settings.Connection(ctx, hubtest.Team, hubtest.LineConn)
	if err != nil || connection.Secrets["channel_secret"].Reveal() != hubtest.LineSecret {
		t.Fatalf("got %v, %v, want the secret", connection, err)
	}
	out, err := h.Store.DB.Scan(ctx, &dynamodb.ScanInput{TableName: &h.Store.Tables.Config})
	if err != nil || len(out.Items) < 5 {
		t.Fatalf("got %d items, %v", len(out.Items), err)
	}
	dump := h.Dump(h.Store.Tables.Config)
	for _, secret := range []string{hubtest.LineToken, hubtest.LineSecret, string(h.Team.Pepper)} {
		if strings.Contains(dump, secret) || strings.Contains(dump, base64.StdEncoding.EncodeToString([]byte(secret))) {
			t.Error("a secret stands in the Config table in clear")
		}
	}
}

func TestTeamKeepsItsPepperWhenItIsSetUpAgain(t *testing.T) {
	h := hubtest.New(t)
	if err := h.Setup.Team(ctx, hubtest.Team, "again"); err != nil {
		t.Fatal(err)
	}
	team, err := settings.NewReader(h.Store, h.Keyring, h.Clock.Now).Team(ctx, hubtest.Team)
	if err != nil || string(team.Pepper) != string(h.Team.Pepper) {
		t.Errorf("got another pepper, %v: every key of the team would change", err)
	}
}

func TestWrongKeyOpensNothing(t *testing.T) {
	h := hubtest.New(t)
	client := kms.NewFromConfig(h.AWS("test"))
	other, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	keyring := seal.NewKeyring(client, *other.KeyMetadata.Arn)
	if _, err := settings.NewReader(h.Store, keyring, h.Clock.Now).Team(ctx, hubtest.Team); hub.CodeOf(err) != hub.Internal {
		t.Errorf("the team under another key: got %v, want internal", err)
	}
}

func TestPathIDsProveThatTheHubMadeThem(t *testing.T) {
	h := hubtest.New(t)
	edge, err := h.Settings.Edge(ctx)
	if err != nil {
		t.Fatal(err)
	}
	id := edge.PathID("team1", "conn1")
	if team, c, ok := edge.Resolve(id); !ok || team != "team1" || c != "conn1" {
		t.Errorf("got %s, %s, %v of %s", team, c, ok, id)
	}
	mac := id[strings.LastIndex(id, ".")+1:]
	for _, bad := range []string{"", "x", "team1.conn1", "team1.conn1.", "team2.conn1." + mac, "team1.conn2." + mac, id + "a", id[:len(id)-1],
		"team1conn1.." + mac, "TEAM1.conn1." + mac, "team1.conn1." + mac + ".x", "a.b." + mac, strings.Repeat("a", 5000)} {
		if _, _, ok := edge.Resolve(bad); ok {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSetupRefusesBadIDs(t *testing.T) {
	h := hubtest.New(t)
	if err := h.Setup.Team(ctx, "Not#good", "x"); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v, want bad_request", err)
	}
	err := h.Setup.Connect(ctx, h.Team, "c#1", "line", channel.Secrets{})
	if hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v, want bad_request", err)
	}
	err = h.Setup.Connect(ctx, h.Team, "c1", "line", channel.Secrets{}, settings.NewAccount{ID: "ok"})
	if hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v for an account without the platform's name, want bad_request", err)
	}
}
