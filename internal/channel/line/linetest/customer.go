package linetest

import (
	"encoding/json"
	"time"
)

// strangerLife is how long after his last message a customer who is no friend can
// still be reached. https://developers.line.biz/en/docs/messaging-api/sending-messages/
const strangerLife = 7 * 24 * time.Hour

// customer is a person or a group, as one account knows it.
type customer struct {
	Blocked  bool            // the person has blocked the account; the group has put it out
	Unmet    bool            // the person was never in a chat with the account alone, and seen in groups only
	Stranger bool            // the person has not added the account as a friend
	Agreed   bool            // the person has let the account's LIFF app know who it is
	Wrote    time.Time       // when the person last wrote to the account alone
	Members  map[string]bool // of a group: the persons whom the account has seen in it

	Buttons map[string]bool // what the postbacks bear that messages have shown in the chat
	Quick   map[string]bool // those of the quick replies below the last message
}

// isGroup reports whether the id is a group's.
func isGroup(id string) bool { return groupForm.MatchString(id) }

// reached reports whether what is pushed to the customer gets there.
func (c *customer) reached(id string, now time.Time) bool {
	switch {
	case c.Blocked:
		return false
	case isGroup(id):
		return true
	}
	return !c.Unmet && (!c.Stranger || now.Sub(c.Wrote) <= strangerLife)
}

// recipients is how many persons a push to the customer is counted for.
func (c *customer) recipients(id string) int {
	if isGroup(id) {
		return max(1, len(c.Members))
	}
	return 1
}

// show remembers what messages that have reached a chat let the customer tap. The
// quick replies of the last message take the place of all before.
func (c *customer) show(messages []json.RawMessage) {
	if c.Buttons == nil {
		c.Buttons = map[string]bool{}
	}
	for _, raw := range messages {
		var m map[string]any
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		c.Quick = map[string]bool{}
		postbacks(m["quickReply"], c.Quick)
		delete(m, "quickReply")
		postbacks(m, c.Buttons)
	}
}

// tap reports whether a message shows a button with this data, and taps it.
func (c *customer) tap(data string) bool {
	if c.Quick[data] {
		c.Quick = nil
		return true
	}
	return c.Buttons[data]
}

// postbacks collects what all postback actions within a value bear.
func postbacks(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if data, ok := v["data"].(string); ok && v["type"] == "postback" {
			into[data] = true
		}
		for _, member := range v {
			postbacks(member, into)
		}
	case []any:
		for _, element := range v {
			postbacks(element, into)
		}
	}
}

// customer finds or makes a customer; p.Mu is held.
func (p *platform) customer(a *account, id string) *customer {
	c := a.customers[id]
	if c == nil {
		c = &customer{Unmet: !isGroup(id)}
		a.customers[id] = c
		p.rememberCustomer(a, id)
	}
	return c
}
