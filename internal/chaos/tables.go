package chaos

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

type item = map[string]types.AttributeValue

// tables are what the hub has stored, read without the hub's own code. Users and
// homes are hashes that no two teams share.
type tables struct {
	items     []item
	threads   map[string]thread     // by the user key of their partition
	messages  map[string][]message  // customers', by team and the platform's id
	sends     map[string]send       // by user key, ".", message key: the name that platforms get to know
	reactions map[string][]reaction // what was done to a message: by team and the message's id
	facts     map[string]fact       // events that were kept as they came, by team and the platform's id
	echoes    map[string][]echo     // what other systems sent, by team and the platform's id
	homes     map[string]string     // the root of each home
	opened    map[string]string     // where the fact lies that a conversation began
	closed    map[string]string     // and that it ended
	parts     map[string][]byte     // of large events, by their keys

	quarantine map[string]quarantined // by team and id
	waiting    int                    // sends and unsends that are not done
}

type thread struct {
	team, see, conversation string
	lastKey, preview, index string
	external                string // the platform's id of the person
	lastIn                  int64
	upTo                    map[string]int64 // by state: until when all that was sent is there
	late, also              []string
	held                    []string // when each parked send was accepted, and its message key
}

type reaction struct{ user, kind, value string }

// fact is an event that was kept as it came.
type fact struct {
	n       int
	channel string
	kind    string // the platform's own name of its type
	raw     []byte
}

// echo is a message of the account's side that the hub did not send.
type echo struct{ user, channel, by, text string }

type message struct {
	team, user, key, home, trace string
	text                         string
	raw                          []byte // as stored, inflated
	damaged                      bool   // the raw event cannot be read
	scrubbed                     bool
}

// send is a message of the hub's.
type send struct {
	team, user, key string
	channel, line   string // line: the thread that it belonged to when it was accepted
	to              string // the platform's id of the person
	answers         string // the platform's id of what it answers; "" = nothing
	class, by       string
	text, token     string          // words; the reply token that it was given
	accepted        int64           // ms
	taken           int64           // ms; when the hub knew that the platform took it
	states          map[string]bool // taken, sent, delivered, read, failed, unknown
	id              string          // the platform's
	code            string          // why it failed
	stage, trace    string
	waits           string // while it has no final state: how far it has come
}

func (s send) ref() string { return s.user + "." + s.key }

func (s send) out() bool {
	return s.states["taken"] || s.states["sent"] || s.states["delivered"] || s.states["read"]
}

// quarantined is an entry of the quarantine with its body.
type quarantined struct {
	code   string
	size   int
	bodies map[string][]byte // by chunk and part
}

func (q quarantined) body() []byte {
	var out []byte
	for _, key := range sorted(q.bodies) {
		out = append(out, q.bodies[key]...)
	}
	return out
}

func config(st *stack.Stack) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &st.AWS,
		Credentials: credentials.NewStaticCredentialsProvider("checker", "checker", ""),
	}
}

func newTables() *tables {
	return &tables{
		threads: map[string]thread{}, messages: map[string][]message{}, sends: map[string]send{}, reactions: map[string][]reaction{},
		facts: map[string]fact{}, echoes: map[string][]echo{}, homes: map[string]string{}, opened: map[string]string{}, closed: map[string]string{},
		parts: map[string][]byte{}, quarantine: map[string]quarantined{},
	}
}

// readTables scans all tables.
func readTables(ctx context.Context, st *stack.Stack) (*tables, error) {
	all, err := dump(ctx, st)
	if err != nil {
		return nil, err
	}
	t := newTables()
	t.read(all)
	return t, nil
}

// read sorts items, those first on which others lean.
func (t *tables) read(all []item) {
	t.items = all
	for _, it := range all {
		if pk := text(it, "PK"); strings.Contains(pk, "#RAW#") {
			t.parts[pk+" "+text(it, "SK")] = bin(it, "rw")
		}
	}
	for _, it := range all {
		t.add(it)
	}
	for ref, s := range t.sends {
		s.to = t.threads[s.user].external
		t.sends[ref] = s
	}
}

// dump reads the items of all tables.
func dump(ctx context.Context, st *stack.Stack) ([]item, error) {
	db := dynamodb.NewFromConfig(config(st))
	names, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return nil, err
	}
	var all []item
	for _, table := range names.TableNames {
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, page.Items...)
		}
	}
	return all, nil
}

func (t *tables) add(it item) {
	pk, sk := text(it, "PK"), text(it, "SK")
	user := pk[strings.LastIndex(pk, "#")+1:] // or the home
	team := teamOf(pk)
	// An unsend may stay due: its message was cut off by a kill, and never came.
	if strings.HasPrefix(text(it, "gpk"), "S#") && strings.HasPrefix(sk, "M#") {
		t.waiting++
	}
	switch {
	case strings.Contains(pk, "#QD#"):
		id := team + text(it, "id")
		q := t.quarantine[id]
		q.code, q.size = text(it, "fcode"), int(number(it, "size"))
		t.quarantine[id] = q
	case strings.Contains(pk, "#Q#") && strings.HasPrefix(sk, "RAW#"):
		q := t.quarantine[team+user]
		if q.bodies == nil {
			q.bodies = map[string][]byte{}
		}
		q.bodies[sk] = bin(it, "rw")
		t.quarantine[team+user] = q
	case sk == "THREAD":
		t.threads[user] = thread{team: team, see: text(it, "see"), conversation: text(it, "conv"), lastKey: text(it, "lastKey"), preview: text(it, "preview"),
			index: text(it, "gpk"), external: text(it, "ext"),
			upTo: map[string]int64{"delivered": number(it, "deliveredUpTo"), "read": number(it, "readUpTo")}, lastIn: number(it, "lastIn"), late: texts(it, "late"), also: texts(it, "also"), held: texts(it, "held")}
	case strings.HasPrefix(sk, "M#") && text(it, "d") == "out" && (text(it, "who") == "platform" || strings.HasPrefix(text(it, "who"), "app:")):
		id := team + idOf(strings.TrimPrefix(sk, "M#"))
		t.echoes[id] = append(t.echoes[id], echo{user: user, channel: text(it, "ch"), by: text(it, "who"), text: text(it, "tx")})
	case strings.HasPrefix(sk, "M#") && text(it, "d") == "out":
		s := readSend(it, team, user, strings.TrimPrefix(sk, "M#"))
		t.sends[s.ref()] = s
	case strings.HasPrefix(sk, "M#") && text(it, "d") == "in":
		m := t.readMessage(it, team, user, strings.TrimPrefix(sk, "M#"))
		t.messages[team+idOf(m.key)] = append(t.messages[team+idOf(m.key)], m)
	case strings.HasPrefix(sk, "A#"):
		parts := strings.Split(strings.TrimPrefix(sk, "A#"), "#")
		t.reactions[team+parts[0]] = append(t.reactions[team+parts[0]], reaction{user: user, kind: parts[1], value: text(it, "val")})
	case strings.HasPrefix(sk, "V#") && !strings.Contains(sk, "~"):
		_, id, _ := strings.Cut(strings.TrimPrefix(sk, "V#"), "#")
		f := t.facts[team+id]
		t.facts[team+id] = fact{n: f.n + 1, channel: text(it, "ch"), kind: text(it, "ty"), raw: unpacked(it, bin(it, "rw"))}
	case sk == "HOME":
		t.homes[user] = user
		if root := text(it, "root"); root != "" {
			t.homes[user] = root
		}
	case strings.HasPrefix(sk, "C#") && strings.HasSuffix(sk, "#opened"):
		if text(it, "pub") == "" {
			return // a mark in its place: it never began
		}
		t.opened[strings.TrimSuffix(strings.TrimPrefix(sk, "C#"), "#opened")] = user
	case strings.HasPrefix(sk, "C#") && strings.HasSuffix(sk, "#closed"):
		t.closed[strings.TrimSuffix(strings.TrimPrefix(sk, "C#"), "#closed")] = user
	}
}

func readSend(it item, team, user, key string) send {
	s := send{
		team: team, user: user, key: key, channel: text(it, "ch"), class: text(it, "cl"), by: text(it, "who"), text: text(it, "tx"), token: text(it, "rt"), accepted: number(it, "acc"),
		taken: number(it, "takenAt"), states: map[string]bool{}, id: text(it, "pid"), code: text(it, "fcode"), stage: text(it, "stg"),
		trace: text(it, "tr"),
	}
	if s.line = text(it, "th"); s.line == "" {
		s.line = user
	}
	if asked, ok := strings.CutSuffix(key, "~a"); ok {
		s.answers = idOf(asked)
	}
	for _, state := range []string{"taken", "sent", "delivered", "read", "failed", "unknown"} {
		_, s.states[state] = it[state+"At"]
	}
	if due := text(it, "gsk"); due != "" {
		s.waits = fmt.Sprintf("in %s, due %.13s, attempt %d, stage %q", user, due, number(it, "att"), s.stage)
	}
	return s
}

func (t *tables) readMessage(it item, team, user, key string) message {
	m := message{team: team, user: user, key: key, home: text(it, "hm"), trace: text(it, "tr"), text: text(it, "tx")}
	_, m.scrubbed = it["scrubbedAt"]
	packed := bin(it, "rw")
	for part := range int(number(it, "parts")) {
		packed = append(packed, t.parts[fmt.Sprintf("T#%s#RAW#%s M#%s#%03d", team, user, key, part)]...)
	}
	m.raw = unpacked(it, packed)
	m.damaged = len(m.raw) == 0
	return m
}

// unpacked is an item's event as it came; nil if it cannot be read.
func unpacked(it item, packed []byte) []byte {
	if number(it, "z") != 1 {
		return packed
	}
	inflated, err := inflate(packed)
	if err != nil {
		return nil
	}
	return inflated
}

// idOf is the platform's id in a message key.
func idOf(key string) string {
	_, id, _ := strings.Cut(key, "#")
	return id
}

// teamOf is the team in a partition key.
func teamOf(pk string) string {
	if rest, ok := strings.CutPrefix(pk, "T#"); ok {
		team, _, _ := strings.Cut(rest, "#")
		return team
	}
	return ""
}

// root is the partition in which the state of a user's thread stands.
func (t *tables) root(user string) string {
	for range len(t.threads) {
		if t.threads[user].see == "" {
			break
		}
		user = t.threads[user].see
	}
	return user
}

func text(it item, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func texts(it item, name string) []string {
	if v, ok := it[name].(*types.AttributeValueMemberSS); ok {
		return v.Value
	}
	return nil
}

func number(it item, name string) int64 {
	if v, ok := it[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return n
	}
	return 0
}

func bin(it item, name string) []byte {
	if v, ok := it[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

// factsOf are the keys of the facts that an event came to: by its id, or else those of the
// team that bear its mark.
func (t *tables) factsOf(h *hook) []string {
	if h.event != "" {
		return []string{h.team + hub.ShortID(h.event)}
	}
	var out []string
	for key, f := range t.facts {
		if strings.HasPrefix(key, h.team) && bytes.Contains(f.raw, []byte(h.mark)) {
			out = append(out, key)
		}
	}
	return out
}
