package sqs

import "omnihub/internal/localaws/wire"

// failure is an entry of a batch that was refused while others were not.
type failure struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

// done is the answer to an entry of which there is nothing to say.
type done struct{ Id string }

// batchOutput is the answer to a batch call.
type batchOutput[Done any] struct {
	Successful []Done
	Failed     []failure `json:",omitempty"`
}

// runBatch does the entries of a batch one after the other and tells for each how
// it went.
func runBatch[Done any](e *Engine, r *wire.Request, kind string, ids []string, do func(i int) (Done, *wire.Error)) (any, error) {
	if err := checkBatch(kind, ids); err != nil {
		return nil, err
	}
	served := len(ids)
	if e.cfg.Partial != nil {
		served = e.cfg.Partial(r.Operation, r.Caller, served)
	}
	out := batchOutput[Done]{Successful: []Done{}}
	for i, id := range ids {
		if i >= served || r.Leaves(i) {
			out.Failed = append(out.Failed, failure{Id: id, Code: "InternalError", Message: "We encountered an internal error. Please try again."})
			continue
		}
		answer, fault := do(i)
		if fault != nil {
			out.Failed = append(out.Failed, failure{Id: id, SenderFault: true, Code: QueryCode(fault.Code), Message: fault.Message})
			continue
		}
		out.Successful = append(out.Successful, answer)
	}
	return out, nil
}

// checkBatch refuses a batch that is empty, too long, or whose ids are unusable.
func checkBatch(kind string, ids []string) error {
	if len(ids) == 0 {
		return wire.Errorf("EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	}
	if len(ids) > 10 {
		return wire.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !nameLike(id, 80) {
			return wire.Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return wire.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

// nameLike reports whether s has 1 to most letters of A–Z, a–z, 0–9, - and _.
func nameLike(s string, most int) bool {
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= most
}
