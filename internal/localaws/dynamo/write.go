package dynamo

import (
	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/dynamo/expr"
	"omnihub/internal/localaws/wire"
)

// write is one action on one item with its expressions bound: a put, an update, a
// delete or a condition check.
type write struct {
	verb    string // Put, Update, Delete, ConditionCheck
	table   string
	item    attr.Item // of a put; the key of the others
	change  *expr.Change
	test    *expr.Test
	showOld bool // the item comes back when the condition fails
}

// prepare checks everything about an action that needs no table. The item is that
// of a put, else the key.
func (c *call) prepare(verb string, it attr.Item, update *string, a *conditioned) (*write, error) {
	w := &write{verb: verb, item: it, showOld: a.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	var err error
	if w.table, err = c.allowed(verb+"Item", a.TableName, ""); err != nil {
		return nil, err
	}
	if it == nil {
		member := map[bool]string{true: "item", false: "key"}[verb == "Put"]
		return nil, wire.Validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	if err := oneOf("returnValuesOnConditionCheckFailure", a.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE"); err != nil {
		return nil, err
	}
	env := &expr.Env{Names: a.ExpressionAttributeNames, Values: a.ExpressionAttributeValues}
	if err := env.Check(a.ConditionExpression != nil || update != nil); err != nil {
		return nil, err
	}
	if update != nil {
		u, err := c.e.cache.Update(*update)
		if err == nil {
			w.change, err = u.Bind(env)
		}
		if err != nil {
			return nil, err
		}
	}
	if w.test, err = c.condition("ConditionExpression", a.ConditionExpression, env); err != nil {
		return nil, err
	}
	return w, env.Unused()
}

func (c *call) condition(label string, text *string, env *expr.Env) (*expr.Test, error) {
	if text == nil {
		return nil, nil
	}
	cond, err := c.e.cache.Condition(label, *text)
	if err != nil {
		return nil, err
	}
	return cond.Bind(env)
}

// conditionFailed says that the condition of a write does not hold.
type conditionFailed struct {
	old  attr.Item
	size int
}

func (*conditionFailed) Error() string { return "The conditional request failed" }

// target is the row key that the action is about.
func (w *write) target(t *table) (string, error) {
	if w.verb == "Put" {
		return t.Key.ofItem(w.item)
	}
	return t.Key.ofKey(w.item)
}

// plan works out the change of an action on the present row. A condition check has
// a change that changes nothing. Hold a lock.
func (w *write) plan(t *table, key string) (*change, error) {
	r, old := t.look(key)
	size := 0
	if w.verb == "Put" { // what can be seen without the present item comes first
		var err error
		if size, err = t.check(w.item); err != nil {
			return nil, err
		}
	}
	if w.change != nil {
		for _, p := range w.change.Paths() {
			if t.Key.has(p[0].Name) {
				return nil, wire.Validation("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", p[0].Name)
			}
		}
	}
	if w.test != nil && !w.test.Match(old) {
		failed := &conditionFailed{old: old}
		if r != nil {
			failed.size = r.size
		}
		return nil, failed
	}
	switch w.verb {
	case "Put":
		return t.plan(key, r, old, w.item, size), nil
	case "Delete":
		return t.plan(key, r, old, nil, 0), nil
	case "ConditionCheck":
		c := &change{table: t, key: key, row: r, old: old, new: old}
		if r != nil {
			c.data, c.size = r.data, r.size
		}
		return c, nil
	}
	item := old
	if item == nil {
		if item = w.item; w.change != nil && w.change.TakesOnly() {
			return t.plan(key, nil, nil, nil, 0), nil
		}
	}
	if w.change != nil {
		var err error
		if item, err = w.change.Apply(item); err != nil {
			return nil, err
		}
		if err := item.CheckNesting(); err != nil {
			return nil, err
		}
	}
	size, err := t.check(item)
	if err == errTooLarge {
		err = errUpdatedTooLarge
	}
	if err != nil {
		return nil, err
	}
	return t.plan(key, r, old, item, size), nil
}

var (
	errTooLarge        = wire.Validation("Item size has exceeded the maximum allowed size")
	errUpdatedTooLarge = wire.Validation("Item size to update has exceeded the maximum allowed size")
)

// single runs an action as a call of its own.
func (c *call) single(w *write, opt *returns) (any, error) {
	if err := checkOptions(w.verb, opt); err != nil {
		return nil, err
	}
	name := w.table
	b := &bill{write: true}
	var done *change
	err := c.writing(func() error {
		t, err := c.e.table(name)
		if err != nil {
			return err
		}
		key, err := w.target(t)
		if err != nil {
			return err
		}
		if done, err = w.plan(t, key); err == nil {
			b.add(name, done.usage(1))
			c.e.cfg.Disk.Append(c.e.apply(done)...)
		}
		return err
	})
	if failed, ok := err.(*conditionFailed); ok {
		b.add(name, usage{table: writeUnits(failed.size)})
		out := wire.Errorf("ConditionalCheckFailedException", "The conditional request failed")
		if w.showOld && failed.old != nil {
			out.Fields = map[string]any{"Item": failed.old}
		}
		err = out
	}
	b.charge(c.Request)
	if err != nil {
		return nil, err
	}
	var o object
	if it := done.returned(w, opt.ReturnValues); it != nil {
		o.item("Attributes", it)
	}
	b.appendTo(&o, opt.ReturnConsumedCapacity, false)
	return o.end(), nil
}

func checkOptions(verb string, opt *returns) error {
	if err := oneOf("returnValues", opt.ReturnValues, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"); err != nil {
		return err
	}
	switch {
	case verb != "Update" && opt.ReturnValues != "" && opt.ReturnValues != "NONE" && opt.ReturnValues != "ALL_OLD":
		return wire.Validation("ReturnValues can only be ALL_OLD or NONE")
	case opt.ReturnItemCollectionMetrics == "SIZE":
		return wire.Unsupported("ReturnItemCollectionMetrics SIZE")
	}
	if err := oneOf("returnItemCollectionMetrics", opt.ReturnItemCollectionMetrics, "SIZE", "NONE"); err != nil {
		return err
	}
	return checkCapacity(opt.ReturnConsumedCapacity)
}

// returned is what ReturnValues asks for; nil for nothing.
func (c *change) returned(w *write, mode string) attr.Item {
	var it attr.Item
	switch mode {
	case "ALL_OLD":
		it = c.old
	case "ALL_NEW":
		it = c.new
	case "UPDATED_OLD", "UPDATED_NEW":
		if w.change != nil {
			from := c.new
			if mode == "UPDATED_OLD" {
				from = c.old
			}
			it = expr.Project(from, w.change.Paths())
		}
	}
	if len(it) == 0 {
		return nil
	}
	return it
}

func (c *call) putItem(in *putItemRequest) (any, error) {
	w, err := c.prepare("Put", in.Item, nil, &in.conditioned)
	if err != nil {
		return nil, err
	}
	return c.single(w, &in.returns)
}

func (c *call) updateItem(in *updateItemRequest) (any, error) {
	w, err := c.prepare("Update", in.Key, in.UpdateExpression, &in.conditioned)
	if err != nil {
		return nil, err
	}
	return c.single(w, &in.returns)
}

func (c *call) deleteItem(in *deleteItemRequest) (any, error) {
	w, err := c.prepare("Delete", in.Key, nil, &in.conditioned)
	if err != nil {
		return nil, err
	}
	return c.single(w, &in.returns)
}
