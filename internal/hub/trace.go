package hub

import "context"

type traceKey struct{}

// WithTrace says whose work is done in a context: the trace of the webhook or the call
// that began it. What is stored there as a fact bears it, and the bus tells it.
func WithTrace(ctx context.Context, trace string) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// TraceOf is the trace of the work in a context, or "".
func TraceOf(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey{}).(string)
	return trace
}
