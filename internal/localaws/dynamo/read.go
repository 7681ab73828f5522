package dynamo

import (
	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/dynamo/expr"
	"omnihub/internal/localaws/wire"
)

// get is the reading of one item with its projection bound.
type get struct {
	table string
	key   attr.Item
	paths []expr.Path // nil for the whole item
}

func (c *call) prepareGet(action string, in *getAction) (*get, error) {
	g := &get{key: in.Key}
	var err error
	if g.table, err = c.allowed(action, in.TableName, ""); err != nil {
		return nil, err
	}
	if in.Key == nil {
		return nil, wire.Validation("1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null")
	}
	env := &expr.Env{Names: in.ExpressionAttributeNames}
	if err := env.Check(in.ProjectionExpression != nil); err != nil {
		return nil, err
	}
	if g.paths, err = c.projection(in.ProjectionExpression, env); err != nil {
		return nil, err
	}
	return g, env.Unused()
}

func (c *call) projection(text *string, env *expr.Env) ([]expr.Path, error) {
	if text == nil {
		return nil, nil
	}
	p, err := c.e.cache.Projection(*text)
	if err != nil {
		return nil, err
	}
	return p.Bind(env)
}

// find is the encoding and size of the item, empty if there is none. Hold a lock.
func (g *get) find(e *Engine) (string, int, error) {
	t, err := e.table(g.table)
	if err != nil {
		return "", 0, err
	}
	key, err := t.Key.ofKey(g.key)
	if err != nil {
		return "", 0, err
	}
	if r := t.rows.get(key); r != nil {
		return r.data, r.size, nil
	}
	return "", 0, nil
}

// show is the item as the answer has it: not nil, even if nothing of it was asked for.
func (g *get) show(data string) attr.Item { return shape(attr.Decode(data), g.paths) }

func shape(it attr.Item, paths []expr.Path) attr.Item {
	if paths == nil {
		return it
	}
	if it = expr.Project(it, paths); it == nil {
		it = attr.Item{}
	}
	return it
}

func (c *call) getItem(in *getItemRequest) (any, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	g, err := c.prepareGet("GetItem", &in.getAction)
	if err != nil {
		return nil, err
	}
	var data string
	var size int
	if err := c.reading(func() (err error) {
		data, size, err = g.find(c.e)
		return err
	}); err != nil {
		return nil, err
	}
	b := &bill{}
	b.add(g.table, usage{table: readUnits(size, readMode(in.ConsistentRead))})
	b.charge(c.Request)
	var o object
	if data != "" {
		o.item("Item", g.show(data))
	}
	b.appendTo(&o, in.ReturnConsumedCapacity, false)
	return o.end(), nil
}

func (c *call) transactGetItems(in *transactGetItemsRequest) (any, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkActions(len(in.TransactItems)); err != nil {
		return nil, err
	}
	gets := make([]*get, len(in.TransactItems))
	for i, one := range in.TransactItems {
		if one.Get == nil {
			return nil, wire.Validation("1 validation error detected: Value null at 'transactItems.%d.member.get' failed to satisfy constraint: Member must not be null", i+1)
		}
		var err error
		if gets[i], err = c.prepareGet("GetItem", one.Get); err != nil {
			return nil, err
		}
	}
	found := make([]string, len(gets))
	b := &bill{split: true}
	total := 0
	if err := c.reading(func() error {
		seen := map[string]bool{}
		for i, g := range gets {
			data, size, err := g.find(c.e)
			if err != nil {
				return err
			}
			id := g.table + "/" + g.key.Encode()
			if seen[id] {
				return wire.Validation("Transaction request cannot include multiple operations on one item")
			}
			seen[id] = true
			found[i] = data
			total += size
			b.add(g.table, usage{table: readUnits(size, transactional)})
		}
		return nil
	}); err != nil {
		return nil, err
	}
	b.charge(c.Request)
	if total > maxTransaction {
		return nil, wire.Validation("Transaction request cannot include items of more than 4 MB in all")
	}
	list := []byte{'['}
	for i, data := range found {
		if i > 0 {
			list = append(list, ',')
		}
		var one object
		if data != "" {
			one.item("Item", gets[i].show(data))
		}
		list = append(list, one.end()...)
	}
	var o object
	o.raw("Responses", append(list, ']'))
	b.appendTo(&o, in.ReturnConsumedCapacity, true)
	return o.end(), nil
}

// maxBatchGet and maxBatchBytes limit a batch of reads.
const (
	maxBatchGet   = 100
	maxBatchBytes = 16_000_000 // so 52 items of 300 KB, as the documentation has it
)

func (c *call) batchGetItem(in *batchGetItemRequest) (any, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, wire.Validation("The requestItems parameter is required for BatchGetItem")
	}
	type want struct {
		*get
		request string // the table as the request names it
		mode    float64
	}
	var wants []want
	for _, request := range sortedKeys(in.RequestItems) {
		ka := in.RequestItems[request]
		if len(ka.Keys) == 0 || len(ka.Keys) > maxBatchGet || len(wants)+len(ka.Keys) > maxBatchGet {
			return nil, wire.Validation("1 validation error detected: Value at 'RequestItems.%s.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100 and greater than or equal to 1", request)
		}
		for _, key := range ka.Keys {
			g, err := c.prepareGet("BatchGetItem", &getAction{request, key, ka.ProjectionExpression, ka.ExpressionAttributeNames})
			if err != nil {
				return nil, err
			}
			wants = append(wants, want{g, request, readMode(ka.ConsistentRead)})
		}
	}
	serve := c.served("BatchGetItem", len(wants))
	answers, left := map[string][]attr.Item{}, map[string]keysAndAttributes{}
	b := &bill{}
	for request := range in.RequestItems {
		answers[request] = []attr.Item{}
	}
	err := c.reading(func() error {
		seen := map[string]bool{}
		bytes := 0
		for i, w := range wants {
			data, size, err := w.find(c.e)
			id := w.table + "/" + w.key.Encode()
			switch {
			case err != nil:
				return err
			case seen[id]:
				return wire.Validation("Provided list of item keys contains duplicates")
			}
			seen[id] = true
			if bytes += size; bytes > maxBatchBytes || !c.serves(i, serve) {
				rest := left[w.request]
				if rest.Keys == nil {
					keys := rest.Keys
					rest = in.RequestItems[w.request]
					rest.Keys = keys
				}
				rest.Keys = append(rest.Keys, w.key)
				left[w.request] = rest
				continue
			}
			b.add(w.table, usage{table: readUnits(size, w.mode)})
			if data != "" {
				answers[w.request] = append(answers[w.request], w.show(data))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.charge(c.Request)
	var o, responses, unprocessed object
	for _, request := range sortedKeys(answers) {
		responses.items(request, answers[request])
	}
	for _, request := range sortedKeys(left) {
		unprocessed.raw(request, left[request].wire())
	}
	o.raw("Responses", responses.end())
	o.raw("UnprocessedKeys", unprocessed.end())
	b.appendTo(&o, in.ReturnConsumedCapacity, true)
	return o.end(), nil
}

// wire writes the rest of a batch so that it can be sent again.
func (k keysAndAttributes) wire() []byte {
	var o object
	o.items("Keys", k.Keys)
	if k.ConsistentRead {
		o.raw("ConsistentRead", []byte("true"))
	}
	if k.ProjectionExpression != nil {
		o.text("ProjectionExpression", *k.ProjectionExpression)
	}
	if k.ExpressionAttributeNames != nil {
		o.raw("ExpressionAttributeNames", mustJSON(k.ExpressionAttributeNames))
	}
	return o.end()
}

// served is how many of the entries of a batch are to be served.
func (c *call) served(operation string, n int) int {
	if c.e.cfg.Partial == nil {
		return n
	}
	return c.e.cfg.Partial(operation, c.Caller, n)
}
