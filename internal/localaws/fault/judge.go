package fault

import (
	"time"

	"omnihub/internal/localaws/wire"
)

// Verdict is what happens to a call. The zero value is nothing.
type Verdict struct {
	Delay time.Duration // before all else
	Hold  bool          // wait for the end of the plan, or for HoldFor if that is not 0
	// HoldFor is how long a held call waits at most.
	HoldFor time.Duration

	Refuse   *wire.Error // the answer; nothing is done
	Lose     bool        // no answer; nothing is done
	Drop     bool        // no answer; all is done
	Unserved []bool      // the entries of a batch that are left undone
}

// Judge asks the rules about a call, in their order, up to the first that ends it.
// A drop does not hide what comes after it: a batch may be done in part and its
// answer be lost.
func (p *Plan) Judge(c *Call) Verdict {
	var v Verdict
	for _, r := range p.rules {
		if !r.fits(c) || r.Fault == Duplicate || r.Fault == Early || r.Fault == Partial && c.Entries < least(c.Service) {
			continue
		}
		d := r.ask(p.seed, c.Service+" "+c.Operation+" "+c.Resource+" "+c.Identity)
		if !d.hit {
			continue
		}
		switch r.Fault {
		case Slow:
			v.Delay += milliseconds(r.MS)
		case Stall:
			v.Hold, v.HoldFor = true, max(v.HoldFor, milliseconds(r.MS))
			if r.MS == 0 {
				v.HoldFor = 0
				return v
			}
		case Drop:
			v.Drop = true
		case Partial:
			v.Unserved = d.some(c.Entries)
		case Lose:
			v.Lose = true
			return v
		default:
			v.Refuse = answer(r.Fault, c, d)
			return v
		}
	}
	return v
}

// least is how many entries a batch must have so that it can be served in part:
// DynamoDB answers an error if it can serve none.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func least(service string) int {
	if service == "dynamodb" {
		return 2
	}
	return 1
}

// Hide is for how long a received message is hidden instead of the given visibility
// timeout; 0 means that it stays visible. A FIFO queue never gives a message to two
// receivers within the visibility timeout, so only Early befalls it.
func (p *Plan) Hide(c *Call, fifo bool, visibility time.Duration) time.Duration {
	for _, r := range p.rules {
		if r.Fault != Early && (r.Fault != Duplicate || fifo) || !r.fits(c) || visibility <= 0 {
			continue
		}
		d := r.ask(p.seed, c.Resource+" "+c.Identity)
		switch {
		case !d.hit:
		case r.Fault == Duplicate:
			return 0
		case r.MS > 0:
			return min(visibility, milliseconds(r.MS))
		default:
			return max(time.Duration(d.fraction()*float64(visibility)), time.Millisecond)
		}
	}
	return visibility
}
