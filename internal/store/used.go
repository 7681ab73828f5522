package store

import (
	"context"
	"sync"

	"omnihub/internal/hub"
)

// Marks remembers for a process which accounts are marked as used, so that of all new
// customers only the first of a process costs the writing. It is safe for concurrent
// use; nil remembers nothing, and every new customer costs it.
type Marks struct {
	mu    sync.Mutex
	known map[string]bool // by partition key
}

func (m *Marks) has(pk string) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[pk]
}

func (m *Marks) add(pk string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[string]bool{}
	}
	m.known[pk] = true
}

// MarkUsed notes for ever that an account has a customer: before the customer's home
// or, of one who has not written yet, the thread is made. So an account without the
// mark has neither. One Put, refused if the mark is there; nothing if this process
// knows that it is.
func (st *Store) MarkUsed(ctx context.Context, team hub.TeamID, account hub.AccountID) error {
	pk := accountPK(team, account)
	if account == "" || st.Marks.has(pk) {
		return nil
	}
	it := key(pk, usedSK)
	it["ra"] = n(st.now())
	if _, _, err := st.putNew(ctx, "mark account", st.Tables.Contacts, it); err != nil {
		return err
	}
	st.Marks.add(pk)
	return nil
}

// Used tells, consistently, whether an account has, or ever had, a customer.
func (st *Store) Used(ctx context.Context, team hub.TeamID, account hub.AccountID) (bool, error) {
	it, err := st.get(ctx, "read account's mark", st.Tables.Contacts, accountPK(team, account), usedSK, true)
	return it != nil, err
}
