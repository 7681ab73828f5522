package omnilink

import (
	"context"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

const (
	answerMark = "ol1."
	hashLength = 32
)

// answerData is what the buttons of the question bear.
func answerData(id string, yes bool) string {
	if yes {
		return answerMark + id + ".y"
	}
	return answerMark + id + ".n"
}

// IsAnswer reports whether what a tapped button bears is an answer to OmniLink's question.
func IsAnswer(data string) bool {
	_, _, ok := readAnswer(data)
	return ok
}

func readAnswer(data string) (id string, yes, ok bool) {
	rest, ok := strings.CutPrefix(data, answerMark)
	id, said, cut := strings.Cut(rest, ".")
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return "", false, false
		}
	}
	return id, said == "y", ok && cut && len(id) == hashLength && (said == "y" || said == "n")
}

// Answer is a tap on a button of the question.
type Answer struct {
	Team hub.TeamID
	Home hub.HomeID // whose tap it is
	At   hub.Millis // when the webhook came, by our clock: the same at each delivery
	Data string     // what the button bears
}

// Confirm carries out what the source says to the question: yes completes the link, and no
// ends it without a trace at the other side. Only the word of who tapped the link counts,
// in its time, and the first one. It may be called again, as CompleteText; errors are the
// same.
func (l *Linker) Confirm(ctx context.Context, a Answer) (out Outcome, err error) {
	id, yes, ok := readAnswer(a.Data)
	if !ok {
		return Outcome{State: Refused}, nil
	}
	team, err := l.Settings.Team(ctx, a.Team)
	if err != nil {
		return Outcome{}, err
	}
	err = settings.Settle(func() error {
		out, err = l.confirm(ctx, team, a, id, yes)
		return err
	})
	return out, err
}

func (l *Linker) confirm(ctx context.Context, team *settings.Team, a Answer, id string, yes bool) (Outcome, error) {
	c, err := l.Store.LinkCode(ctx, team.ID, id)
	switch {
	case hub.CodeOf(err) == hub.NotFound:
		return Outcome{State: Refused}, nil
	case err != nil:
		return Outcome{}, err
	case c.Source != a.Home || c.Home == "":
		return Outcome{State: Refused}, nil
	case c.State != store.LinkPending && yes:
		return again(c), nil
	case c.State != store.LinkPending || c.Until <= a.At:
		return Outcome{State: Refused, Activity: c.Activity}, nil
	case yes:
		return l.join(ctx, team, c, joining{home: c.Home, by: c.By, at: a.At, confirmed: true})
	}
	part, err := l.Store.Participation(ctx, team.ID, c.Source, c.Activity)
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		return Outcome{}, err
	}
	next := declined(c)
	next.Done = a.At
	return l.spent(ctx, team.ID, store.Spend{Seen: c, Next: next, Part: part})
}
