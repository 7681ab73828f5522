package store

import (
	"context"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Origin is the item from which something is told. By it, whoever tells it late learns
// whether the person was erased meanwhile. The zero Origin is nobody's.
type Origin struct {
	Team hub.TeamID // "" = the key does not tell
	// Owner is whose partition the item lies in: a channel user, or a home under its id;
	// "" = nobody's.
	Owner hub.UserKey

	homes []hub.HomeID // those of the item: where it lies, and which its key names
	it    item
}

// OriginOf reads whose item a record of the change streams shows, as far as its keys and
// its image can be read: of a record that ReadChange does not understand, too.
func OriginOf(r events.DynamoDBEventRecord) Origin {
	it := itemOf(r.Change.Keys)
	for name, v := range itemOf(r.Change.NewImage) {
		it[name] = v
	}
	return originOf(it)
}

func originOf(it item) Origin {
	o := Origin{it: it}
	pk := str(it, pkAttr)
	if team, user, ok := splitUserPK(pk); ok {
		o.Team, o.Owner = team, user
		return o
	}
	team, home, ok := splitPK(pk, "H")
	if !ok {
		return o
	}
	o.Team, o.Owner, o.homes = team, hub.UserKey(home), []hub.HomeID{hub.HomeID(home)}
	switch mark, rest, _ := strings.Cut(str(it, skAttr), "#"); mark {
	case "E", "N", "K":
		other, _, _ := strings.Cut(rest, "#")
		o.homes = append(o.homes, hub.HomeID(other))
	}
	return o
}

// At is when what the item tells happened, or else when the hub took it; 0 = it does not
// say.
func (o Origin) At() hub.Millis {
	mark, k, _ := strings.Cut(str(o.it, skAttr), "#")
	switch mark {
	case "M", "V":
		return hub.MessageKey(k).At()
	case threadSK:
		if changed, ok := o.it["chg"].(*types.AttributeValueMemberM); ok {
			return millis(changed.Value, "at")
		}
	case "A":
		return millis(o.it, "at")
	}
	return millis(o.it, "ra")
}

// upTo tells whether an item of a channel user is of a time up to an erasure: as it is
// judged by the sweep, and a thread by its last change.
func (o Origin) upTo(erased hub.Millis) bool {
	if str(o.it, skAttr) == threadSK {
		return o.At() <= erased
	}
	return lay(o.it, erased)
}

// ErasedSince tells of each of some items whether who it is of was erased since. It reads
// the threads and the homes, each once, consistently; of items that are nobody's nothing.
func (st *Store) ErasedSince(ctx context.Context, list []Origin) ([]bool, error) {
	const op = "look for erased persons"
	threads, homes := map[string]item{}, map[string]item{}
	var threadKeys, homeKeys []item
	for _, o := range list {
		if o.Owner != "" && len(o.homes) == 0 {
			if pk := userPK(o.Team, o.Owner); threads[pk] == nil {
				threads[pk], threadKeys = item{}, append(threadKeys, key(pk, threadSK))
			}
		}
		for _, h := range o.homes {
			if pk := homePK(o.Team, h); homes[pk] == nil {
				homes[pk], homeKeys = item{}, append(homeKeys, key(pk, homeSK))
			}
		}
	}
	for _, ask := range []struct {
		table string
		keys  []item
		into  map[string]item
	}{{st.Tables.Messages, threadKeys, threads}, {st.Tables.Contacts, homeKeys, homes}} {
		found, err := st.getAll(ctx, op, ask.table, ask.keys)
		if err != nil {
			return nil, err
		}
		for _, it := range found {
			ask.into[str(it, pkAttr)] = it
		}
	}
	erased := make([]bool, len(list))
	for i, o := range list {
		if o.Owner != "" && len(o.homes) == 0 {
			at := millis(threads[userPK(o.Team, o.Owner)], "erasedAt")
			erased[i] = at != 0 && o.upTo(at)
		}
		for _, h := range o.homes {
			// Nothing but an erasure takes a home away, and none comes back under its id.
			if it := homes[homePK(o.Team, h)]; !livingHome(it) || str(it, "era") != "" {
				erased[i] = true
			}
		}
	}
	return erased, nil
}
