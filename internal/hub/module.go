package hub

import "regexp"

// ModuleID names a bot module within a team: 16 characters of base32.
type ModuleID string

var moduleForm = regexp.MustCompile(`^[a-z2-7]{16}$`)

// Valid reports whether the id has the form of a module's.
func (m ModuleID) Valid() bool { return moduleForm.MatchString(string(m)) }

// What a module may be like, on whatever channel.
const (
	MaxModuleName  = 100 // characters
	MaxCards       = 5
	MaxButtonTags  = 5
	ModuleVersions = 50 // that are kept beside each other
)

// Module is what the bot shows at once: up to five cards, all of one kind of channel.
type Module struct {
	ID      ModuleID
	Name    string // back-office, one line of up to 100 characters
	Channel Channel
	Cards   []ModuleCard
	Version int // raised by each change, from 1
	Created Millis
	Changed Millis
	By      string // who changed it last: an Actor as text
}

// CardType is the form of a module's card.
type CardType string

const (
	CardText     CardType = "text"     // Text, Buttons
	CardImage    CardType = "image"    // Media, Text beside it where the channel has that
	CardVideo    CardType = "video"    // as an image
	CardAudio    CardType = "audio"    // as an image
	CardFile     CardType = "file"     // as an image
	CardCarousel CardType = "carousel" // Columns, Text in their place in lists
	CardOmniLink CardType = "omnilink" // Activity: all that is shown is the activity's
)

// ModuleCard is one card; which members are used follows from its Type. Quick replies
// stand at the last card only.
type ModuleCard struct {
	Type         CardType       `json:"type"`
	Text         string         `json:"text,omitempty"`
	Media        *Media         `json:"media,omitempty"`
	Columns      []ModuleColumn `json:"columns,omitempty"`
	Buttons      []ModuleButton `json:"buttons,omitempty"`
	QuickReplies []ModuleButton `json:"quick_replies,omitempty"`
	Activity     ActivityID     `json:"activity,omitempty"`
}

// ModuleColumn is one column of a carousel.
type ModuleColumn struct {
	Image   string         `json:"image,omitempty"` // https
	Title   string         `json:"title,omitempty"`
	Text    string         `json:"text"`
	Buttons []ModuleButton `json:"buttons,omitempty"`
}

// ButtonAction is what a tap on a module's button does.
type ButtonAction string

const (
	DoModule   ButtonAction = "module"   // answers with Module
	DoURL      ButtonAction = "url"      // opens URL; the tap never reaches the hub
	DoSystem   ButtonAction = "system"   // does what System says
	DoHandOver ButtonAction = "handover" // gives the floor to the team, after what Module says, if one is named
	DoNone     ButtonAction = "none"     // nothing, beside its tags
)

// ModuleButton is a button of a module.
type ModuleButton struct {
	// ID is made when the module is saved: 6 characters of base32, the same in all
	// versions in which the button is.
	ID     string       `json:"id"`
	Title  string       `json:"title"`
	Action ButtonAction `json:"action"`
	Module ModuleID     `json:"module,omitempty"`
	URL    string       `json:"url,omitempty"`
	System System       `json:"system,omitempty"`
	Tags   []string     `json:"tags,omitempty"` // names; put on who taps it
}

// System names a system module: an answer that the hub has by itself.
type System string

const (
	SystemHuman       System = "human"       // gives the floor to the team
	SystemUnsubscribe System = "unsubscribe" // takes the customer out of automatic and marketing messages
	SystemSubscribe   System = "subscribe"   // lets them come again
)

// Systems are all system modules.
func Systems() []System { return []System{SystemHuman, SystemUnsubscribe, SystemSubscribe} }

// Buttons calls do with each button of a module, and the path by which it is found:
// "cards[1].columns[0].buttons[2]". What do changes of it is kept.
func (m *Module) Buttons(do func(path string, b *ModuleButton)) {
	for i := range m.Cards {
		c := &m.Cards[i]
		at := Path("cards", i)
		for _, row := range []struct {
			name string
			list []ModuleButton
		}{{at + ".buttons", c.Buttons}, {at + ".quick_replies", c.QuickReplies}} {
			for j := range row.list {
				do(Path(row.name, j), &row.list[j])
			}
		}
		for n := range c.Columns {
			for j := range c.Columns[n].Buttons {
				do(Path(Path(at+".columns", n)+".buttons", j), &c.Columns[n].Buttons[j])
			}
		}
	}
}

// Button finds a button by its id.
func (m *Module) Button(id string) (found *ModuleButton) {
	m.Buttons(func(_ string, b *ModuleButton) {
		if b.ID == id && found == nil {
			found = b
		}
	})
	return found
}

// Names are the modules that a module's buttons lead to, each once.
func (m *Module) Names() []ModuleID {
	var list []ModuleID
	m.Buttons(func(_ string, b *ModuleButton) { list = add(list, b.Module) })
	return list
}
