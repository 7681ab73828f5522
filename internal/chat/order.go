package chat

import (
	"encoding/json"
	"fmt"

	"omnihub/internal/hub"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// order is a send on its way to outbound: all that the send needs but what its thread
// holds, which outbound reads when it is about to send. It travels as JSON.
type order struct {
	Version    int            `json:"v"` // 1
	Team       hub.TeamID     `json:"team"`
	User       hub.UserKey    `json:"u"`
	Key        hub.MessageKey `json:"k"`
	Thread     hub.UserKey    `json:"thread,omitempty"`
	Channel    hub.Channel    `json:"chan,omitempty"`
	Class      hub.Class      `json:"class"`
	Content    hub.Content    `json:"content"`
	Fence      int            `json:"fence,omitempty"`
	Over       bool           `json:"over,omitempty"`
	Accepted   hub.Millis     `json:"acc"`
	Deadline   hub.Millis     `json:"dl"`
	ReplyToken string         `json:"reply,omitempty"`
	ReplySince hub.Millis     `json:"since,omitempty"`
	Attempt    int            `json:"attempt,omitempty"`
	Trace      string         `json:"trace"`
}

const orderVersion = 1

// orderMessage is the queue message of a send: grouped by thread, and the same for
// the same send and attempt.
func orderMessage(q store.Queued) (queue.Message, error) {
	i := q.Intent
	body, err := json.Marshal(order{
		Version: orderVersion, Team: q.Ref.Team, User: q.Ref.User, Key: i.Key, Thread: i.Thread, Channel: i.Channel, Class: i.Class,
		Content: i.Content, Fence: i.Fence, Over: i.Over, Accepted: i.Accepted, Deadline: i.Deadline, ReplyToken: i.Reply.Token.Reveal(),
		ReplySince: i.Reply.Since, Attempt: q.Attempt, Trace: i.Trace,
	})
	if err != nil {
		return queue.Message{}, hub.E(hub.Internal, "chat: encode order", err)
	}
	return queue.Message{
		Body: string(body), Group: string(q.Line()),
		Dedup: hub.Digest("order", string(q.Ref.Team), string(q.Ref.User), string(i.Key), fmt.Sprint(q.Attempt)),
	}, nil
}

// ReadOrder reads a message of the outbound queue. Unparsable if it is none.
func ReadOrder(body string) (store.Queued, error) {
	var o order
	if err := json.Unmarshal([]byte(body), &o); err != nil || o.Version != orderVersion || !o.Team.Valid() || o.User == "" || o.Key == "" {
		return store.Queued{}, hub.E(hub.Unparsable, "chat: read order", fmt.Errorf("not an order"))
	}
	return store.Queued{
		Ref:     store.Ref{Team: o.Team, User: o.User},
		Attempt: o.Attempt,
		Intent: hub.Intent{
			Key: o.Key, Thread: o.Thread, Channel: o.Channel, Class: o.Class, Content: o.Content, Fence: o.Fence, Over: o.Over, Accepted: o.Accepted, Deadline: o.Deadline,
			Reply: hub.Reply{Token: hub.Secret(o.ReplyToken), Since: o.ReplySince}, Trace: o.Trace,
		},
	}, nil
}
