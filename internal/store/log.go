package store

import (
	"context"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
)

// Logged is one message of a thread's log, with what was done to it since.
type Logged struct {
	Key     hub.MessageKey
	Ref     Ref // where it lies
	Inbound bool
	Type    hub.MessageType
	Text    string // as it was edited last
	Data    string
	Content hub.Content // of a message of ours
	Class   hub.Class   // of a message that another system sent: none
	By      string      // of a message of ours: the member's id, the program's, or EchoBy; "" = the bot
	Event   string
	Raw     []byte // nil once it was unsent
	Stamps  hub.Stamps
	Attempt int

	Reactions []hub.Action // by actor; those taken back are left out
	Edited    hub.Millis   // when, the last time; 0 = never
	Unsent    hub.Millis   // when; 0 = it was not
}

// target is the platform's id of the message, short, by which actions name it; "" = the
// platform has not told one.
func (l *Logged) target() string {
	if !l.Inbound {
		return hub.ShortID(l.Stamps.PlatformID)
	}
	_, id, _ := strings.Cut(string(l.Key), "#")
	return id
}

// names reports whether the message goes by a platform id.
func (l *Logged) names(target string) bool { return target != "" && l.target() == target }

// Partitions are where the messages of a thread lie: under the id by which the
// person was first known, and under those that turned out to be the same person's.
func Partitions(team hub.TeamID, t *hub.Thread) []Ref {
	refs := []Ref{{team, t.User}}
	for _, u := range t.Also {
		refs = append(refs, Ref{team, u})
	}
	return refs
}

// Log reads messages of the thread to which an id leads, newest first, before a key
// ("" = from the newest), each as it stands after all that was done to it.
func (st *Store) Log(ctx context.Context, of Ref, before hub.MessageKey, limit int) ([]Logged, error) {
	t, err := st.Thread(ctx, of)
	if hub.CodeOf(err) == hub.NotFound {
		t, err = hub.Thread{User: of.User}, nil
	}
	if err != nil {
		return nil, err
	}
	var log []Logged
	for _, r := range Partitions(of.Team, &t) {
		of, err := st.lying(ctx, r, before, limit)
		if err != nil {
			return nil, err
		}
		log = append(log, of...)
	}
	sort.Slice(log, func(i, j int) bool { return log[i].Key > log[j].Key })
	if len(log) > limit {
		log = log[:limit]
	}
	actions := map[string][]hub.Action{}
	for _, r := range Partitions(of.Team, &t) {
		if err := st.actions(ctx, r, log, actions); err != nil {
			return nil, err
		}
	}
	for i := range log {
		if target := log[i].target(); target != "" {
			log[i].fold(actions[target])
		}
	}
	return log, nil
}

// HasMessage tells whether a message lies in a partition.
func (st *Store) HasMessage(ctx context.Context, r Ref, k hub.MessageKey) (bool, error) {
	it, err := st.get(ctx, "look for message", st.Tables.Messages, r.pk(), messageSK(k), true)
	return it != nil, err
}

// lying reads the newest messages of one partition before a key, up to limit. It reads on
// past the marks of those that stand elsewhere, and past the end of what one Query answers.
func (st *Store) lying(ctx context.Context, r Ref, before hub.MessageKey, limit int) (log []Logged, err error) {
	upper := messageMark + "~"
	if before != "" {
		upper = messageSK(before)
	}
	pages := dynamodb.NewQueryPaginator(st.DB, &dynamodb.QueryInput{
		TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND SK BETWEEN :a AND :z"),
		ExpressionAttributeValues: item{":p": s(r.pk()), ":a": s(messageMark), ":z": s(upper)},
		ScanIndexForward:          aws.Bool(false), ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit + 1)), // one is the key itself
	})
	for pages.HasMorePages() && len(log) < limit {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read log", err)
		}
		for _, it := range page.Items {
			k := hub.MessageKey(strings.TrimPrefix(str(it, skAttr), messageMark))
			if k == before || str(it, "moved") != "" || len(log) == limit {
				continue
			}
			l, err := st.readLogged(ctx, r, k, it)
			if err != nil {
				return nil, err
			}
			log = append(log, l)
		}
	}
	return log, nil
}

// bearers is how many of a partition's newest messages Borne looks at.
const bearers = 50

// Borne are the platform's ids of our newest messages to the person of a thread, under
// whatever id they went out, but for that of one; and whether another of them, of the
// same text, was tried and bears none yet.
func (st *Store) Borne(ctx context.Context, team hub.TeamID, t *hub.Thread, but hub.MessageKey, text string) (ids map[string]bool, rival bool, err error) {
	ids = map[string]bool{}
	for _, r := range Partitions(team, t) {
		out, err := st.DB.Query(ctx, &dynamodb.QueryInput{
			TableName: &st.Tables.Messages, KeyConditionExpression: aws.String("PK=:p AND begins_with(SK, :m)"),
			ExpressionAttributeValues: item{":p": s(r.pk()), ":m": s(messageMark)}, ProjectionExpression: aws.String("SK, cl, pid, tx, stg, failedAt"),
			ScanIndexForward: aws.Bool(false), ConsistentRead: aws.Bool(true), Limit: aws.Int32(bearers),
		})
		if err != nil {
			return nil, false, wrap("look for platform ids", err)
		}
		for _, it := range out.Items {
			if str(it, "cl") == "" || str(it, skAttr) == messageSK(but) {
				continue
			}
			if id := str(it, "pid"); id != "" {
				ids[id] = true
			} else if str(it, "stg") != "" && millis(it, "failedAt") == 0 && str(it, "tx") == text {
				rival = true
			}
		}
	}
	return ids, rival, nil
}

func (st *Store) readLogged(ctx context.Context, r Ref, k hub.MessageKey, it item) (Logged, error) {
	raw, err := st.rawOf(ctx, r, it)
	if err != nil {
		return Logged{}, err
	}
	l := Logged{
		Key: k, Ref: r, Inbound: str(it, "d") == "in", Type: hub.MessageType(str(it, "ty")), Text: str(it, "tx"), Data: str(it, "dt"),
		Class: hub.Class(str(it, "cl")), Event: str(it, "ev"), Raw: raw, Stamps: readStamps(it), Attempt: int(num(it, "att")),
	}
	if !l.Inbound {
		l.Content, l.By = readContent(it), str(it, "who")
	}
	if at := millis(it, "scrubbedAt"); at != 0 {
		l.Unsent, l.Raw = at, nil
	}
	return l, nil
}

// fold applies the actions upon one message. Of each kind and actor there is one.
func (l *Logged) fold(actions []hub.Action) {
	var edit hub.Action
	for _, a := range actions {
		switch a.Kind {
		case actionReaction:
			if a.Value != "" {
				l.Reactions = append(l.Reactions, a)
			}
		case actionEdit:
			if a.After(edit) {
				edit = a
			}
		case actionUnsend:
			l.Unsent = max(l.Unsent, a.At)
		}
	}
	sort.Slice(l.Reactions, func(i, j int) bool { return l.Reactions[i].Actor < l.Reactions[j].Actor })
	if edit.At != 0 {
		l.Text, l.Edited = edit.Value, edit.At
	}
	if l.Unsent != 0 {
		l.Text, l.Data, l.Raw = "", "", nil
	}
}
