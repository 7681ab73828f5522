package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Core is what every fake platform is built upon: its accounts, of the platform's own
// type A, its clock, its memory, its courier, and its fault plan of type F. A platform
// embeds it, and so has Pending and SetFaults of Platform.
type Core[A account, F faults] struct {
	Kind     string // the channel's name: "line"
	Now      func() time.Time
	Ledger   *Ledger
	Journal  *Journal
	Courier  Courier
	Client   *http.Client // for what is no webhook
	Accounts []A          // always the same
	dice     atomic.Pointer[Dice]

	Mu     sync.Mutex // guards what follows, and what the platform keeps of its accounts and customers
	Faults F
}

// account is a pointer to a struct that embeds Account.
type account interface {
	comparable
	Is(name string) bool
}

// faults is a struct that embeds Plan or StatusPlan.
type faults interface {
	Common() Plan
	Check() error
}

// NewCore begins the fake of a channel; own makes the platform's own form of an account.
func NewCore[F faults, A account](kind string, c Config, own func(Account) A) *Core[A, F] {
	core := &Core[A, F]{Kind: kind, Now: c.Now, Ledger: c.Ledger, Journal: c.Journal, Courier: Courier{Client: c.Client}, Client: c.Client}
	core.dice.Store(&Dice{})
	if core.Now == nil {
		core.Now = time.Now
	}
	if core.Ledger == nil {
		core.Ledger = NewLedger()
	}
	if core.Client == nil {
		core.Client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	}
	for _, a := range c.Accounts {
		core.Accounts = append(core.Accounts, own(a))
	}
	return core
}

// Pending counts the webhooks that are still to be delivered.
func (c *Core[A, F]) Pending() int { return c.Courier.Pending() }

// Account finds an account by either of its names, or the first.
func (c *Core[A, F]) Account(name string) (A, error) {
	for _, a := range c.Accounts {
		if name == "" || a.Is(name) {
			return a, nil
		}
	}
	var none A
	return none, fmt.Errorf("%stest: act: no account %q", c.Kind, name)
}

// SetFaults replaces the fault plan.
func (c *Core[A, F]) SetFaults(plan json.RawMessage) error {
	var f F
	if len(plan) > 0 {
		if err := Strict(plan, &f); err != nil {
			return fmt.Errorf("%stest: faults: %w", c.Kind, err)
		}
	}
	if err := f.Check(); err != nil {
		return fmt.Errorf("%stest: faults: %w", c.Kind, err)
	}
	common := f.Common()
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if _, err := c.Account(common.Account); err != nil && common.Account != "" {
		return fmt.Errorf("%stest: faults: no account %q", c.Kind, common.Account)
	}
	c.Faults = f
	c.dice.Store(&Dice{Seed: common.Seed})
	c.Courier.Shuffle(common.ShuffleWebhooks, uint64(common.Seed))
	return nil
}

// Spares reports whether a plan's faults of calls spare the calls of an account, since
// they befall another's. No account is that of a caller whom the platform does not know.
func Spares[A account](p Plan, a A) bool {
	var nobody A
	return p.Account != "" && (a == nobody || !a.Is(p.Account))
}

// Hit reports whether a fault of this rate strikes the call that name tells from others.
func (c *Core[A, F]) Hit(rate float64, fault, name string) bool {
	return c.dice.Load().Hit(rate, fault, name)
}

// Fault answers a call in place of the platform if its faults say so: by tooMany (Rate429),
// by broken (Rate500), or never. It reports whether it did.
func (c *Core[A, F]) Fault(w http.ResponseWriter, r *http.Request, f Calls, name string, tooMany, broken func()) bool {
	switch {
	case c.Hit(f.Rate429, "429", name):
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		tooMany()
	case c.Hit(f.Rate500, "500", name):
		broken()
	case c.Hit(f.Timeout, "timeout", name):
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// Spoil loses the answer of what was done if the call's faults say so: the connection
// ends, or broken answers. It reports whether it did.
func (c *Core[A, F]) Spoil(f Calls, name string, broken func()) bool {
	switch {
	case c.Hit(f.AcceptThenDrop, "drop", name):
		panic(http.ErrAbortHandler)
	case c.Hit(f.AcceptThen500, "late 500", name):
		broken()
		return true
	}
	return false
}
