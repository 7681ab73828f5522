package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// AccountFact is a fact of an account, to be stored once. Beside whose it is, only the
// members of its kind are set.
type AccountFact struct {
	Kind       string // one of the account's kinds in internal/hub
	ID         string // what makes it one fact: see the makers
	Account    hub.AccountID
	Connection hub.ConnectionID // "" = not told
	Channel    hub.Channel      // "" = not told
	At         hub.Millis
	Days       int        // AccountTokenExpiring: how many days ahead it was raised
	Expires    hub.Millis // AccountTokenExpiring, TokenRenewed: when the credentials end; 0 = not known
	By         string     // AccountTokenRenewed: "person" or "hub"
}

// ExpiredFact is the fact that the platform refuses the credentials of a fingerprint:
// one for each, however often they are refused.
func ExpiredFact(account hub.AccountID, fingerprint string, at hub.Millis) AccountFact {
	return AccountFact{Kind: hub.AccountTokenExpired, ID: fingerprint, Account: account, At: at}
}

// ExpiringFact is the fact that the credentials of a fingerprint end within so many
// days: one for each number of days.
func ExpiringFact(account hub.AccountID, fingerprint string, days int, expires, at hub.Millis) AccountFact {
	return AccountFact{
		Kind: hub.AccountTokenExpiring, ID: fingerprint + "#" + strconv.Itoa(days), Account: account, At: at, Days: days, Expires: expires,
	}
}

func (st *Store) accountFact(ctx context.Context, team hub.TeamID, f AccountFact) item {
	_, name, _ := strings.Cut(f.Kind, ".")
	it := key(accountPK(team, f.Account), factSK(name, f.ID))
	it["pub"] = s(f.Kind)
	it["at"] = n(f.At)
	it["ra"] = n(st.now())
	whose(it, f.Account, f.Channel, "")
	if f.Connection != "" {
		it["conn"] = s(string(f.Connection))
	}
	if f.Days != 0 {
		it["days"] = n(f.Days)
	}
	if f.Expires != 0 {
		it["exp"] = n(f.Expires)
	}
	if f.By != "" {
		it["who"] = s(f.By)
	}
	trace(ctx, it)
	return it
}

// PutAccountFact stores a fact of an account, once. It answers whether it was new.
func (st *Store) PutAccountFact(ctx context.Context, team hub.TeamID, f AccountFact) (bool, error) {
	put, _, err := st.putNew(ctx, "put account fact", st.Tables.Contacts, st.accountFact(ctx, team, f))
	return put, err
}

// PutTokenExpired stores that the platform refused the credentials that an account had
// at a time: one fact for each fingerprint (settings.Account.Fingerprint), however often
// it is called: one Put.
func (st *Store) PutTokenExpired(ctx context.Context, team hub.TeamID, account hub.AccountID, fingerprint string, at hub.Millis) error {
	_, err := st.PutAccountFact(ctx, team, ExpiredFact(account, fingerprint, at))
	return err
}

// ExpiredSince tells since when the platform refuses the credentials of a fingerprint; 0 =
// it does not, as far as is known.
func (st *Store) ExpiredSince(ctx context.Context, team hub.TeamID, account hub.AccountID, fingerprint string) (hub.Millis, error) {
	it, err := st.get(ctx, "read account fact", st.Tables.Contacts, accountPK(team, account), factSK("token_expired", fingerprint), true)
	return millis(it, "at"), err
}

// AccountFacts reads what happened to an account, consistently, the newest last.
func (st *Store) AccountFacts(ctx context.Context, team hub.TeamID, account hub.AccountID) ([]hub.Published, error) {
	items, err := st.queryAll(ctx, "read account facts", st.Tables.Contacts, accountPK(team, account), "F#")
	if err != nil {
		return nil, err
	}
	var list []hub.Published
	for _, it := range items {
		e, err := published(it, str(it, "pub"))
		if err != nil {
			return nil, err
		}
		list = append(list, *e)
	}
	return list, nil
}

// newFact is a fact as a part of a transaction.
func (st *Store) newFact(ctx context.Context, team hub.TeamID, f AccountFact) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &st.Tables.Contacts, Item: st.accountFact(ctx, team, f), ConditionExpression: aws.String("attribute_not_exists(SK)"),
	}}
}

// accountEvent adds what is published of an account's fact.
func accountEvent(e *hub.Published, it item) {
	text(e, it, "conn", "connection")
	text(e, it, "who", "by")
	if days := num(it, "days"); days != 0 {
		e.Detail["days"] = days
	}
	if expires := num(it, "exp"); expires != 0 {
		e.Detail["expires"] = expires
	}
}
