package hub

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// How large expressions may be, in steps of the machine that matches them: each takes
// memory in every process that answers, and time at every text.
const (
	MaxExpression  = 500    // one
	MaxExpressions = 10_000 // all of an account
)

// Causes of an expression that is refused for its size.
var (
	ErrExpressionLarge  = errors.New("it is too large: repeat less, or use smaller classes of characters")
	ErrExpressionsLarge = errors.New("all expressions of the account together are too large")
)

// runesPerStep is how many bounds of classes of characters weigh as much as a step.
const runesPerStep = 16

// Expressions compiles expressions in the syntax of RE2, as far as they have room. The
// zero value is ready.
type Expressions struct{ used int }

// Compile compiles one. Errors: those of regexp/syntax, ErrExpressionLarge, and
// ErrExpressionsLarge when there is no room left.
func (e *Expressions) Compile(text string) (*regexp.Regexp, error) {
	if e.used > MaxExpressions {
		return nil, ErrExpressionsLarge
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	size := 0
	for _, step := range program.Inst {
		size += 1 + len(step.Rune)/runesPerStep
	}
	if size > MaxExpression {
		return nil, ErrExpressionLarge
	}
	if e.used += size; e.used > MaxExpressions {
		return nil, ErrExpressionsLarge
	}
	return regexp.Compile(text)
}
