package dynamo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// Limits of a transaction:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
const (
	maxActions     = 100
	maxTransaction = 4 << 20
	tokenLife      = 10 * time.Minute
)

func checkActions(n int) error {
	limit := "greater than or equal to 1"
	if n > maxActions {
		limit = "less than or equal to 100"
	}
	if n == 0 || n > maxActions {
		return wire.Validation("1 validation error detected: Value at 'TransactItems' failed to satisfy constraint: Member must have length %s", limit)
	}
	return nil
}

// token remembers one transaction that was done, so that its repetition is none.
type token struct {
	Name string             `json:"-"`
	Hash string             // of what the transaction asked for
	At   time.Time          // when it was done
	Read map[string]float64 // what a repetition consumes, by table
}

func (c *call) transactWriteItems(in *transactWriteItemsRequest) (any, error) {
	if err := checkOptions("", &returns{"", in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics}); err != nil {
		return nil, err
	}
	if err := checkActions(len(in.TransactItems)); err != nil {
		return nil, err
	}
	if len(in.ClientRequestToken) > 36 {
		return nil, wire.Validation("1 validation error detected: Value '%s' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36", in.ClientRequestToken)
	}
	writes := make([]*write, len(in.TransactItems))
	content, payload := sha256.New(), 0
	for i, one := range in.TransactItems {
		var all []action
		if a := one.Put; a != nil {
			all = append(all, action{"Put", a.Item, nil, &a.conditioned})
		}
		if a := one.Update; a != nil {
			all = append(all, action{"Update", a.Key, a.UpdateExpression, &a.conditioned})
		}
		if a := one.Delete; a != nil {
			all = append(all, action{"Delete", a.Key, nil, &a.conditioned})
		}
		if a := one.ConditionCheck; a != nil {
			all = append(all, action{"ConditionCheck", a.Key, nil, &a.conditioned})
		}
		if len(all) != 1 {
			return nil, wire.Validation("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		a, missing := all[0], ""
		switch {
		case a.verb == "Update" && a.update == nil:
			missing = "updateExpression"
		case a.verb == "ConditionCheck" && a.ConditionExpression == nil:
			missing = "conditionExpression"
		}
		if missing != "" {
			return nil, wire.Validation("1 validation error detected: Value null at 'transactItems.%d.member.%s' failed to satisfy constraint: Member must not be null", i+1, missing)
		}
		var err error
		if writes[i], err = c.prepare(a.verb, a.item, a.update, a.conditioned); err != nil {
			return nil, err
		}
		fmt.Fprint(content, i, a.fingerprint())
		payload += a.item.Size() + a.ExpressionAttributeValues.Size()
	}
	if payload > maxTransaction {
		return nil, errTransactionSize
	}
	b := &bill{write: true, split: true}
	tok := &token{Name: in.ClientRequestToken, Hash: hex.EncodeToString(content.Sum(nil))}
	err := c.writing(func() error {
		if known := c.e.tokens[tok.Name]; known != nil && tok.Name != "" && c.e.now().Before(known.At.Add(tokenLife)) {
			if known.Hash != tok.Hash {
				return wire.Errorf("IdempotentParameterMismatchException", "Request parameters do not match those of the earlier request with the same client token")
			}
			b.write = false
			for table, units := range known.Read {
				b.add(table, usage{table: units})
			}
			return nil
		}
		return c.transact(writes, b, tok)
	})
	b.charge(c.Request)
	if err != nil {
		return nil, err
	}
	var o object
	b.appendTo(&o, in.ReturnConsumedCapacity, true)
	return o.end(), nil
}

// action is one action of a transaction: the item is that of a put, else the key.
type action struct {
	verb   string
	item   attr.Item
	update *string
	*conditioned
}

// fingerprint is a text that is equal for equal actions, whatever the order of
// their maps on the wire.
func (a *action) fingerprint() string {
	parts := []string{a.verb, a.TableName, a.item.Encode(), a.ExpressionAttributeValues.Encode(), a.ReturnValuesOnConditionCheckFailure}
	for _, text := range []*string{a.update, a.ConditionExpression} {
		if text != nil {
			parts = append(parts, *text)
		}
	}
	for _, key := range sortedKeys(a.ExpressionAttributeNames) {
		parts = append(parts, key, a.ExpressionAttributeNames[key])
	}
	return fmt.Sprintf("%q", parts)
}

// transact does all of the actions or none. Hold the writer lock.
func (c *call) transact(writes []*write, b *bill, tok *token) error {
	tables, keys := make([]*table, len(writes)), make([]string, len(writes))
	reasons := make([]reason, len(writes))
	seen := map[string]bool{}
	for i, w := range writes {
		t, err := c.e.table(w.table)
		if err != nil {
			return err
		}
		tables[i] = t
		if keys[i], err = w.target(t); err == nil && w.verb == "Put" {
			_, err = t.check(w.item)
		}
		if err != nil {
			if strings.Contains(err.Error(), "cannot contain an empty") {
				return err
			}
			for j := range reasons { // the others are not looked at
				reasons[j].Code = "None"
			}
			reasons[i] = reasonOf(w, err)
			return c.cancel(writes, b, tables, keys, reasons)
		}
		if id := w.table + "/" + keys[i]; seen[id] {
			return wire.Validation("Transaction request cannot include multiple operations on one item")
		} else {
			seen[id] = true
		}
	}
	changes := make([]*change, len(writes))
	total, cancelled := 0, false
	for i, w := range writes {
		var err error
		changes[i], err = w.plan(tables[i], keys[i])
		if reasons[i] = reasonOf(w, err); changes[i] != nil {
			total += changes[i].size
		}
		cancelled = cancelled || reasons[i].Code != "None"
	}
	if cancelled {
		return c.cancel(writes, b, tables, keys, reasons)
	}
	if total > maxTransaction {
		return errTransactionSize
	}
	var ops []disk.Op
	tok.Read = map[string]float64{}
	for i, w := range writes {
		b.add(w.table, changes[i].usage(transactional))
		size := changes[i].size
		if changes[i].row != nil {
			size = max(size, changes[i].row.size)
		}
		tok.Read[w.table] += readUnits(size, transactional)
	}
	for _, change := range changes {
		ops = append(ops, c.e.apply(change)...)
	}
	c.e.cfg.Disk.Append(append(ops, c.e.remember(tok)...)...)
	return nil
}

var errTransactionSize = wire.Validation("Transaction request size cannot exceed 4 MB")

// cancel bills the actions that were looked at and answers with the reasons.
func (c *call) cancel(writes []*write, b *bill, tables []*table, keys []string, reasons []reason) error {
	for i, w := range writes {
		size := 0
		if keys[i] != "" {
			if r := tables[i].rows.get(keys[i]); r != nil {
				size = r.size
			}
		}
		b.add(w.table, usage{table: transactional * writeUnits(size)})
	}
	return cancellation(reasons)
}

// reason is why one action stopped a transaction, or "None".
type reason struct {
	Code    string
	Message string    `json:",omitempty"`
	Item    attr.Item `json:",omitempty"`
}

func reasonOf(w *write, err error) reason {
	if err == nil {
		return reason{Code: "None"}
	}
	var failed *conditionFailed
	if errors.As(err, &failed) {
		r := reason{Code: "ConditionalCheckFailed", Message: failed.Error()}
		if w.showOld {
			r.Item = failed.old
		}
		return r
	}
	message := err.Error()
	var e *wire.Error
	if errors.As(err, &e) {
		message = e.Message
	}
	return reason{Code: "ValidationError", Message: message}
}

func cancellation(reasons []reason) error {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = r.Code
	}
	err := wire.Errorf("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	err.Fields = map[string]any{"CancellationReasons": reasons}
	return err
}

// remember keeps a token of a transaction that was done. Hold the writer lock.
func (e *Engine) remember(tok *token) []disk.Op {
	if tok.Name == "" {
		return nil
	}
	tok.At = e.now()
	e.tokens[tok.Name] = tok
	e.queue = append(e.queue, tok)
	if e.cfg.Disk == nil {
		return nil
	}
	return []disk.Op{{Bucket: bucketTokens, Key: []byte(tok.Name), Value: mustJSON(tok)}}
}

// forget drops the tokens that have expired. Hold the writer lock.
func (e *Engine) forget(now time.Time) []disk.Op {
	var ops []disk.Op
	for len(e.queue) > 0 && !now.Before(e.queue[0].At.Add(tokenLife)) {
		tok := e.queue[0]
		e.queue = e.queue[1:]
		if e.tokens[tok.Name] == tok {
			delete(e.tokens, tok.Name)
			ops = append(ops, disk.Op{Bucket: bucketTokens, Key: []byte(tok.Name)})
		}
	}
	return ops
}

func (e *Engine) loadTokens() error {
	err := e.cfg.Disk.Load(bucketTokens, func(key, value []byte) error {
		tok := &token{Name: string(key)}
		if err := json.Unmarshal(value, tok); err != nil {
			return fmt.Errorf("token: %w", err)
		}
		e.tokens[tok.Name] = tok
		e.queue = append(e.queue, tok)
		return nil
	})
	sort.Slice(e.queue, func(i, j int) bool { return e.queue[i].At.Before(e.queue[j].At) })
	return err
}
