// Package failpoint names the places in the product at which a chaos run may kill a
// function: between two steps that a crash must not tear apart. In a deployed
// function there is nothing behind the names. A build with the tag chaos asks the
// local stack at each of them whether to die there.
package failpoint

// Point is a place at which a function may be killed.
type Point string

const (
	// AfterVerify: a webhook's signature is good, and nothing is on the queue yet.
	AfterVerify Point = "after_verify"
	// AfterEnqueue: its events are on the queue, and the platform has no answer yet.
	AfterEnqueue Point = "after_enqueue"
	// BeforeWrite: an event is read, and nothing of it is written.
	BeforeWrite Point = "before_write"
	// AfterWrite: one of the writes of an event is done, and others may follow.
	AfterWrite Point = "after_write"
	// AfterClaim: a send is claimed, and the platform has not been called.
	AfterClaim Point = "after_claim"
	// AfterProvider200: the platform has taken a send, and nobody else knows.
	AfterProvider200 Point = "after_provider_200"
	// BeforeFinish: it is known how a send ended, and not written down.
	BeforeFinish Point = "before_finish"
	// MidBatch: some records of a batch are done, and none is acknowledged.
	MidBatch Point = "mid_batch"
)

// Points are all of them, in the order of a message's way through the hub.
func Points() []Point {
	return []Point{AfterVerify, AfterEnqueue, BeforeWrite, AfterWrite, AfterClaim, AfterProvider200, BeforeFinish, MidBatch}
}
