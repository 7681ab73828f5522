package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Kept is an event that is no message, as it is kept: raw, and, if it is a fact for
// the bus, with what the bus tells of it.
type Kept struct {
	Type    string // the platform's own name of the type
	At      hub.Millis
	Publish string // the kind under which it is published; "" = it is not
	Home    hub.HomeID
	Texts   map[string]string // with Publish: further members, by the names of keptMembers
}

// keptMembers are the members of a published fact that lie in attributes of its item.
var keptMembers = map[string]string{
	"nonce": "dt", "ok": "ok", "up_to": "upTo", "state": "state", "source": "esrc", "ref": "eref", "ad": "ead",
}

// maxKept is how much of a further member is kept, in bytes.
const maxKept = 4 << 10

// PutOther keeps an event as it came, once, under its own id, or, with a suffix,
// beside what else is kept of it.
func (st *Store) PutOther(ctx context.Context, r Ref, e hub.Envelope, k Kept, suffix string) error {
	sk := otherSK(k.At, e.Event) + suffix
	it := key(r.pk(), sk)
	it["ty"] = s(k.Type)
	it["ev"] = s(e.Event)
	it["ra"] = n(e.Received)
	it["tr"] = s(e.Trace)
	it[ttlAttr] = st.messageTTL(e.Received)
	whose(it, e.Account, e.Channel, k.Home)
	if k.Publish != "" {
		it["pub"] = s(k.Publish)
	}
	for member, v := range k.Texts {
		it[keptMembers[member]] = s(cut(v, maxKept))
	}
	if suffix == "" {
		if err := st.putLarge(ctx, r, sk, e.Raw, e.Received); err != nil {
			return err
		}
		it["ph"] = s(e.Hash)
		putRaw(it, e.Raw)
	}
	_, _, err := st.putNew(ctx, "keep event", st.Tables.Messages, it)
	return err
}

// Notice is what a platform told an account's owner.
type Notice struct {
	Connection hub.ConnectionID
	Account    hub.AccountID // "" = the connection as a whole
	Topic      string
	At         hub.Millis
	Detail     map[string]string
}

// PutNotice stores a platform's notice, once.
func (st *Store) PutNotice(ctx context.Context, e hub.Envelope, no Notice) error {
	it := key(connectionPK(e.Team, e.Connection), factSK("notice", hub.ShortID(e.Event)))
	it["conn"] = s(string(no.Connection))
	it["topic"] = s(no.Topic)
	it["at"] = n(no.At)
	it["ra"] = n(e.Received)
	it["tr"] = s(e.Trace)
	it["pub"] = s(hub.AccountNotice)
	whose(it, no.Account, e.Channel, "")
	detail := item{}
	for name, v := range no.Detail {
		detail[name] = s(v)
	}
	it["detail"] = &types.AttributeValueMemberM{Value: detail}
	putRaw(it, e.Raw)
	_, _, err := st.putNew(ctx, "put notice", st.Tables.Contacts, it)
	return err
}
