package problem

import (
	"errors"
	"time"

	"omnihub/internal/hub"
)

// shortly is when to ask again if nobody says: the time in which a busy table or a
// quick hand elsewhere lets go.
const shortly = time.Second

// Of is the problem that any error of a use case comes to. The words of an error are
// shown where they are meant for people: what the caller gave does not fit, or what
// stands forbids it. What is not found has the same words whatever it is, so that
// nobody learns what others have. All other words stay in the log.
func Of(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	code := hub.CodeOf(err)
	p = New(code)
	p.Cause = err
	var e *hub.Error
	switch code {
	case hub.BadRequest, hub.Conflict, hub.Refused, hub.Unsupported, hub.TokenExpired, hub.AccountBroken, hub.Permanent,
		hub.TemplateInvalid, hub.QuotaExhausted, hub.Erased, hub.TooLarge:
		if errors.As(err, &e) && e.Err != nil {
			p.Detail = sentence(e.Err.Error())
		}
	case hub.Transient, hub.RateLimited, hub.Unclear:
		if p.RetryAfter = hub.RetryAfterOf(err); p.RetryAfter == 0 {
			p.RetryAfter = shortly
		}
	}
	return p
}

// maxWords bounds the words of an error, in runes.
const maxWords = 500

// sentence makes one of an error's words.
func sentence(words string) string {
	r := []rune(words)
	if len(r) == 0 {
		return words
	}
	if len(r) > maxWords {
		r = r[:maxWords]
	}
	if r[0] >= 'a' && r[0] <= 'z' {
		r[0] += 'A' - 'a'
	}
	if last := r[len(r)-1]; last != '.' && last != '!' && last != '?' {
		r = append(r, '.')
	}
	return string(r)
}
