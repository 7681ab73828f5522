package chaos

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/stack"
)

// tables are what the hub has stored, read without the hub's own code.
type tables struct {
	threads   map[string]thread     // by the user key of their partition
	messages  map[string][]message  // customers', by the platform's id
	answers   map[string]answer     // by their name at the platform: user key, ".", message key
	reactions map[string][]reaction // by the id of the message
	homes     map[string]string     // the root of each home
	opened    map[string]string     // where the fact lies that a conversation began
	closed    map[string]string     // and that it ended

	quarantined int
	waiting     int // sends without a final state
}

type thread struct {
	see, conversation string
	held              []string // when each parked send was accepted, and its message key
}

type reaction struct{ user, emoji string }

type message struct{ user, key, home, trace string }

type answer struct {
	message string          // the platform's id of what it answers
	states  map[string]bool // taken, sent, delivered, read, failed, unknown
	id      string          // the platform's
	code    string          // why it failed
	waits   string          // while it has no final state: how far it has come
}

func (a answer) out() bool {
	return a.states["taken"] || a.states["sent"] || a.states["delivered"] || a.states["read"]
}

func config(st *stack.Stack) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &st.AWS,
		Credentials: credentials.NewStaticCredentialsProvider("checker", "checker", ""),
	}
}

// readTables scans all tables.
func readTables(ctx context.Context, st *stack.Stack) (*tables, error) {
	db := dynamodb.NewFromConfig(config(st))
	names, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return nil, err
	}
	t := &tables{
		threads: map[string]thread{}, messages: map[string][]message{}, answers: map[string]answer{}, reactions: map[string][]reaction{},
		homes: map[string]string{}, opened: map[string]string{}, closed: map[string]string{},
	}
	for _, table := range names.TableNames {
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, it := range page.Items {
				t.add(it)
			}
		}
	}
	return t, nil
}

func (t *tables) add(it map[string]types.AttributeValue) {
	pk, sk := text(it, "PK"), text(it, "SK")
	user := pk[strings.LastIndex(pk, "#")+1:] // or the home
	if strings.HasPrefix(text(it, "gpk"), "S#") {
		t.waiting++
	}
	switch {
	case sk == "THREAD":
		t.threads[user] = thread{see: text(it, "see"), conversation: text(it, "conv"), held: texts(it, "held")}
	case strings.HasPrefix(sk, "M#") && strings.HasSuffix(sk, "~a"):
		key := strings.TrimPrefix(sk, "M#")
		a := answer{message: idOf(strings.TrimSuffix(key, "~a")), states: map[string]bool{}, id: text(it, "pid"), code: text(it, "fcode")}
		for _, state := range []string{"taken", "sent", "delivered", "read", "failed", "unknown"} {
			_, a.states[state] = it[state+"At"]
		}
		if due := text(it, "gsk"); due != "" {
			a.waits = fmt.Sprintf("in %s, due %.13s, attempt %s, stage %q", user, due, number(it, "att"), text(it, "stg"))
		}
		t.answers[user+"."+key] = a
	case strings.HasPrefix(sk, "M#") && text(it, "d") == "in":
		key := strings.TrimPrefix(sk, "M#")
		t.messages[idOf(key)] = append(t.messages[idOf(key)], message{user: user, key: key, home: text(it, "hm"), trace: text(it, "tr")})
	case strings.HasPrefix(sk, "A#"):
		target, _, _ := strings.Cut(strings.TrimPrefix(sk, "A#"), "#reaction#")
		t.reactions[target] = append(t.reactions[target], reaction{user: user, emoji: text(it, "val")})
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
	case strings.Contains(pk, "#QD#"):
		t.quarantined++
	}
}

// idOf is the platform's id in a message key.
func idOf(key string) string {
	_, id, _ := strings.Cut(key, "#")
	return id
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

func text(it map[string]types.AttributeValue, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func texts(it map[string]types.AttributeValue, name string) []string {
	if v, ok := it[name].(*types.AttributeValueMemberSS); ok {
		return v.Value
	}
	return nil
}

func number(it map[string]types.AttributeValue, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberN); ok {
		return v.Value
	}
	return ""
}
