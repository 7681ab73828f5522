package store

import (
	"cmp"
	"context"
	"fmt"
	"sort"
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
	User       hub.UserKey // whose it is: a channel user, or a home under its id; "" if it is nobody's in particular
	Reason     hub.Code
	Detail     string // what was wrong, without content
	Size       int
	Chunks     int
	At         hub.Millis // when the edge accepted it
	Trace      string
	// Of is when what it tells happened, for an erasure of its user; 0 = at At. It is not
	// read back.
	Of hub.Millis

	// Known is what the edge knew of the event, for a replay. It is written beside the
	// body, and read with it only.
	Known Known

	Begun    hub.Millis // when the replay that is not known to have ended began; 0 = none
	Replayed hub.Millis // when it was put on its way again; 0 = it was not, or it came back
}

// Known is what the edge knew of an event whose bytes are quarantined. A body that
// could not be cut into events has none.
type Known struct {
	Event    string       // the platform's id of the event
	Hash     string       // of the payload without redelivery marks
	Head     []byte       // what the entry around the event said
	External string       // the platform's name of the account, if that was not connected
	Person   hub.Personal // the platform's id of the user, likewise
}

// QuarantineRetention is how long a quarantined body is kept.
const QuarantineRetention = 90 * 24 * time.Hour

// rawPart is the largest piece of a body in one item; items hold 400 KB.
const rawPart = 300 << 10

// Quarantine keeps one chunk of a body, and then the entry by which it is found; before
// both, the one by which an erasure of its channel user finds them. Every write is a Put
// if absent under keys that follow from the content, so all of it may be done again in
// any order. An entry that was replayed and comes back is listed anew; one that was
// erased stays so.
func (st *Store) Quarantine(ctx context.Context, q Quarantined, chunk int, raw []byte) error {
	ttl := n(ttlAfter(q.At, QuarantineRetention))
	if q.User != "" {
		byUser := key(quarantineUserPK(q.Team, q.User), q.ID)
		byUser["ra"] = n(cmp.Or(q.Of, q.At))
		byUser[ttlAttr] = ttl
		_, old, err := st.putNew(ctx, "list quarantined of user", st.Tables.Ledger, byUser)
		if err != nil || num(old, erasedMark) != 0 {
			return err
		}
	}
	for part := 0; part == 0 || part*rawPart < len(raw); part++ {
		it := key(rawPK(q.Team, q.ID), rawSK(chunk, part))
		it["rw"] = b(raw[part*rawPart : min(len(raw), (part+1)*rawPart)])
		it[ttlAttr] = ttl
		if chunk == 0 && part == 0 {
			q.Known.write(it)
		}
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
	return st.putBack(ctx, "list quarantined", day)
}

// putBack puts an entry if there is none, or in place of one whose replay began: it
// is back, and its replay is undone.
func (st *Store) putBack(ctx context.Context, op string, it item) error {
	_, err := st.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &st.Tables.Ledger, Item: it,
		ConditionExpression: aws.String("attribute_not_exists(SK) OR attribute_exists(replay)"),
	})
	if _, there := refused(err); there {
		return nil
	}
	return wrap(op, err)
}

// write adds what is known to the item of a body's beginning.
func (k Known) write(it item) {
	for name, v := range map[string]string{"ev": k.Event, "ph": k.Hash, "ext": k.External} {
		if v != "" {
			it[name] = s(v)
		}
	}
	for name, v := range map[string][]byte{"hd": k.Head, "eu": []byte(k.Person.Reveal())} {
		if len(v) > 0 {
			it[name] = b(v)
		}
	}
}

func readKnown(it item) Known {
	return Known{Event: str(it, "ev"), Hash: str(it, "ph"), Head: bin(it, "hd"), External: str(it, "ext"), Person: hub.Personal(bin(it, "eu"))}
}

// rawSK is the place of a part of a chunk; places sort in the body's order.
func rawSK(chunk, part int) string { return fmt.Sprintf("%s%03d#%03d", rawPrefix, chunk, part) }

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
		list = append(list, readQuarantined(team, it))
	}
	sort.Slice(list, func(i, j int) bool { return list[i].At < list[j].At })
	return list, nil
}

func readQuarantined(team hub.TeamID, it item) Quarantined {
	return Quarantined{
		ID: str(it, "id"), Team: team, Connection: hub.ConnectionID(str(it, "conn")), Account: hub.AccountID(str(it, "acct")),
		Channel: hub.Channel(str(it, "chan")), User: hub.UserKey(str(it, "u")), Reason: hub.Code(str(it, "fcode")),
		Detail: str(it, "why"), Size: int(num(it, "size")), Chunks: int(num(it, "chunks")), At: millis(it, "ra"), Trace: str(it, "tr"),
		Begun: millis(it, "replay"), Replayed: millis(it, "replayedAt"),
	}
}

// QuarantinedBody reads a quarantined body. It answers false while chunks are
// missing.
func (st *Store) QuarantinedBody(ctx context.Context, q Quarantined) ([]byte, bool, error) {
	body, _, whole, err := st.QuarantinedWhole(ctx, q)
	return body, whole, err
}
