package whatsapptest

import (
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// sent is an accepted send.
type sent struct {
	ID       string
	Person   string // the customer's key; "" = nobody
	To       string // digits, or a BSUID
	Input    string // To as it was written
	ByUser   bool   // To is a BSUID
	Ref      string // biz_opaque_callback_data
	At       time.Time
	Category string   // of the price
	Free     bool     // as an answer within the window
	Failing  int      // the code that it fails with; 0 = it does not
	Dropped  bool     // the customer does not get it
	Quotable bool     // the customer can answer it
	Shown    []shown  `json:",omitempty"`
	Form     *form    `json:",omitempty"`
	Owed     []string // the states that are to be told, in order

	told map[string]bool
}

func (s *sent) pairKey() string {
	if s.Person != "" {
		return s.Person
	}
	return s.To
}

// owed are the states that a send will have, by the fault plan. A customer who has
// blocked the number never gets it, and nobody is told why.
func (p *platform) owed(n *number, s *sent, f faults, name string) []string {
	if n.route("messages") == "" {
		return nil
	}
	states := []string{"sent", "delivered"}
	switch {
	case s.Failing != 0:
		states = []string{"failed"}
	case s.Dropped:
		states = []string{"sent"}
	case p.Hit(float64(f.StatusRead), "read", name):
		states = append(states, "read")
	}
	return p.Owed(f.StatusPlan, name, states...)
}

// status makes the webhook's part about a state of a send; p.Mu is held.
func (p *platform) status(n *number, s *sent, state string, code int, details string, at time.Time) change {
	out := status{ID: s.ID, Status: state, Timestamp: seconds(at), Ref: s.Ref}
	who := p.people[s.Person]
	v := value{}
	switch {
	case who == nil && s.ByUser:
		out.RecipientUserID = s.To
	case who == nil:
		out.RecipientID = s.To
	default:
		c := contact{Profile: profile{Name: who.Profile}}
		if state != "sent" {
			c.Profile.Username = who.Username
		}
		if !s.ByUser {
			c.WaID = s.To
		} else if who.Show != showUser {
			c.WaID = who.Phone
		}
		if who.Show != showPhone || s.ByUser {
			c.UserID = p.userID(n.waba, who)
		}
		out.RecipientID, out.RecipientUserID = c.WaID, c.UserID
		v.Contacts = []contact{c}
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	switch {
	case state == "failed":
		v.Contacts = nil
		f := failed(code, details)
		f.Href = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
		out.Errors = []failure{f}
	case state == "sent", state == "delivered", state == "read" && !s.told["delivered"]:
		out.Pricing = &pricing{Billable: !s.Free, Model: "PMP", Type: "regular", Category: s.Category}
		if s.Free {
			out.Pricing.Type = "free_customer_service"
		}
	}
	s.told[state] = true
	v.Statuses = []status{out}
	return n.messages(v)
}

// news plans when the states of a send are told.
func (p *platform) news(n *number, s *sent, f faults, name string) *fake.Telling {
	return p.Telling(fake.News{
		Owed: s.Owed,
		Webhook: func(state string) fake.Webhook {
			c := p.status(n, s, state, s.Failing, "", p.Now())
			return n.signed(c.Field, metatest.Encode(webhook{objectName, []entry{{ID: n.waba, Changes: []change{c}}}}))
		},
		Told: func(state string) { p.Journal.Record("told", toldEntry{n.ID, s.ID, state}) },
	}, f.StatusPlan, name)
}
