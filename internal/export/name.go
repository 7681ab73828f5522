package export

import "strings"

// kinds are what the first part of an item's key says that it is, by what it lies under.
var kinds = map[string]map[string]string{
	"home": {
		"HOME": "home", "P": "field", "G": "tag", "F": "fact", "E": "edge", "N": "never_join", "K": "candidate",
		"O": "omnilink_participation", "OT": "omnilink_arrival",
	},
	"user": {
		"THREAD": "thread", "M": "message", "A": "action", "R": "receipt", "I": "arrival", "V": "event", "C": "conversation", "L": "alias",
	},
}

// kindOf tells what an item is. What lies under a day is an entry of the audit.
func kindOf(of, key string) string {
	under, _, _ := strings.Cut(of, "/")
	mark, _, _ := strings.Cut(key, "#")
	if kind, ok := kinds[under][mark]; ok {
		return kind
	}
	return under
}

// internal are the attributes that are no data of a person: keys of tables and indexes,
// revisions, marks, a credential of the platform's for one answer, and what a home knows
// of the contact that it is part of.
var internal = map[string]bool{
	"PK": true, "SK": true, "gpk": true, "gsk": true, "ttl": true, "pub": true, "rev": true, "chg": true, "tr": true, "fk": true, "root": true,
	"members": true, "v": true, "mid": true, "midh": true, "era": true, "aka": true, "z": true, "parts": true, "rt": true, "ph": true, "tok": true,
}

// names are what the short attributes of items mean. Others go by their own.
var names = map[string]string{
	"tx": "text", "dt": "data", "ty": "type", "d": "direction", "ev": "event_id", "ra": "received", "who": "by",
	"cl": "class", "acc": "accepted", "dl": "deadline", "pid": "platform_id", "fcode": "code", "ac": "account", "acct": "account", "ch": "channel",
	"chan": "channel", "hm": "home", "u": "user", "ext": "external_id", "addr": "address", "val": "value", "src": "source", "conv": "conversation",
	"k": "message", "ct": "content", "on": "target", "act": "action", "was": "before", "now": "after", "st": "standing",
	"av": "activity", "tg": "target_home", "tac": "target_account", "tch": "target_channel", "tap": "tapped_at", "jn": "journey", "nw": "new",
}

// named is an item with names for its attributes.
func named(item map[string]any) map[string]any {
	out := map[string]any{}
	for short, v := range item {
		if name, ok := names[short]; ok {
			short = name
		}
		out[short] = v
	}
	return out
}
