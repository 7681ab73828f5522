package dynamo

import "strings"

// serves tells whether entry i of a batch is served: it is among the first ones that
// Config.Partial lets through, and the request does not leave it undone.
func (c *call) serves(i, first int) bool { return i < first && !c.Leaves(i) }

// Knows tells whether the service "dynamodb" or "streams" has an operation here.
func (e *Engine) Knows(service, operation string) bool {
	return e.operations[service+" "+operation] != nil
}

// KeyNames are the key attributes of a table, which may be named by ARN; none if
// there is no such table.
func (e *Engine) KeyNames(table string) []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	t := e.tables[strings.TrimPrefix(table, e.tableARN(""))]
	if t == nil {
		return nil
	}
	if t.Key.Sort.Name == "" {
		return []string{t.Key.Hash.Name}
	}
	return []string{t.Key.Hash.Name, t.Key.Sort.Name}
}

// ARN is the name of a table, or of an index ("table/index").
func (e *Engine) ARN(resource string) string {
	table, index, found := strings.Cut(resource, "/")
	if found {
		return e.tableARN(table) + "/index/" + index
	}
	return e.tableARN(table)
}

// ShardOf tells the stream's ARN and the number of the shard that an iterator reads.
func ShardOf(iterator string) (streamARN, shard string) {
	streamARN, rest, _ := strings.Cut(iterator, "|")
	shard, _, _ = strings.Cut(rest, "|")
	return streamARN, shard
}
