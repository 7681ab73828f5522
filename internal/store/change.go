package store

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
)

// Change is what a record of a change stream asks for: a send to be handed on, an
// event to be published, or, if both are nil, nothing.
type Change struct {
	Send  *Queued
	Event *hub.Published
}

// ReadChange reads a record of the streams of Messages and Contacts. Inserts that
// bear pub are facts, inserts of intents are sends, and modifications whose rev
// differs are revisions; everything else asks for nothing. Unparsable for a record
// that should ask for something and cannot be understood.
func ReadChange(r events.DynamoDBEventRecord) (Change, error) {
	image := r.Change.NewImage
	switch r.EventName {
	case string(events.DynamoDBOperationTypeInsert):
		it := itemOf(image)
		if strings.HasPrefix(str(it, dueBucket), "S#") && str(it, "d") == "out" {
			q, ok := readQueued(it)
			if !ok || q.Intent.Class == "" || q.Intent.Deadline == 0 {
				return Change{}, misread(it, "an intent")
			}
			return Change{Send: &q}, nil
		}
		if str(it, "pub") == "" {
			return Change{}, nil
		}
		e, err := published(it, str(it, "pub"))
		return Change{Event: e}, err
	case string(events.DynamoDBOperationTypeModify):
		it, old := itemOf(image), itemOf(r.Change.OldImage)
		if num(it, "rev") == 0 || num(it, "rev") == num(old, "rev") {
			return Change{}, nil
		}
		e, err := revised(it, old)
		return Change{Event: e}, err
	}
	return Change{}, nil
}

func misread(it item, what string) error {
	kind, _, _ := strings.Cut(str(it, skAttr), "#")
	return hub.E(hub.Unparsable, "store: read change", fmt.Errorf("not %s, under a key of kind %q", what, kind))
}

// event begins what is published of an item.
func event(it item, kind string, at hub.Millis) (*hub.Published, error) {
	parts := strings.SplitN(str(it, pkAttr), "#", 3)
	if len(parts) < 3 || parts[0] != "T" || parts[1] == "" || at == 0 {
		return nil, misread(it, kind)
	}
	e := &hub.Published{
		ID: hub.Digest("event", str(it, pkAttr), str(it, skAttr)), Kind: kind, Team: hub.TeamID(parts[1]), At: at, Detail: map[string]any{},
	}
	if rev := num(it, "rev"); rev != 0 {
		e.ID = fmt.Sprintf("%s#%d", e.ID, rev)
	}
	if _, user, ok := splitUserPK(str(it, pkAttr)); ok {
		e.Detail["user"] = string(user)
	}
	text(e, it, "ac", "account")
	text(e, it, "ch", "channel")
	text(e, it, "hm", "home")
	e.Detail["trace"] = traceOf(it)
	return e, nil
}

// traceOf is the trace of the last change of an item, or of the item itself.
func traceOf(it item) string {
	if changed, ok := it["chg"].(*types.AttributeValueMemberM); ok && str(changed.Value, "tr") != "" {
		return str(changed.Value, "tr")
	}
	return str(it, "tr")
}

// text copies a text of an item into what is published, if it is there.
func text(e *hub.Published, it item, attribute, member string) {
	if v := str(it, attribute); v != "" {
		e.Detail[member] = v
	}
}

// published reads a fact.
func published(it item, kind string) (*hub.Published, error) {
	sk := str(it, skAttr)
	e, err := event(it, kind, occurred(it, kind))
	if err != nil {
		return nil, err
	}
	switch kind {
	case hub.MessageReceived:
		e.Detail["message"] = strings.TrimPrefix(sk, messageMark)
		text(e, it, "ty", "type")
		text(e, it, "tx", "text")
		text(e, it, "dt", "data")
		text(e, it, "ev", "event")
	case hub.MessageReaction, hub.MessageEdited, hub.MessageUnsent:
		target, _, actor := splitActionSK(sk)
		e.Detail["target"], e.Detail["actor"] = target, actor
		if kind != hub.MessageUnsent {
			e.Detail["value"] = str(it, "val")
		}
	case hub.ConversationOpened:
		e.Detail["conversation"] = conversationOf(sk)
		text(e, it, "k", "message")
	case hub.ConversationClosed:
		e.Detail["conversation"] = conversationOf(sk)
		text(e, it, "who", "by")
	case hub.ContactCreated:
		e.Detail["home"] = string(homeOf(it))
		text(e, it, "acct", "account")
		text(e, it, "u", "user")
		text(e, it, "kind", "kind")
	case hub.ContactLinked:
		e.Detail["a"], e.Detail["b"] = string(homeOf(it)), strings.TrimPrefix(sk, edgeMark)
		text(e, it, "evidence", "evidence")
		text(e, it, "detail", "detail")
		text(e, it, "by", "by")
	case hub.ContactUnlinked:
		e.Detail["a"], e.Detail["b"] = string(homeOf(it)), strings.TrimPrefix(sk, edgeMark)
		text(e, it, "evidence", "evidence")
		text(e, it, "undoneBy", "by")
	case hub.ContactCandidate:
		b, _, _ := strings.Cut(strings.TrimPrefix(sk, candidateMark), "#")
		e.Detail["a"], e.Detail["b"] = string(homeOf(it)), b
		text(e, it, "reason", "reason")
	case hub.ContactChanged:
		e.Detail["home"], e.Detail["field"] = string(homeOf(it)), strings.TrimPrefix(sk, "P#")
		text(e, it, "src", "source")
	case hub.TagApplied, hub.TagRemoved:
		tagEvent(e, it)
	case hub.OmniLinked:
		linkedEvent(e, it)
	case hub.AccountLinked:
		e.Detail["ok"] = str(it, "ok") == "true"
		e.Detail["nonce"] = str(it, "dt")
	case hub.MessagesReadUpTo:
		upTo, _ := strconv.ParseInt(str(it, "upTo"), 10, 64)
		e.Detail["up_to"] = upTo
		text(e, it, "state", "state")
	case hub.Followed, hub.Unfollowed, hub.OptOut, hub.OptIn, hub.MarketingOut, hub.ContactMoved:
		if kind != hub.ContactMoved {
			text(e, it, "ev", "event")
		}
	case hub.ContactEntered:
		text(e, it, "ev", "event")
		text(e, it, "esrc", "source")
		text(e, it, "eref", "ref")
		text(e, it, "ead", "ad")
	case hub.AccountNotice:
		e.Detail["connection"] = str(it, "conn")
		text(e, it, "topic", "topic")
		detail := map[string]any{}
		if m, ok := it["detail"].(*types.AttributeValueMemberM); ok {
			for name := range m.Value {
				detail[name] = str(m.Value, name)
			}
		}
		e.Detail["detail"] = detail
	case hub.ContactErasing:
		e.Detail["erasure"], e.Detail["homes"] = str(it, "id"), strs(it, "homes")
		if num(it, "certAt") != 0 {
			e.Kind = hub.ContactErased
		}
	case hub.AccountConnected, hub.AccountDisconnected, hub.AccountTokenExpiring, hub.AccountTokenExpired, hub.AccountTokenRenewed, hub.AccountWebhookLost:
		accountEvent(e, it)
	default:
		return nil, misread(it, "a known kind of fact")
	}
	return e, nil
}

// occurred is when a fact happened: by the platform's time where there is one.
func occurred(it item, kind string) hub.Millis {
	sk := str(it, skAttr)
	switch {
	case kind == hub.MessageReceived:
		return hub.MessageKey(strings.TrimPrefix(sk, messageMark)).At()
	case strings.HasPrefix(sk, "V#"):
		return hub.MessageKey(strings.TrimPrefix(sk, "V#")).At()
	case kind == hub.ContactUnlinked:
		return millis(it, "undone")
	case kind == hub.ContactErasing && num(it, "certAt") != 0:
		return millis(it, "certAt")
	case num(it, "at") != 0:
		return millis(it, "at")
	}
	return millis(it, "ra")
}

// revised reads a change of something that has revisions.
func revised(it, old item) (*hub.Published, error) {
	sk := str(it, skAttr)
	switch {
	case sk == threadSK:
		return revisedThread(it)
	case strings.HasPrefix(sk, messageMark):
		return stamped(it, old)
	case strings.HasPrefix(sk, actionMark):
		return published(it, str(it, "pub"))
	case strings.HasPrefix(sk, "P#"):
		return published(it, hub.ContactChanged)
	case strings.HasPrefix(sk, partMark):
		return revisedPart(it)
	case strings.HasPrefix(sk, erasureMark):
		return published(it, hub.ContactErasing)
	case strings.HasPrefix(sk, edgeMark), strings.HasPrefix(sk, candidateMark):
		return published(it, str(it, "pub")) // an undoing, or joined or open again after one
	}
	return nil, misread(it, "something with revisions")
}

func revisedThread(it item) (*hub.Published, error) {
	changed, ok := it["chg"].(*types.AttributeValueMemberM)
	if !ok {
		return nil, misread(it, "a thread with its change")
	}
	e, err := event(it, hub.ConversationChanged, millis(changed.Value, "at"))
	if err != nil {
		return nil, err
	}
	text(e, it, "acct", "account")
	text(e, it, "conv", "conversation")
	text(e, it, "assignee", "assignee")
	text(e, changed.Value, "by", "by")
	fields := strs(changed.Value, "fields")
	if fields == nil {
		fields = []string{}
	}
	e.Detail["fields"] = fields
	return e, nil
}

// stamped reads which state of a message of ours is new: of several the furthest.
func stamped(it, old item) (*hub.Published, error) {
	for _, st := range []struct {
		name  string
		state hub.State
	}{
		{"readAt", hub.Read}, {"deliveredAt", hub.Delivered}, {"failedAt", hub.Failed}, {"sentAt", hub.Sent}, {"takenAt", hub.Sent},
		{"unknownAt", hub.Unknown},
	} {
		at := millis(it, st.name)
		if at == 0 || num(old, st.name) != 0 {
			continue
		}
		if st.state == hub.Sent && (num(old, "sentAt") != 0 || num(old, "takenAt") != 0) {
			continue // told before
		}
		e, err := event(it, hub.MessageStatus, at)
		if err != nil {
			return nil, err
		}
		e.Detail["message"], e.Detail["state"] = strings.TrimPrefix(str(it, skAttr), messageMark), string(st.state)
		text(e, it, "cl", "class")
		text(e, it, "pid", "platform_id")
		if st.state == hub.Failed {
			text(e, it, "fcode", "code")
		}
		return e, nil
	}
	return nil, nil // the platform's id alone became known
}

func conversationOf(sk string) string {
	h, _, _ := strings.Cut(strings.TrimPrefix(sk, "C#"), "#")
	return h
}

// itemOf converts a stream's image.
func itemOf(image map[string]events.DynamoDBAttributeValue) item {
	it := make(item, len(image))
	for name, v := range image {
		if value := valueOf(v); value != nil {
			it[name] = value
		}
	}
	return it
}

func valueOf(v events.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case events.DataTypeString:
		return s(v.String())
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case events.DataTypeBinary:
		return b(v.Binary())
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case events.DataTypeStringSet:
		return set(v.StringSet()...)
	case events.DataTypeList:
		list := &types.AttributeValueMemberL{}
		for _, e := range v.List() {
			if value := valueOf(e); value != nil {
				list.Value = append(list.Value, value)
			}
		}
		return list
	case events.DataTypeMap:
		return &types.AttributeValueMemberM{Value: itemOf(v.Map())}
	}
	return nil
}
