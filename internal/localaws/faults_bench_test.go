package localaws

import (
	"context"
	"testing"

	"omnihub/internal/localaws/fault"
	"omnihub/internal/localaws/wire"
)

// BenchmarkWithoutPlan is what the possibility of faults adds to a call: next to
// nothing. A call over HTTP costs some 100 µs.
func BenchmarkWithoutPlan(b *testing.B) {
	s := new(Server)
	r := &wire.Request{Service: "dynamodb", Operation: "PutItem", Context: context.Background()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.run(r, func() *fault.Call { return s.named(r) }, func(bool) (any, error) { return r, nil }); err != nil {
			b.Fatal(err)
		}
	}
}
