package hub

import "log/slog"

// Secret is a credential. It prints as "[secret]" everywhere but through Reveal.
type Secret string

// Reveal returns the credential itself, for the one call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String keeps the credential out of every format and error text.
func (s Secret) String() string { return "[secret]" }

// GoString keeps it out of %#v.
func (s Secret) GoString() string { return "[secret]" }

// LogValue keeps it out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalJSON keeps it out of JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"[secret]"`), nil }
