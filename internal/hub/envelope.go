package hub

// Envelope is one platform event on its way from the edge to the tables: the
// event's own bytes and what the edge knows of it. It travels as JSON on
// Inbound.fifo; Head and Raw as base64, since a queue refuses some code points.
type Envelope struct {
	Version    int          `json:"v"` // 1
	Team       TeamID       `json:"team"`
	Connection ConnectionID `json:"conn"`
	Account    AccountID    `json:"acct,omitempty"`
	Channel    Channel      `json:"chan"`
	User       UserKey      `json:"u,omitempty"`
	Event      string       `json:"ev,omitempty"`   // the platform's stable id of the event
	Head       []byte       `json:"head,omitempty"` // what the entry around the event says, as JSON
	Raw        []byte       `json:"raw"`            // the event exactly as received
	Hash       string       `json:"hash"`           // of the payload without redelivery marks
	Received   Millis       `json:"at"`             // arrival at the edge
	Trace      string       `json:"trace"`
	Chunk      *Chunk       `json:"chunk,omitempty"`
	// Answered is what the edge answered the event with in the webhook's own answer.
	Answered *Content `json:"answered,omitempty"`
}

// Chunk marks an envelope that carries a piece of a body to be quarantined: one
// that could not be read, or an event too large for a queue.
type Chunk struct {
	ID     string `json:"id"`     // of the whole: the same for all its chunks
	Index  int    `json:"i"`      // from 0
	Total  int    `json:"n"`      // how many there are
	Size   int    `json:"size"`   // bytes of the whole
	Reason Code   `json:"code"`   // why it is quarantined
	Detail string `json:"detail"` // what was wrong, without content

	// Of an event for an account that is not connected: the platform's names of the
	// account and the user, for a replay when it is.
	External string `json:"ext,omitempty"`
	Person   []byte `json:"person,omitempty"` // as bytes, like all that the platform tells of a person
}

// EnvelopeVersion is the version that this code writes and reads.
const EnvelopeVersion = 1
