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
	// MemberID is, at the root, the member id of the component, and Holder the home whose
	// register says it; both empty if there is none.
	MemberID Personal
	Holder   HomeID
	Erasing  string // at the root: the id of the erasure that is under way; "" = none is
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
	UndoneBy string
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

// Candidate is what speaks for a join of two homes, for a member of the team to
// decide. Evidence once seen stays; whether it is open is told by the decision, and by
// whether the two are one contact.
type Candidate struct {
	A, B      HomeID // A < B
	Reason    string // without personal data
	At        Millis
	Decision  Decision // "" = nobody has decided
	Decided   Millis
	DecidedBy string
}

// Decision is what became of a candidate.
type Decision string

const (
	Dismissed Decision = "dismissed" // it proves nothing, for now
	NeverOne  Decision = "never"     // the two are never to be joined
	Joined    Decision = "joined"    // they are one contact: never stored, it follows from the edges
)

// Reasons for which two homes are candidates.
const (
	ReasonEmail        = "same_email"
	ReasonPhone        = "same_phone"
	ReasonPhoneVariant = "phone_variant"  // two ways to write one number of a country
	ReasonOtherID      = "phone_other_id" // a number came with another user id
)

// Obstacle is the cause of an Error of code Refused that a person can do something
// about: what stands in the way of a change of contacts, and where.
type Obstacle struct {
	Code  ObstacleCode
	Homes []HomeID // which stand in the way, one for each contact
	Edges []Edge   // which stand in the way
}

// ObstacleCode is the closed list of obstacles.
type ObstacleCode string

const (
	MemberIDTaken    ObstacleCode = "member_id_taken"    // another contact has it
	MemberIDConflict ObstacleCode = "member_id_conflict" // the contact has another one, at another home
	Ambiguous        ObstacleCode = "ambiguous"          // several contacts are meant
	StillLinked      ObstacleCode = "still_linked"       // other edges connect the two
	NeverJoin        ObstacleCode = "never_join"         // somebody has said that they are never one
	AlreadyOne       ObstacleCode = "already_one"        // they are one contact
	WasErased        ObstacleCode = "erased"             // the person was erased: an import brings nothing back
)

func (o *Obstacle) Error() string { return string(o.Code) }

// Refuse makes the Error of an obstacle.
func Refuse(op string, o Obstacle) *Error { return E(Refused, op, &o) }

// Fields of a profile with rules of their own. FieldPhone, FieldEmail and FieldCRM are
// found by their values.
const (
	FieldMemberID = "member_id"
	FieldEmail    = "email"
	FieldPhone    = "phone"
	FieldCRM      = "crm_id"
)

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
