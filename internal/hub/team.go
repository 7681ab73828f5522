package hub

// Role is what a member of a team may do. One table, in internal/api, gives each role
// its operations.
type Role string

const (
	Admin          Role = "admin"           // 管理員
	Supervisor     Role = "supervisor"      // 主管
	Marketer       Role = "marketer"        // 行銷人員
	MarketingAgent Role = "marketing_agent" // 行銷客服
	Agent          Role = "agent"           // 客服人員
)

// Roles are all roles, the strongest first.
func Roles() []Role { return []Role{Admin, Supervisor, Marketer, MarketingAgent, Agent} }

// MemberState says whether a member may come in.
type MemberState string

const (
	MemberActive   MemberState = "active"
	MemberDisabled MemberState = "disabled"
)

// MemberID names a member within a team, derived from the identity provider's name of
// the person: 26 characters of base32.
type MemberID string

// Member is a person of the team, who comes in with a token of the identity provider.
type Member struct {
	ID      MemberID
	Subject Personal // the provider's name of the person ("sub")
	Name    Personal
	Email   Personal // may be empty
	Role    Role
	State   MemberState
	Created Millis
	Version int
}

// NewMemberID is the id of whom the identity provider calls subject.
func NewMemberID(team TeamID, subject string) MemberID {
	return MemberID(Digest("member", string(team), subject)[:26])
}

// ActorKind tells people from programs.
type ActorKind string

const (
	ActorMember  ActorKind = "member"
	ActorProgram ActorKind = "program" // an API key
	ActorHub     ActorKind = "hub"     // a part of the hub itself, or its operator
)

// Actor is who does something.
type Actor struct {
	Kind ActorKind
	ID   string // a member's id, a key's id, or the name of a part of the hub
}

// String is how an actor stands in facts: "member:…", "program:…", "hub:…".
func (a Actor) String() string { return string(a.Kind) + ":" + a.ID }

// Audit is the fact that somebody changed something. It is written in the same
// transaction as the change, once, and never changed or deleted.
type Audit struct {
	ID     string // 26 characters; the same call leaves the same one
	Actor  Actor
	Action string // what was done: "contact.patch", "member.disable"
	Target string // to what: "home/…", "member/…", "account/…"
	At     Millis
	Trace  string
	// Before and After are the fields that changed, by their names: settings as text,
	// personal values as hashes by the team's pepper, secrets as "set" or nothing.
	Before, After map[string]string
}
