package hub

import (
	"fmt"
	"io"
	"log/slog"
)

// Personal is what tells of a person: the id by which a platform knows somebody, a
// name, a number, an address. It prints as "[personal]" everywhere but through Reveal,
// as a Secret prints as "[secret]".
//
// Neither can keep its value out of a print of a struct in which it stands in a field
// that is not exported, since fmt may not call its methods there; a test of this
// package finds such fields.
type Personal string

const (
	hiddenPersonal = "[personal]"
	hiddenSecret   = "[secret]"
)

// Reveal returns the value itself, for the platform's call or the table.
func (p Personal) Reveal() string { return string(p) }

// String keeps the value out of every error text.
func (p Personal) String() string { return hiddenPersonal }

// Format keeps it out of every format, of a verb for other types too.
func (p Personal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenPersonal) }

// LogValue keeps it out of logs.
func (p Personal) LogValue() slog.Value { return slog.StringValue(hiddenPersonal) }

// MarshalJSON keeps it out of JSON.
func (p Personal) MarshalJSON() ([]byte, error) { return []byte(`"` + hiddenPersonal + `"`), nil }

// Format keeps the credential out of every format, of a verb for other types too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenSecret) }
