package env

import (
	"io"
	"log/slog"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// NewLog makes a function's log: one JSON object a line, with function, level, msg and
// the attributes of the list below. It is the last guard against a careless line: an
// attribute that is not on the list is replaced by "[refused]", and so is a value that
// is of no plain type, that has not the form of its key, or that holds what looks like
// a number, an address, a name or a credential of somebody.
func NewLog(out io.Writer, function string, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: guard})).With("function", function)
}

// Level is the least level that is logged, by its name as Lambda gives it to a function
// (AWS_LAMBDA_LOG_LEVEL). Where nobody says, as in the local stack, all is logged.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func Level(name string) slog.Level {
	switch name {
	case "", "TRACE", "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	case "ERROR", "FATAL":
		return slog.LevelError
	}
	return slog.LevelInfo
}

const (
	refused  = "[refused]"
	maxProse = 300     // bytes of an error's text
	maxStack = 8 << 10 // bytes of a stack
)

// form is what the values of a key look like.
type form int

const (
	number form = iota + 1 // a count, a duration in a unit that the key names, or a truth
	word                   // one of the product's own words: a code, a class, a kind
	name                   // an id that the hub or a queue made: nothing of a person is in it
	prose                  // a sentence of the product's own
	stack                  // of a panic
)

// keys is the list of attributes that may be logged.
var keys = map[string]form{
	"function": word, "level": word, "msg": prose, "trace": name,
	"channel": word, "class": word, "code": word, "kind": word, "state": word, "by": word, "type": word, "topic": word,
	"team": name, "account": name, "activity": name, "connection": name, "id": name, "message": name, "record": name, "tag": name, "erasure": name, "phase": word, "field": word, "reason": word,
	"contacts": number, "messages": number, "ledger": number, "records": number,
	"chunk": number, "count": number, "fields": number, "found": number, "late": number, "new": number, "newest": number,
	"placed": number, "receives": number, "repeated": number, "seconds": number,
	"why": prose, "error": prose, "detail": word,
	"stack": stack,
}

// Keys are the attributes that may be logged.
func Keys() []string { return slices.Sorted(maps.Keys(keys)) }

// ids are the forms of what platforms call people by, of keys, and of tokens.
const ids = `\b[UCR][0-9a-f]{32}\b|\b[0-9a-f]{32,}\b|\b[A-Z]{2}\.[0-9A-Za-z]{8,}|[0-9A-Za-z_/+=-]{40,}`

// patterns are what values are held against. They are made with the first line, for
// most processes start and end without one.
type patterns struct{ words, names, digits, person, personal *regexp.Regexp }

var known = sync.OnceValue(func() patterns {
	return patterns{
		words:  regexp.MustCompile(`^[A-Za-z0-9_.:*\[\]{} -]{0,64}$`),
		names:  regexp.MustCompile(`^[A-Za-z0-9_.:=+-]{0,64}$`),
		digits: regexp.MustCompile(`^\+?[0-9 ().-]{7,}$`),
		person: regexp.MustCompile(ids),
		// What must not stand in a sentence: besides those ids an e-mail address; a number
		// of eight digits or more, however it is grouped; and every letter that is not
		// ASCII, for the product's own sentences have none.
		personal: regexp.MustCompile(ids + `|[^\s@]+@[^\s@]+|(?:^|[^0-9A-Za-z])\+?[0-9](?:[ ().-]{0,2}[0-9]){7,}(?:$|[^0-9A-Za-z])|[^\x00-\x7f]+`),
	}
})

// guard is called by the handler for each attribute of a line.
func guard(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return slog.String("group", refused)
	}
	if a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
		return a
	}
	f, listed := keys[a.Key]
	if !listed {
		// The key may itself be what must not be seen.
		return slog.String("attribute", refused)
	}
	switch a.Value.Kind() {
	case slog.KindBool, slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		if f != number {
			a.Value = slog.StringValue(refused)
		}
		return a
	case slog.KindString:
		a.Value = slog.StringValue(checked(f, a.Value.String()))
		return a
	}
	a.Value = slog.StringValue(checked(f, plain(a.Value.Any())))
	return a
}

// plain is the text of an error, of a level, and of the product's own kinds of texts
// and numbers.
func plain(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case slog.Level:
		return v.String()
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return r.String()
	}
	return refused
}

// checked is a text if it has its form, and else that it is refused.
func checked(f form, text string) string {
	if f != stack && harmless(text) {
		return text
	}
	ok, p := false, known()
	switch f {
	case word:
		ok = p.words.MatchString(text) && !p.personal.MatchString(text)
	case name:
		ok = p.names.MatchString(text) && !p.digits.MatchString(text) && !p.person.MatchString(text)
	case prose:
		return p.personal.ReplaceAllString(strings.ToValidUTF8(text[:min(len(text), maxProse)], ""), refused)
	case stack:
		return strings.ToValidUTF8(text[:min(len(text), maxStack)], "")
	}
	if !ok {
		return refused
	}
	return text
}

// harmless reports whether a text is of short words in small letters, as most are.
func harmless(text string) bool {
	run := 0
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c == '_', c == '\'':
			run++
		case c == ' ', c == ',', c == ':', c == ';':
			run = 0
		default:
			return false
		}
		if run > 24 {
			return false
		}
	}
	return len(text) <= 64
}
