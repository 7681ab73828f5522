package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/hub"
)

// This file holds every key of every table, each beside the access that it serves.
// Partition keys start T#<team>#; what names a person stands only as a hash by the
// team's pepper (u, home, value). "| X" names the operation: G get, P put if absent,
// U conditional update, Q query, T part of a transaction.
//
// Messages
//
//	T#t#U#u         THREAD                  the thread of a channel user        | U on each message, G before a send
//	T#t#U#u         M#<ms>#<id>             a message in or out, by time        | P, U stamps; Q a page of the log
//	T#t#U#u         M#<ms>#<id>~a           the automatic answer to it          | P
//	T#t#U#u         A#<target>#<kind>#<who> reaction, edit, unsend of a message | U forward only; Q with a page of the log
//	T#t#U#u         R#<id>#<state>          a receipt by the platform's id alone | P; Q when the message is known
//	T#t#U#u         R#<id>#key              our key of the message of that id   | P; G
//	T#t#U#u         R#<id>#echo             the key of the echo of that id      | P; G, Q with R#<id>
//	T#t#U#u         I#<hash of the id>      the first arrival's time            | P; G
//	T#t#U#u         V#<ms>#<event>          an event that is kept raw, or a fact | P
//	T#t#U#u         C#<h>#opened, #closed   facts of conversation h             | P, T
//	T#t#U#u         W#<member>              the member has closed a conversation | T; G by the desk
//	T#t#U#u         L#<hash>                an alias that was claimed for the user, and
//	                                        that no thread tells of             | P; Q by erasure
//	index due:      S#<day>#<shard>         sends queued or claimed, and unsends
//	                                        not carried out, by time            | Q by reconcile
//	index due:      O#t#<shard>             threads with an open conversation,
//	                                        longest wait first                  | Q by the desk
//
// Contacts
//
//	T#t#H#home      HOME                    a home; the root holds its members; or, between
//	                                        the sweeps of its erasure, a mark   | P, T
//	T#t#H#home      F#<kind>#<id>           a fact of the home                  | P; Q by kind
//	T#t#H#home      P#<field>               a register of the profile           | U forward only; Q
//	T#t#H#a         E#<b>                   an edge, at the smaller home        | T; Q edges of a member
//	T#t#H#a         N#<b>                   "never join" with evidence          | T; G, checked in T
//	T#t#H#b         N#<a>                   mirror of it, or of an undone edge  | T; Q by erasure
//	T#t#H#home      K#<other>#<reason>      two homes that may be one person: at both | T; Q
//	T#t#H#home      G#<tag>                 how a tag stands at the home        | T by version; G, Q
//	T#t#H#home      O#<activity>            the home's part in an activity of OmniLink | T, U; G
//	T#t#H#home      F#omnilink#<code>       a tap of it that came to a link     | T
//	T#t#H#target    OT#<code>               mirror of that at the target        | T; Q by erasure
//	T#t#TOK#<hash>  TOKEN                   whose card a link is, and of which activity | T; G on each visit
//	T#t#ACT#act     N#<shard>               totals of an activity               | T; G
//	T#t#A#<value>   ALIAS                   claim of an alias in its scope      | U; G
//	T#t#F#field#<v> <home>                  finder by a personal value          | P; Q
//	T#t#TAG#tag#<s> <home>                  homes that bear a tag               | T; Q
//	T#t#TAG#tag     SWEEP                   the tag's validity was made shorter | T; Q by tagexpiry
//	T#t#DAYS        <day>                   days on which homes came to be      | P; Q backwards by the contact list
//	T#t#ERA         ERA#<id>                an erasure, and its certificate     | T, U by phase; G, Q
//	T#t#AUD#<day>   <ms>#<id>               who changed what; never changed     | T; Q
//	T#t#C#kind#<v>  CLAIM                   uniqueness: member id, CRM id …     | T with attribute_not_exists
//	T#t#CONN#conn   F#notice#<event>        what a platform told the account's owner | P; Q
//	T#t#ACC#account F#<kind>#<id>           a fact of an account                | P, T; Q by kind
//	T#t#ACC#account CARE                    what is known of the account at its platform,
//	                                        and when it is looked after next    | T, U by version; G
//	T#t#ACC#account USED                    the account has had a customer: it cannot be
//	                                        removed. Put before the first home that a
//	                                        process makes in it, and never removed | P; G
//	T#t#X#field#<v> GONE                    tombstone of an erased value, or of
//	                                        an imported person's home           | P; G on import
//	index due:      D#<day>#<shard>         due work of homes and facts         | Q by schedules
//	index due:      E#<shard>               erasures, by when they are worked on next | Q by erase
//	index due:      A#<shard>               accounts, by when they are looked after next | Q by tokenrefresh
//	index due:      K#t#<shard>             candidates that nobody has decided  | Q
//	index due:      R#t#tag#<shard>         records of a tag's taggings, by time | Q
//	index due:      P#t#act#<shard>         who tapped a card of an activity, by the first
//	                                        tap, with what came of it           | Q
//	index due:      L#t#<day>#<shard>       homes by day of creation            | Q by the contact list
//
// Config
//
//	HUB             EDGE                    the keys of webhook path ids        | G, cached
//	T#t             TEAM                    name, data keys, pepper (sealed)    | G, cached; U
//	T#t             CONN#<connection>       channel, secrets (sealed), accounts | G, cached; T; Q by rotation
//	T#t             ACCT#<account>          settings, secrets (sealed)          | G, cached; T; Q by rotation
//	T#t             KEYW#<account>          the rules of an account             | G, cached; T by version; Q by prefix
//	T#t             MOD#<module>            a bot module as it stands           | G, cached; T by version; Q by prefix
//	T#t             MODV#<module>#<6 digits> a version of it, of the last 50    | G, cached; T; Q
//	T#t             BOTS                    the version of all modules and rules | G, T
//	T#t             TAG#<tag>               definition of a tag                 | G, T; Q by prefix
//	T#t             ATTR#<key>              definition of a custom attribute    | G, T; Q by prefix, cached
//	T#t             MEMBER#<member>         a person of the team                | G at each call; T; Q
//	T#t             ADMINS                  the set of the team's active admins | G, T
//	T#t             KEY#<key>               an API key, with its secret's hash  | G by authorizer; T; Q
//	SUBJ#<hash>     TEAM#t                  the teams of whom the provider calls so | T; Q
//	T#t             ACT#, SURV#, COUP#, TPL#, QUEUE#, SUB#                      | G; Q by prefix
//	T#t             ACTX#<activity>         mark of a deleted activity, whose id is
//	                                        not given again                     | T
//
// Ledger
//
//	T#t#TOK#<hash>  TOKEN                   one-time code of OmniLink           | T, U by state; G
//	T#t#OLH#home    <hash>                  codes that name a home              | T; Q by erasure
//	T#t#OLT#u       TRIES                   failed attempts with codes          | U; G
//	T#t#IDEM#<v>    CALL                    an API call by Idempotency-Key      | P; G
//	T#t#B#account   <bucket>                tokens of an account's rate         | U
//	T#t#CUR#<job>   CURSOR                  where a job stands                  | U; G
//	T#t#RATE        <10-digit seconds>      calls of programs within a second   | U
//	HUB#CUR#<job>   CURSOR                  where a job of all teams stands     | P; G
//	T#t#LOG#job#day <ms>#<id>               a job's log                         | P; Q
//	T#t#DLV#sub     <event>#<attempt>       attempts of a subscriber's webhook  | P; Q
//	T#t#RAW#u       <sk>#<part>             an event too large for its item     | P; Q
//	T#t#Q#<id>      RAW#<chunk>#<part>      a quarantined body                  | P; Q
//	T#t#QD#<day>    <id>                    quarantine by day, with its replays | P, U; Q
//	T#t#QU#<u>      <id>                    quarantine by channel user, or home | P; Q by erasure
const (
	pkAttr    = "PK"
	skAttr    = "SK"
	dueBucket = "gpk" // partition key of the index due
	dueSort   = "gsk" // sort key of the index due
	ttlAttr   = "ttl" // epoch seconds

	// DueIndex is the one sparse, KEYS_ONLY index of Messages and of Contacts.
	DueIndex = "due"

	threadSK = "THREAD"
	homeSK   = "HOME"

	// Shards is how many partitions a due bucket, a list of open threads or a list
	// of a day is spread over.
	Shards = 8
)

func userPK(t hub.TeamID, u hub.UserKey) string { return "T#" + string(t) + "#U#" + string(u) }
func messageSK(k hub.MessageKey) string         { return "M#" + string(k) }
func earlySK(id, state string) string           { return "R#" + hub.ShortID(id) + "#" + state }
func otherSK(at hub.Millis, event string) string {
	return fmt.Sprintf("V#%013d#%s", at, hub.ShortID(event))
}
func openedSK(h hub.ConversationID) string      { return "C#" + string(h) + "#opened" }
func closedSK(h hub.ConversationID) string      { return "C#" + string(h) + "#closed" }
func closerSK(member string) string             { return "W#" + member }
func actionSK(target, kind, who string) string  { return "A#" + target + "#" + kind + "#" + who }
func homePK(t hub.TeamID, h hub.HomeID) string  { return "T#" + string(t) + "#H#" + string(h) }
func factSK(kind, id string) string             { return "F#" + kind + "#" + id }
func registerSK(field string) string            { return "P#" + field }
func edgeSK(b hub.HomeID) string                { return "E#" + string(b) }
func neverSK(b hub.HomeID) string               { return "N#" + string(b) }
func aliasPK(t hub.TeamID, value string) string { return "T#" + string(t) + "#A#" + value }
func finderPK(t hub.TeamID, field, v string) string {
	return "T#" + string(t) + "#F#" + field + "#" + v
}
func accountPK(t hub.TeamID, a hub.AccountID) string {
	return "T#" + string(t) + "#ACC#" + string(a)
}
func claimPK(t hub.TeamID, kind, v string) string { return "T#" + string(t) + "#C#" + kind + "#" + v }
func connectionPK(t hub.TeamID, c hub.ConnectionID) string {
	return "T#" + string(t) + "#CONN#" + string(c)
}
func gonePK(t hub.TeamID, field, v string) string { return "T#" + string(t) + "#X#" + field + "#" + v }
func teamPK(t hub.TeamID) string                  { return "T#" + string(t) }
func connectionSK(c hub.ConnectionID) string      { return "CONN#" + string(c) }
func accountSK(a hub.AccountID) string            { return "ACCT#" + string(a) }
func keywordSK(a hub.AccountID) string            { return "KEYW#" + string(a) }
func moduleSK(m hub.ModuleID) string              { return moduleMark + string(m) }
func moduleVersionMark(m hub.ModuleID) string     { return "MODV#" + string(m) + "#" }
func moduleVersionSK(m hub.ModuleID, v int) string {
	return fmt.Sprintf("%s%06d", moduleVersionMark(m), v)
}
func tokenPK(t hub.TeamID, hash string) string      { return "T#" + string(t) + "#TOK#" + hash }
func callPK(t hub.TeamID, v string) string          { return "T#" + string(t) + "#IDEM#" + v }
func largePK(t hub.TeamID, u hub.UserKey) string    { return "T#" + string(t) + "#RAW#" + string(u) }
func largeSK(sk string, part int) string            { return fmt.Sprintf("%s#%03d", sk, part) }
func rawPK(t hub.TeamID, id string) string          { return "T#" + string(t) + "#Q#" + id }
func quarantineDayPK(t hub.TeamID, d string) string { return "T#" + string(t) + "#QD#" + d }
func quarantineUserPK(t hub.TeamID, u hub.UserKey) string {
	return "T#" + string(t) + "#QU#" + string(u)
}
func tagPK(t hub.TeamID, tag string, shard int) string {
	return "T#" + string(t) + "#TAG#" + tag + "#" + strconv.Itoa(shard)
}
func bucketPK(t hub.TeamID, a hub.AccountID) string { return "T#" + string(t) + "#B#" + string(a) }
func cursorPK(t hub.TeamID, job string) string      { return "T#" + string(t) + "#CUR#" + job }
func logPK(t hub.TeamID, job, day string) string    { return "T#" + string(t) + "#LOG#" + job + "#" + day }
func deliveryPK(t hub.TeamID, subscription string) string {
	return "T#" + string(t) + "#DLV#" + subscription
}

const (
	edgePK      = "HUB"
	edgeKeysSK  = "EDGE"
	teamSK      = "TEAM"
	messageMark = "M#"
	actionMark  = "A#"
	rawPrefix   = "RAW#"
	aliasSK     = "ALIAS"
	claimSK     = "CLAIM"
	goneSK      = "GONE"
	tokenSK     = "TOKEN"
	callSK      = "CALL"
	cursorSK    = "CURSOR"
)

// sendBucket and sendSort place a send in the due index. The day is that of the
// due time; reconcile reads today's buckets and those of the days before, in which
// only what is overdue is left.
func sendBucket(due hub.Millis, u hub.UserKey) string {
	return fmt.Sprintf("S#%s#%d", Day(due), shardOf(string(u)))
}

func sendSort(due hub.Millis, t hub.TeamID, u hub.UserKey, k hub.MessageKey) string {
	return fmt.Sprintf("%013d#%s#%s#%s", due, t, u, k)
}

func openBucket(t hub.TeamID, u hub.UserKey) string {
	return fmt.Sprintf("O#%s#%d", t, shardOf(string(u)))
}

func openSort(since hub.Millis, u hub.UserKey) string { return fmt.Sprintf("%013d#%s", since, u) }

func listBucket(t hub.TeamID, created hub.Millis, h hub.HomeID) string {
	return fmt.Sprintf("L#%s#%s#%d", t, Day(created), shardOf(string(h)))
}

func listSort(created hub.Millis, h hub.HomeID) string { return fmt.Sprintf("%013d#%s", created, h) }

func workBucket(due hub.Millis, id string) string {
	return fmt.Sprintf("D#%s#%d", Day(due), shardOf(id))
}

// Day is the UTC day of a time, "20261122".
func Day(m hub.Millis) string { return m.Time().Format("20060102") }

// shardOf spreads ids that are hashes already.
func shardOf(id string) int {
	var h uint32 = 2166136261
	for i := 0; i < len(id); i++ {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return int(h % Shards)
}

// splitPK reads team and id out of a partition key of a kind: "T#<team>#<kind>#<id>".
func splitPK(pk, kind string) (hub.TeamID, string, bool) {
	parts := strings.Split(pk, "#")
	if len(parts) != 4 || parts[0] != "T" || parts[1] == "" || parts[2] != kind || parts[3] == "" {
		return "", "", false
	}
	return hub.TeamID(parts[1]), parts[3], true
}

// splitUserPK reads team and user out of a thread's partition key.
func splitUserPK(pk string) (hub.TeamID, hub.UserKey, bool) {
	team, user, ok := splitPK(pk, "U")
	return team, hub.UserKey(user), ok
}

// ttlAfter is the TTL attribute's value for an item that may go d after m.
func ttlAfter(m hub.Millis, d time.Duration) int64 { return m.Add(d).Time().Unix() }

// tagStateSK is the key of how a tag stands at a home.
func tagStateSK(id hub.TagID) string { return stateMark + string(id) }

// recordBucket and recordSort place the records of a tag in the due index, by time.
func recordBucket(t hub.TeamID, tag hub.TagID, shard int) string {
	return fmt.Sprintf("R#%s#%s#%d", t, tag, shard)
}

func recordSort(at hub.Millis, home hub.HomeID, id string) string {
	return fmt.Sprintf("%013d#%s#%s", at, home, hub.ShortID(id))
}

func tagDefSK(id hub.TagID) string                 { return tagMark + string(id) }
func sweepPK(team hub.TeamID, id hub.TagID) string { return teamPK(team) + "#TAG#" + string(id) }

func attributeSK(key string) string { return attributeMark + key }

func memberSK(m hub.MemberID) string { return memberMark + string(m) }
func subjectPK(subject hub.Personal) string {
	return "SUBJ#" + hub.Digest("subject", subject.Reveal())
}

func ratePK(t hub.TeamID) string { return "T#" + string(t) + "#RATE" }

func auditPK(t hub.TeamID, day string) string { return "T#" + string(t) + "#AUD#" + day }
func auditSK(a hub.Audit) string              { return fmt.Sprintf("%013d#%s", a.At, a.ID) }

// candidateSK is the key of what speaks for a join with another home. It lies at both
// homes; what the bus and the list of open ones tell lies at the smaller one's.
func candidateSK(other hub.HomeID, reason string) string {
	return candidateMark + string(other) + "#" + hub.ShortID(reason)
}

// candidateBucket and candidateSort place a candidate that nobody has decided in the
// due index.
func candidateBucket(t hub.TeamID, shard int) string { return fmt.Sprintf("K#%s#%d", t, shard) }

func candidateSort(c hub.Candidate) string {
	return fmt.Sprintf("%013d#%s#%s#%s", c.At, c.A, c.B, hub.ShortID(c.Reason))
}

// daysPK holds one item for each day on which homes came to be, so that a list skips
// the days that have none.
func daysPK(t hub.TeamID) string { return "T#" + string(t) + "#DAYS" }

func tagDueSort(due hub.Millis, what string) string {
	return fmt.Sprintf("%s%013d#%s", tagDue, due, what)
}

func erasurePK(t hub.TeamID) string { return "T#" + string(t) + "#ERA" }
func erasureSK(id string) string    { return erasureMark + id }

func erasureSort(due hub.Millis, t hub.TeamID, id string) string {
	return fmt.Sprintf("%013d#%s#%s", due, t, id)
}

// erasureBucket holds erasures whatever day they are due on: there are few, and none may
// be lost to an outage, however long.
func erasureBucket(shard int) string { return fmt.Sprintf("E#%d", shard) }

// arrivalSK is the key of an id's first arrival. It outlives an erasure, and the id of a
// message may hold a phone number: only its hash stands there.
func arrivalSK(id string) string { return "I#" + hub.Digest("arrival", id) }
