package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Read says how a setting is read.
type Read bool

const (
	Relaxed Read = false // may miss what was written within the last second, at half the price
	Strict  Read = true
)

// ConnectionItem is one set of credentials with its webhook URL.
type ConnectionItem struct {
	Team     hub.TeamID
	ID       hub.ConnectionID
	Channel  hub.Channel
	Sealed   map[string][]byte        // by field, sealed for (team, connection, field)
	Accounts map[string]hub.AccountID // by the platform's name of the account
	Welcomes map[string]hub.Content   // by the same; what the webhook's own answer may bring
	URL      string                   // of the webhook, as it stands at the platform; "" = not known
	Version  int                      // raised by each write but a resealing
}

// AccountItem is one connected channel.
type AccountItem struct {
	Team       hub.TeamID
	ID         hub.AccountID
	Connection hub.ConnectionID
	Channel    hub.Channel
	External   string
	Name       string
	// Scope names what shares ids of people with other accounts: a LINE provider, a
	// Meta business portfolio. "" = the channel's own rule.
	Scope  string
	OptOut OptOut
	// Off tells that the account rests: what comes in is stored, and nothing is sent.
	Off    bool
	Sealed map[string][]byte // by field, sealed for (team, account, field)
	// Version is raised by each write but a resealing.
	Version int
}

// OptOut is how customers of an account take automatic and marketing messages out
// and in again, beside the words that every account knows.
type OptOut struct {
	OutWords, InWords []string // a message that is one of them, without regard to case and width
	OutReply, InReply string   // the text that confirms it; "" = none
}

func (st *Store) config(ctx context.Context, op, pk, sk string, read Read) (item, error) {
	it, err := st.get(ctx, op, st.Tables.Config, pk, sk, bool(read))
	if err == nil && it == nil {
		return nil, notFound(op, "such setting")
	}
	return it, err
}

// Connection reads a connection. NotFound if there is none.
func (st *Store) Connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID, read Read) (ConnectionItem, error) {
	it, err := st.config(ctx, "read connection", teamPK(team), connectionSK(id), read)
	if err != nil {
		return ConnectionItem{}, err
	}
	c := ConnectionItem{
		Team: team, ID: id, Channel: hub.Channel(str(it, "chan")), Sealed: readSealed(it), Accounts: map[string]hub.AccountID{},
		Welcomes: map[string]hub.Content{}, URL: str(it, "url"), Version: int(num(it, "v")),
	}
	if m, ok := it["accts"].(*types.AttributeValueMemberM); ok {
		for name := range m.Value {
			c.Accounts[name] = hub.AccountID(str(m.Value, name))
		}
	}
	if m, ok := it["welcomes"].(*types.AttributeValueMemberM); ok {
		for name := range m.Value {
			if w, ok := m.Value[name].(*types.AttributeValueMemberM); ok {
				c.Welcomes[name] = readContent(w.Value)
			}
		}
	}
	return c, nil
}

// Account reads an account. NotFound if there is none.
func (st *Store) Account(ctx context.Context, team hub.TeamID, id hub.AccountID, read Read) (AccountItem, error) {
	it, err := st.config(ctx, "read account", teamPK(team), accountSK(id), read)
	if err != nil {
		return AccountItem{}, err
	}
	return AccountItem{
		Team: team, ID: id, Connection: hub.ConnectionID(str(it, "conn")), Channel: hub.Channel(str(it, "chan")),
		External: str(it, "ext"), Name: str(it, "name"), Scope: str(it, "scope"), Off: num(it, "off") != 0, Sealed: readSealed(it), Version: int(num(it, "v")),
		OptOut: OptOut{OutWords: strs(it, "outWords"), InWords: strs(it, "inWords"), OutReply: str(it, "outReply"), InReply: str(it, "inReply")},
	}, nil
}

func readSealed(it item) map[string][]byte {
	fields := map[string][]byte{}
	if m, ok := it["sealed"].(*types.AttributeValueMemberM); ok {
		for name := range m.Value {
			fields[name] = bin(m.Value, name)
		}
	}
	return fields
}
