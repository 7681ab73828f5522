package store

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// Quarantined is one entry of the quarantine: something that was accepted from a
// platform and cannot be acted upon.
type Quarantined struct {
	ID         string // derived from the content: the same thing is kept once
	Team       hub.TeamID
	Connection hub.ConnectionID
	Account    hub.AccountID
	Channel    hub.Channel
	User       hub.UserKey // "" if it is nobody's in particular
	Reason     hub.Code
	Detail     string // what was wrong, without content
	Size       int
	Chunks     int
	At         hub.Millis // when the edge accepted it
	Trace      string
}

// QuarantineRetention is how long a quarantined body is kept.
const QuarantineRetention = 90 * 24 * time.Hour

// rawPart is the largest piece of a body in one item; items hold 400 KB.
const rawPart = 300 << 10

// Quarantine keeps one chunk of a body, and then the entries by which it is found.
// Every write is a Put if absent under keys that follow from the content, so all
// of it may be done again in any order.
func (st *Store) Quarantine(ctx context.Context, q Quarantined, chunk int, raw []byte) error {
	ttl := n(ttlAfter(q.At, QuarantineRetention))
	for part := 0; part == 0 || part*rawPart < len(raw); part++ {
		it := key(rawPK(q.Team, q.ID), fmt.Sprintf("%s%03d#%03d", rawPrefix, chunk, part))
		it["rw"] = b(raw[part*rawPart : min(len(raw), (part+1)*rawPart)])
		it[ttlAttr] = ttl
		if _, _, err := st.putNew(ctx, "keep quarantined body", st.Tables.Ledger, it); err != nil {
			return err
		}
	}
	day := key(quarantineDayPK(q.Team, Day(q.At)), quarantineSort(q))
	day["id"] = s(q.ID)
	day["conn"] = s(string(q.Connection))
	day["acct"] = s(string(q.Account))
	day["chan"] = s(string(q.Channel))
	day["u"] = s(string(q.User))
	day["fcode"] = s(string(q.Reason))
	day["why"] = s(q.Detail)
	day["size"] = n(q.Size)
	day["chunks"] = n(q.Chunks)
	day["ra"] = n(q.At)
	day["tr"] = s(q.Trace)
	day[ttlAttr] = ttl
	if _, _, err := st.putNew(ctx, "list quarantined", st.Tables.Ledger, day); err != nil {
		return err
	}
	if q.User == "" {
		return nil
	}
	byUser := key(quarantineUserPK(q.Team, q.User), q.ID)
	byUser["day"] = s(Day(q.At))
	byUser["sort"] = s(quarantineSort(q))
	byUser[ttlAttr] = ttl
	_, _, err := st.putNew(ctx, "list quarantined of user", st.Tables.Ledger, byUser)
	return err
}

// quarantineSort leaves out the time of arrival, so that the same thing, accepted
// twice on a day, is one entry.
func quarantineSort(q Quarantined) string { return q.ID }

// Quarantine entries of one UTC day ("20261122"), oldest first, at most 1,000.
func (st *Store) QuarantinedOn(ctx context.Context, team hub.TeamID, day string) ([]Quarantined, error) {
	out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
		TableName: &st.Tables.Ledger, KeyConditionExpression: aws.String("PK=:p"),
		ExpressionAttributeValues: item{":p": s(quarantineDayPK(team, day))}, Limit: aws.Int32(1000),
	})
	if err != nil {
		return nil, wrap("list quarantine", err)
	}
	var list []Quarantined
	for _, it := range out.Items {
		list = append(list, Quarantined{
			ID: str(it, "id"), Team: team, Connection: hub.ConnectionID(str(it, "conn")), Account: hub.AccountID(str(it, "acct")),
			Channel: hub.Channel(str(it, "chan")), User: hub.UserKey(str(it, "u")), Reason: hub.Code(str(it, "fcode")),
			Detail: str(it, "why"), Size: int(num(it, "size")), Chunks: int(num(it, "chunks")), At: millis(it, "ra"), Trace: str(it, "tr"),
		})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].At < list[j].At })
	return list, nil
}

// QuarantinedBody reads a quarantined body. It answers false while chunks are
// missing.
func (st *Store) QuarantinedBody(ctx context.Context, q Quarantined) ([]byte, bool, error) {
	var body []byte
	chunks := map[string]bool{}
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Ledger, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :r)"),
		ExpressionAttributeValues: item{":p": s(rawPK(q.Team, q.ID)), ":r": s(rawPrefix)}, ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, wrap("read quarantined body", err)
		}
		for _, it := range page.Items {
			chunk, _, _ := strings.Cut(strings.TrimPrefix(str(it, skAttr), rawPrefix), "#")
			chunks[chunk] = true
			body = append(body, bin(it, "rw")...)
		}
	}
	return body, len(chunks) == q.Chunks && len(body) == q.Size, nil
}
