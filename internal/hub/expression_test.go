package hub

import (
	"errors"
	"strings"
	"testing"
)

func TestExpressionsAreBoundedByWhatTheyTake(t *testing.T) {
	for text, want := range map[string]error{
		`order\s*#?(\d{4,12})`: nil, `(?i)^(hi|hello|哈囉|你好)[!！。\s]*$`: nil, `\p{Han}{2,20}`: nil, strings.Repeat("a", 200): nil,
		`\pL{1000}`: ErrExpressionLarge, `(?i)(?:[^a]?){1000}`: ErrExpressionLarge, `(\pL?){999}`: ErrExpressionLarge,
		strings.Repeat(`\pL`, 60): ErrExpressionLarge,
	} {
		var e Expressions
		if got, err := e.Compile(text); !errors.Is(err, want) || (got != nil) != (want == nil) {
			t.Errorf("%.30s: got %v, %v, want %v", text, got, err, want)
		}
	}
	var e Expressions
	if _, err := e.Compile("("); err == nil || errors.Is(err, ErrExpressionLarge) {
		t.Errorf("got %v, want what is wrong with it", err)
	}
	many := 0
	for ; many < 1000; many++ {
		if _, err := e.Compile(strings.Repeat("ab?", 60)); err != nil {
			if !errors.Is(err, ErrExpressionsLarge) {
				t.Fatal(err)
			}
			break
		}
	}
	if many < 20 || many > 100 {
		t.Errorf("got %d large ones of one account, want some, and an end", many)
	}
}

func TestStoredExpressionsThatAreTooLargeMatchNothing(t *testing.T) {
	rules := NewRules(1, []Rule{{Trigger: OnKeyword, Match: MatchRegexp, Words: []string{`\pL{1000}`, "hel+o"}}})
	if n := len(rules.ready[0].exprs); n != 1 {
		t.Errorf("got %d expressions ready, want the one of a size that may be", n)
	}
}
