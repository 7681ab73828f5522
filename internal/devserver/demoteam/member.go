package demoteam

// Member is a person of the demo team, as the local issuer names them.
type Member struct {
	Role    string
	Subject string // the claim sub of their tokens
	Name    string
	Email   string
}

// Members are the demo team's members, one of each role.
func Members() []Member {
	return []Member{
		{"admin", "demo-admin", "Ada Admin", "admin@demo.example"},
		{"supervisor", "demo-supervisor", "Sam Supervisor", "supervisor@demo.example"},
		{"marketer", "demo-marketer", "Mia Marketer", "marketer@demo.example"},
		{"marketing_agent", "demo-marketing_agent", "Max Marketing", "marketing_agent@demo.example"},
		{"agent", "demo-agent", "Ann Agent", "agent@demo.example"},
	}
}
