package logs

import (
	"context"
	"log/slog"
)

// Handler lets a package that logs by log/slog write into the stream under one
// source's name.
func (l *Log) Handler(source string) slog.Handler { return handler{log: l, source: source} }

type handler struct {
	log    *Log
	source string
	group  string
	pairs  []any
}

func (h handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (h handler) Handle(_ context.Context, r slog.Record) error {
	pairs := append([]any{}, h.pairs...)
	r.Attrs(func(a slog.Attr) bool {
		pairs = append(pairs, h.group+a.Key, a.Value.Resolve().Any())
		return true
	})
	h.log.event(r.Level.String(), h.source, "", r.Message, pairs)
	return nil
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.pairs = append([]any{}, h.pairs...)
	for _, a := range attrs {
		h.pairs = append(h.pairs, h.group+a.Key, a.Value.Resolve().Any())
	}
	return h
}

func (h handler) WithGroup(name string) slog.Handler {
	h.group += name + "."
	return h
}
