package hub

// Home is the record of one channel user, or of one person who came from an
// import. Facts belong to homes and never move.
type Home struct {
	ID       HomeID
	Account  AccountID // "" for an imported person
	Channel  Channel
	User     UserKey
	External Personal
	Kind     UserKind
	Epoch    int
	Created  Millis
	Root     HomeID   // of the component; the home itself while it is single
	Members  []HomeID // at the root: the homes of the component, at most MaxMembers
	Version  int
}

// MaxMembers is how many homes one contact may join.
const MaxMembers = 30

// Edge is a join of two homes with its evidence. A contact is what live edges
// connect.
type Edge struct {
	A, B     HomeID // A < B
	Evidence Evidence
	Detail   string // what was seen, without personal data: "phone and user id in one event"
	At       Millis
	By       string // who or what joined them
	Undone   Millis // 0 while the edge is live
}

// Evidence says why two homes are one person.
type Evidence string

const (
	EvidenceAlias    Evidence = "alias"     // two ids of one platform scope
	EvidenceOmniLink Evidence = "omnilink"  // the customer tapped a link
	EvidenceMemberID Evidence = "member_id" // the same member id was set
	EvidencePerson   Evidence = "person"    // a member of the team decided
)

// EdgeOf puts the pair in its one order.
func EdgeOf(a, b HomeID) (HomeID, HomeID) {
	if b < a {
		return b, a
	}
	return a, b
}

// Register is one field of a home's profile: the newest value by time counts, and an
// empty one clears it.
type Register struct {
	Field  string // "name", "username", "picture", "language", "phone", …
	Value  string
	At     Millis
	Source string // "platform", "event", a member's id …
}

// AccountLink is the end of linking a channel user to an account of the brand's own.
type AccountLink struct {
	OK    bool
	Nonce string // the brand's own, for one use
}
