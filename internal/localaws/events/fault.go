package events

import "omnihub/internal/localaws/wire"

// Knows tells whether the service has an operation here.
func (e *Engine) Knows(operation string) bool {
	return operations[operation] != nil || operation == "PutEvents"
}

// unserved is why entry i was not published though nothing is wrong with it: one of
// the two codes that AWS says may be tried again.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
func unserved(i int) error {
	if i%2 == 0 {
		return wire.Errorf("ThrottlingException", "Rate exceeded")
	}
	return wire.Errorf("InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}
