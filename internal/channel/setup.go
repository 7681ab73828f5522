package channel

// Setup tells what an account of a channel is connected with, for the people who
// connect it. A credential's name says what it is at the platform.
type Setup struct {
	Connection []Field // what all accounts of a connection share: what webhooks are checked against
	Account    []Field // what each account has of its own: what its calls need
	External   string  // what the account's external id is, in words for people
	// Single tells that a connection has one account and no more: the credentials are
	// the account's.
	Single bool
	// Welcome tells that an account can have a text that the webhook's own answer
	// brings: the adapter is an Answerer.
	Welcome bool
}

// Field is one credential or choice.
type Field struct {
	Name     string // "app_secret"
	Help     string // where it is found at the platform
	Optional bool
	Plain    bool // no secret: it may be shown
}
