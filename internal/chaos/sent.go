package chaos

import (
	"context"
	"encoding/json"

	"omnihub/internal/stack"
)

// checkSent compares the calls that the fake platforms accepted with the answers that
// are stored. A call of LINE does not name the hub's message, so those are counted by
// customer.
func checkSent(ctx context.Context, st *stack.Stack, t *tables, r *Report, hooks []*hook, f faults) error {
	calls, err := st.Sent(ctx, "", "")
	if err != nil {
		return err
	}
	written, sent, named := map[string]int{}, map[string]int{}, map[string]int{}
	for _, h := range hooks {
		if h.message != "" {
			written[h.customer.name]++
		}
	}
	for _, c := range calls {
		var body struct {
			Ref string `json:"biz_opaque_callback_data"`
		}
		_ = json.Unmarshal([]byte(c.Body), &body) // the platform accepted it
		if body.Ref == "" {
			name := c.Name
			if name == "" {
				name = c.To
			}
			sent[name]++
			continue
		}
		if named[body.Ref]++; named[body.Ref] > 1 {
			r.DoubleSends++
			r.example("double sends", "%s to %s", body.Ref, c.Name)
			continue
		}
		a, known := t.answers[body.Ref]
		if !known {
			r.DoubleSends++ // of nothing that is stored
			continue
		}
		owed := f.owed(body.Ref)
		if len(owed) == 0 {
			r.Silent++
		}
		for _, state := range owed {
			r.Receipts++
			if !a.states[state] {
				r.LostReceipts++
				r.example("lost receipts", "%s of %s", state, body.Ref)
			}
		}
		// An answer without any word from the platform is unknown, and has no id.
		if a.out() && a.id != c.ID {
			r.WrongIDs++
		}
	}
	for customer, n := range sent {
		r.DoubleSends += max(n-written[customer], 0)
	}
	return nil
}
