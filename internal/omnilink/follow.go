package omnilink

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Told is what the bus tells of a tap that came to something: the body of a message of the
// queue of what follows, which is the event as it is.
type Told struct {
	Kind     string // OmniLinked, OmniAsked or OmniFailed
	Team     hub.TeamID
	At       hub.Millis // when it came to this
	Link     string     // the hash of the tap's code
	Activity hub.ActivityID
	Source   hub.HomeID
	Target   hub.HomeID // of a link; "" = it was erased since
	Trace    string
}

// ReadTold reads a message of the queue. Unparsable if it is none.
func ReadTold(body string) (Told, error) {
	var e struct {
		Kind   string `json:"detail-type"`
		Detail struct {
			Team     hub.TeamID     `json:"team"`
			At       hub.Millis     `json:"at"`
			Link     string         `json:"link"`
			Activity hub.ActivityID `json:"activity"`
			Home     hub.HomeID     `json:"home"`
			Target   hub.HomeID     `json:"target_home"`
			Trace    string         `json:"trace"`
		} `json:"detail"`
	}
	err := json.Unmarshal([]byte(body), &e)
	d := e.Detail
	t := Told{Kind: e.Kind, Team: d.Team, At: d.At, Link: d.Link, Activity: d.Activity, Source: d.Home, Target: d.Target, Trace: d.Trace}
	known := t.Kind == hub.OmniLinked || t.Kind == hub.OmniAsked || t.Kind == hub.OmniFailed
	if err != nil || !known || !t.Team.Valid() || t.At == 0 || t.Link == "" || t.Activity == "" || t.Source == "" {
		return t, hub.E(hub.Unparsable, "omnilink: read what was told", errors.New("not an event of a tap"))
	}
	return t, nil
}

// Follower does what follows from a tap that came to something, for whoever learns of it
// by the bus. It is safe for concurrent use.
type Follower struct {
	Store    *store.Store
	Settings *settings.Reader
	// Say has a message sent, of class transactional: the same ID and At are one message,
	// however often it is called. Tag gives tags, by the same rule. An error whose code is
	// not Retryable ends it for good.
	Say func(context.Context, Message) error
	Tag func(context.Context, Tagging) error
	Log *slog.Logger
}

// Message is what is to be said to a channel user.
type Message struct {
	Team    hub.TeamID
	Account hub.AccountID
	Home    hub.HomeID
	To      hub.Personal // the platform's id
	ID      string       // 26 characters of base32: makes it one message
	At      hub.Millis   // when it was accepted, the same each time
	Say     hub.Say      // a text or a module
	Content *hub.Content // else this
}

// Tagging is tags that are to be given to a home.
type Tagging struct {
	Team   hub.TeamID
	Home   hub.HomeID
	Names  []string
	ID     string     // of the call, the same each time
	At     hub.Millis // the same each time
	Source string     // for people
	By     string
}

// Follow does all that follows, each once however often it is called: both sides of a
// link are told and tagged, the source of a question is asked, the source of a failure is
// told. What fails for good is logged, and holds up nothing: a link stays a link. Errors:
// Transient, and what Say and Tag answer that is to be tried again.
func (f *Follower) Follow(ctx context.Context, t Told) error {
	ctx = hub.WithTrace(ctx, t.Trace)
	failpoint.BeforeWrite.Hit()
	if t.Kind == hub.OmniAsked {
		return f.ask(ctx, t)
	}
	act, err := f.Settings.Activity(ctx, t.Team, t.Activity)
	if hub.CodeOf(err) == hub.NotFound {
		return nil // it was deleted: nobody knows what was to be said
	}
	if err != nil {
		return err
	}
	if t.Kind == hub.OmniFailed {
		return f.told(ctx, t, act.Failure)
	}
	homes, err := f.Store.Homes(ctx, t.Team, []hub.HomeID{t.Source, t.Target})
	if err != nil {
		return err
	}
	sides := map[hub.HomeID]hub.Home{} // one that was erased since is missing
	for _, h := range homes {
		sides[h.ID] = h
	}
	from, to := sides[t.Source], sides[t.Target]
	return errors.Join(
		f.say(ctx, t, from, "source", act.Success.Source, nil),
		f.say(ctx, t, to, "target", act.Success.Target, nil),
		f.tag(ctx, t, from, "source", act.Tags.Source),
		f.tag(ctx, t, to, "target", act.Tags.Target),
	)
}

// ask asks the source, once. Nothing that it says is of the target.
func (f *Follower) ask(ctx context.Context, t Told) error {
	team, err := f.Settings.Team(ctx, t.Team)
	if err != nil {
		return err
	}
	home, registers, err := f.Store.Profile(ctx, t.Team, t.Source, []string{"language"})
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	content := question(wordsIn(registers["language"].Value, team.Language), t.Link)
	return f.say(ctx, t, home, "question", hub.Say{}, &content)
}

// told tells the source of a failure.
func (f *Follower) told(ctx context.Context, t Told, say hub.Say) error {
	if say == (hub.Say{}) {
		return nil
	}
	home, err := f.Store.Home(ctx, t.Team, t.Source)
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return f.say(ctx, t, home, "failure", say, nil)
}

// say has something said to a side, once.
func (f *Follower) say(ctx context.Context, t Told, home hub.Home, what string, say hub.Say, content *hub.Content) error {
	if home.ID == "" || home.Account == "" || say == (hub.Say{}) && content == nil {
		return nil
	}
	return f.passed(ctx, what+" message", f.Say(ctx, Message{
		Team: t.Team, Account: home.Account, Home: home.ID, To: home.External, ID: callID(t, what), At: t.At, Say: say, Content: content,
	}))
}

func (f *Follower) tag(ctx context.Context, t Told, home hub.Home, what string, names []string) error {
	if home.ID == "" || len(names) == 0 {
		return nil
	}
	return f.passed(ctx, what+" tags", f.Tag(ctx, Tagging{
		Team: t.Team, Home: home.ID, Names: names, ID: callID(t, "tags of "+what), At: t.At, Source: source, By: by,
	}))
}

// callID makes one of something that follows from a code.
func callID(t Told, what string) string {
	return hub.Digest("omnilink call", t.Link, what)[:26]
}

// passed is an error if what failed may succeed another time; else it is logged.
func (f *Follower) passed(ctx context.Context, what string, err error) error {
	failpoint.AfterWrite.Hit()
	if code := hub.CodeOf(err); err != nil && !code.Retryable() {
		f.Log.Warn("omnilink goes on without", "trace", hub.TraceOf(ctx), "detail", what, "code", code, "error", err)
		return nil
	}
	return err
}
