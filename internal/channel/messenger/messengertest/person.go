package messengertest

import (
	"errors"
	"regexp"
	"strings"

	"omnihub/internal/channel/fake"
)

// person is a customer as one Page knows him: ids are scoped by Page.
type person struct {
	Label  string // what the tester calls the customer
	ID     string // the page-scoped id (PSID)
	Ref    string // the user_ref of a guest, who has no PSID yet
	First  string
	Last   string
	Hidden bool // Meta shows the Page no profile
}

// psidForm is that of page-scoped ids: a tester who uses one names the customer by it.
var psidForm = regexp.MustCompile(`^[1-9][0-9]{9,19}$`)

// guestMark stands before the name of a customer who is a guest.
const guestMark = "guest:"

// person finds or makes the customer whom the tester names; p.Mu is held.
func (p *platform) person(g *page, name string) (*person, error) {
	if name == "" {
		return nil, errors.New("messengertest: act: who is it from?")
	}
	if who := g.people[name]; who != nil {
		return who, nil
	}
	if who := g.byID[name]; who != nil {
		return who, nil
	}
	who := &person{Label: name, First: name}
	switch ref, guest := strings.CutPrefix(name, guestMark); {
	case guest && ref != "":
		who.Ref, who.First = ref, ""
	case guest:
		return nil, errors.New("messengertest: act: a guest needs a name")
	case psidForm.MatchString(name):
		who.ID, who.First = name, "Ann"
	default:
		who.ID = "6" + fake.Digits(15, "psid", g.ExternalID, name)
	}
	p.keep(g, who)
	return who, nil
}

// keep files a customer.
func (p *platform) keep(g *page, who *person) {
	g.file(who)
	p.Journal.Record("person", personEntry{g.ID, who})
}

func (g *page) file(who *person) {
	g.people[who.Label] = who
	g.byID[who.name()] = who
}

// name is the id by which webhooks name the customer.
func (w *person) name() string {
	if w.Ref != "" {
		return w.Ref
	}
	return w.ID
}

// label is what the ledger shows beside the id.
func (w *person) label() string {
	if w.Label == w.name() {
		return ""
	}
	return w.Label
}
