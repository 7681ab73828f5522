package expr

import (
	_ "embed"
	"strings"

	"omnihub/internal/localaws/wire"
)

//go:embed reserved.txt
var reservedText string

// reserved holds the words that no expression may use as an attribute name:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
var reserved = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(reservedText) {
		words[w] = true
	}
	return words
}()

// maxText is the longest expression, in bytes.
const maxText = 4096

// token is one word, placeholder, number or sign of an expression.
type token struct {
	kind byte // 'w' word, '#' name placeholder, ':' value placeholder, '0' number, 's' sign, 0 end
	text string
	at   int
}

// parser reads one expression by descent.
type parser struct {
	label  string // "ConditionExpression", for the errors
	text   string
	tokens []token
	pos    int
	refs   []string // the placeholders met, in order
}

func newParser(label, text string) (*parser, error) {
	p := &parser{label: label, text: text}
	if strings.TrimSpace(text) == "" {
		return nil, p.failf("The expression can not be empty;")
	}
	if len(text) > maxText {
		return nil, p.failf("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	return p, p.scan()
}

func (p *parser) failf(format string, args ...any) error {
	return wire.Validation("Invalid "+p.label+": "+format, args...)
}

// unexpected is the error of a token that cannot stand where it does.
func (p *parser) unexpected() error {
	t := p.peek()
	if t.kind == 0 {
		return p.failf(`Syntax error; token: "<EOF>", near: "%s"`, p.near(len(p.tokens)-2, len(p.tokens)-1))
	}
	return p.failf(`Syntax error; token: "%s", near: "%s"`, t.text, p.near(p.pos-1, p.pos+1))
}

// near is the text from one token to another.
func (p *parser) near(from, to int) string {
	last := len(p.tokens) - 2 // the one before the end
	from, to = max(from, 0), min(to, last)
	if to < from {
		return ""
	}
	return p.text[p.tokens[from].at : p.tokens[to].at+len(p.tokens[to].text)]
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isPart(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }

func (p *parser) scan() error {
	for i := 0; i < len(p.text); {
		c, start := p.text[i], i
		t := token{at: i}
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
			continue
		case isLetter(c) || c == '#' || c == ':':
			for i++; i < len(p.text) && isPart(p.text[i]); i++ {
			}
			t.kind = 'w'
			if c == '#' || c == ':' {
				t.kind = c
			}
		case isDigit(c):
			for i++; i < len(p.text) && isDigit(p.text[i]); i++ {
			}
			t.kind = '0'
		default:
			i++
			if i < len(p.text) && (c == '<' && (p.text[i] == '=' || p.text[i] == '>') || c == '>' && p.text[i] == '=') {
				i++
			}
			t.kind = 's'
		}
		t.text = p.text[start:i]
		p.tokens = append(p.tokens, t)
		if t.kind == 's' && !strings.Contains("= <> <= >= ( ) [ ] . , + -", t.text) ||
			(t.kind == '#' || t.kind == ':') && len(t.text) == 1 {
			p.pos = len(p.tokens) - 1
			p.tokens = append(p.tokens, token{at: len(p.text)})
			return p.unexpected()
		}
	}
	p.tokens = append(p.tokens, token{at: len(p.text)})
	return nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

// sign takes the next token if it is this sign.
func (p *parser) sign(text string) bool {
	if t := p.peek(); t.kind == 's' && t.text == text {
		p.pos++
		return true
	}
	return false
}

// keyword takes the next token if it is this word in any case.
func (p *parser) keyword(word string) bool {
	if t := p.peek(); t.kind == 'w' && strings.EqualFold(t.text, word) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(sign string) error {
	if !p.sign(sign) {
		return p.unexpected()
	}
	return nil
}

// end checks that the whole text was read.
func (p *parser) end() error {
	if p.peek().kind != 0 {
		return p.unexpected()
	}
	return nil
}
