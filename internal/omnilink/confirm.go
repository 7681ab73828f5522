package omnilink

import (
	"context"
	"strings"

	"omnihub/internal/failpoint"
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

// pend notes who waits for the source's word, and asks for it.
func (l *Linker) pend(ctx context.Context, team *settings.Team, c, next store.LinkCode, home hub.HomeID, fresh bool) (Outcome, error) {
	next.State, next.Home, next.Until, next.New = store.LinkPending, home, next.Done.Add(ConfirmLife), fresh
	if err := l.Store.SpendCode(ctx, team.ID, store.Spend{Seen: c, Next: next}); err != nil {
		return Outcome{}, err
	}
	failpoint.AfterWrite.Hit()
	return Outcome{State: Pending, Activity: c.Activity}, l.ask(ctx, team, next)
}

// ask asks the source, once. Nothing that it says is of the target.
func (l *Linker) ask(ctx context.Context, team *settings.Team, c store.LinkCode) error {
	home, registers, err := l.Store.Profile(ctx, team.ID, c.Source, []string{"language"})
	if hub.CodeOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	content := question(wordsIn(registers["language"].Value, team.Language), c.Hash)
	return l.say(ctx, team.ID, c, home, "question", hub.Say{}, &content)
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
		return l.again(ctx, attempt{team: team, home: c.Home}, c)
	case c.State != store.LinkPending || c.Until <= a.At:
		return Outcome{State: Refused, Activity: c.Activity}, nil
	case yes:
		return l.join(ctx, team, c, joining{home: c.Home, by: c.By, at: a.At, confirmed: true})
	}
	next := c
	next.State, next.Done = store.LinkDeclined, a.At
	return Outcome{State: Refused, Activity: c.Activity}, l.Store.SpendCode(ctx, team.ID, store.Spend{Seen: c, Next: next})
}
