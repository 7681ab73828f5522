package viber

import (
	"bytes"
	"encoding/json"
	"errors"

	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// encode writes JSON as call does, so that its length is that of the request.
func encode(v any) ([]byte, error) {
	out, err := json.Marshal(v)
	if err != nil {
		return nil, errors.New("no JSON")
	}
	return out, nil
}

// nativeOf completes a message in Viber's own words. What it says itself of sender and
// tracking_data stays; who gets it, and who sends, is not its to say. Its buttons come
// back as texts.
func nativeOf(c hub.Content, e message, ref string) ([]byte, error) {
	if !scan.IsObject(bytes.TrimSpace(c.Native)) || !scan.Valid(c.Native) {
		return nil, errors.New("native: no message object")
	}
	has := map[string]bool{}
	s := scan.Of(c.Native)
	for name := range s.Members {
		s.Value()
		if has[string(name)] {
			return nil, errors.New("native: a member is there twice")
		}
		has[string(name)] = true
	}
	for _, name := range []string{"receiver", "auth_token", "broadcast_list", "from"} {
		if has[name] {
			return nil, errors.New("native: the recipient and the account are not its to say")
		}
	}
	if scan.Text(scan.Get(c.Native, "type")) == "" && !has["keyboard"] {
		return nil, errors.New("native: has neither a type nor a keyboard")
	}
	var add struct {
		Receiver string    `json:"receiver,omitempty"`
		Sender   *sender   `json:"sender,omitempty"`
		Tracking string    `json:"tracking_data,omitempty"`
		Keyboard *keyboard `json:"keyboard,omitempty"`
	}
	add.Receiver = e.Receiver
	if !has["sender"] {
		add.Sender = e.Sender
	}
	if !has["tracking_data"] {
		add.Tracking = trackingOf(ref, c.QuickReplies)
	}
	if len(c.QuickReplies) > 0 {
		if has["keyboard"] {
			return nil, errors.New("native: has a keyboard of its own")
		}
		var err error
		if add.Keyboard, err = keyboardOf(c.QuickReplies); err != nil {
			return nil, err
		}
	}
	head, err := encode(add)
	if err != nil {
		return nil, err
	}
	own, err := encode(c.Native)
	if err != nil || len(head) == len("{}") {
		return own, err
	}
	return append(append(head[:len(head)-1], ','), own[1:]...), nil
}
