package dynamo

import (
	"encoding/binary"
	"fmt"
	"strings"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/dynamo/expr"
	"omnihub/internal/localaws/wire"
)

// maxPage is how many bytes of items one page of a Query or Scan reads.
const maxPage = 1 << 20

// search is a Query or Scan: a walk over a range of a table or index, with a
// filter, a projection and pages.
type search struct {
	*paged
	env         *expr.Env
	filter      *expr.Test
	paths       []expr.Path
	backward    bool
	conditioned map[string]bool // the key attributes that a filter must not name
}

// page is one page of results.
type page struct {
	rows    []string // encodings
	scanned int
	bytes   int
	last    attr.Item // LastEvaluatedKey, nil at the end
}

func (c *call) query(in *queryRequest) (any, error) {
	s, err := c.search("Query", &in.paged, true)
	if err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, wire.Validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	s.backward = in.ScanIndexForward != nil && !*in.ScanIndexForward
	return c.run(s, func(key *keySchema) (string, string, error) {
		keys := key.forQuery()
		r, err := c.e.cache.Keys(*in.KeyConditionExpression, s.env, keys)
		if err != nil {
			return "", "", err
		}
		for i, v := range []attr.Value{r.Hash, r.Low, r.High} {
			if err := checkLength(v, []int{maxHash, maxSort, maxSort}[i]); err != nil {
				return "", "", err
			}
		}
		s.conditioned = map[string]bool{keys.Hash: true, keys.Range: true}
		low, high := bounds(r, s.IndexName != "")
		return low, high, s.env.Unused()
	})
}

func (c *call) scan(in *scanRequest) (any, error) {
	s, err := c.search("Scan", &in.paged, false)
	if err != nil {
		return nil, err
	}
	low, high, err := segment(in.Segment, in.TotalSegments)
	if err == nil {
		err = s.env.Unused()
	}
	if err != nil {
		return nil, err
	}
	return c.run(s, func(*keySchema) (string, string, error) { return low, high, nil })
}

// segment is the range of keys of one segment of a parallel scan.
func segment(number, total *int) (low, high string, err error) {
	switch {
	case number == nil && total == nil:
		return "", "", nil
	case number == nil:
		return "", "", wire.Validation("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case total == nil:
		return "", "", wire.Validation("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case *total < 1 || *total > 1_000_000:
		return "", "", wire.Validation("1 validation error detected: Value '%d' at 'totalSegments' failed to satisfy constraint: Member must have value between 1 and 1000000", *total)
	case *number < 0 || *number >= *total:
		return "", "", wire.Validation("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *number, *total)
	}
	width := ^uint64(0) / uint64(*total)
	bound := func(i int) string { return string(binary.BigEndian.AppendUint64(nil, width*uint64(i))) }
	if *number > 0 {
		low = bound(*number)
	}
	if *number+1 < *total {
		high = bound(*number + 1)
	}
	return low, high, nil
}

// search checks what needs no table. keyed says that there is a key condition.
func (c *call) search(action string, in *paged, keyed bool) (*search, error) {
	s := &search{paged: in, env: &expr.Env{Names: in.ExpressionAttributeNames, Values: in.ExpressionAttributeValues}}
	var err error
	if s.TableName, err = c.allowed(action, in.TableName, in.IndexName); err != nil {
		return nil, err
	}
	if err := s.checkSelect(); err != nil {
		return nil, err
	}
	if err := s.env.Check(s.FilterExpression != nil || s.ProjectionExpression != nil || keyed); err != nil {
		return nil, err
	}
	if s.filter, err = c.condition("FilterExpression", s.FilterExpression, s.env); err != nil {
		return nil, err
	}
	s.paths, err = c.projection(s.ProjectionExpression, s.env)
	return s, err
}

func (s *search) checkSelect() error {
	if err := checkCapacity(s.ReturnConsumedCapacity); err != nil {
		return err
	}
	if err := oneOf("select", s.Select, "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"); err != nil {
		return err
	}
	if s.Limit != nil && *s.Limit < 1 {
		return wire.Validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *s.Limit)
	}
	switch {
	case s.ProjectionExpression != nil && s.Select != "" && s.Select != "SPECIFIC_ATTRIBUTES":
		return wire.Validation("Cannot specify the ProjectionExpression when choosing to get %s", s.Select)
	case s.ProjectionExpression == nil && s.Select == "SPECIFIC_ATTRIBUTES":
		return wire.Validation("Must specify the ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case s.Select == "ALL_PROJECTED_ATTRIBUTES" && s.IndexName == "":
		return wire.Validation("One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return nil
}

// run reads one page of the range that the function gives, and answers with it.
func (c *call) run(s *search, within func(key *keySchema) (low, high string, err error)) (any, error) {
	var p page
	var x *index
	if err := c.reading(func() error {
		t, err := c.e.table(s.TableName)
		if err != nil {
			return err
		}
		rows, key := &t.rows, &t.Key
		if s.IndexName != "" {
			if x = t.index(s.IndexName); x == nil {
				return wire.Validation("The table does not have the specified index: %s", s.IndexName)
			}
			rows, key = &x.rows, &x.Key
		}
		low, high, err := within(key)
		if err != nil {
			return err
		}
		if err := s.check(t, x); err != nil {
			return err
		}
		if s.ExclusiveStartKey != nil {
			at, err := startKey(t, x, s.ExclusiveStartKey)
			if err != nil {
				return err
			}
			if at < low || high != "" && at >= high {
				return wire.Validation("The provided starting key is outside query boundaries based on provided conditions")
			}
			if s.backward {
				high = at
			} else {
				low = at + "\x00"
			}
		}
		p = s.read(t, x, rows, low, high)
		return nil
	}); err != nil {
		return nil, err
	}
	return c.answer(s, x, &p)
}

// check refuses what does not go together with the table or index.
func (s *search) check(t *table, x *index) error {
	var bad error
	if s.filter != nil && s.conditioned != nil {
		s.filter.Paths(func(p expr.Path) {
			if s.conditioned[p[0].Name] {
				bad = wire.Validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", p[0].Name)
			}
		})
	}
	if bad != nil || x == nil {
		return bad
	}
	if s.ConsistentRead {
		return wire.Validation("Consistent reads are not supported on global secondary indexes")
	}
	if s.Select == "ALL_ATTRIBUTES" && x.Projection != "ALL" {
		return wire.Validation("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", x.Name)
	}
	var missing []string
	note := func(p expr.Path) {
		if !x.holds(p[0].Name) {
			missing = append(missing, p[0].Name)
		}
	}
	for _, p := range s.paths {
		note(p)
	}
	if missing != nil {
		return wire.Validation("One or more parameter values were invalid: Global secondary index %s does not project [%s]", x.Name, strings.Join(missing, ", "))
	}
	if s.filter != nil {
		s.filter.Paths(note)
	}
	if missing != nil {
		return wire.Validation("One or more parameter values were invalid: Secondary index %s does not project one or more filter attributes: [%s]", x.Name, strings.Join(missing, ", "))
	}
	return nil
}

// startKey is where the row or entry of an ExclusiveStartKey lies, or would lie.
func startKey(t *table, x *index, start attr.Item) (string, error) {
	invalid := wire.Validation("The provided starting key is invalid")
	names := t.Key.keys(start)
	row, err := t.Key.ofKey(names)
	if err != nil {
		return "", invalid
	}
	if x == nil {
		if len(names) != len(start) {
			return "", invalid
		}
		return row, nil
	}
	at, ok := x.entry(start, row)
	if !ok || len(start.Only(func(name string) bool { return t.Key.has(name) || x.Key.has(name) })) != len(start) {
		return "", invalid
	}
	return at, nil
}

// read walks over one page. Hold a lock.
func (s *search) read(t *table, x *index, rows *ordered, low, high string) page {
	var p page
	rows.walk(low, high, s.backward, func(_ string, r *row) bool {
		size := r.size
		if x != nil && x.projected != nil {
			size = x.project(attr.Decode(r.data)).Size()
		}
		if p.scanned > 0 && p.bytes+size > maxPage || s.Limit != nil && p.scanned == *s.Limit {
			p.last = attr.Item{}
			return false
		}
		p.rows = append(p.rows, r.data)
		p.scanned++
		p.bytes += size
		return s.Limit == nil || p.scanned < *s.Limit
	})
	if p.last != nil || s.Limit != nil && p.scanned == *s.Limit {
		it := attr.Decode(p.rows[p.scanned-1])
		p.last = it.Only(func(name string) bool { return t.Key.has(name) || x != nil && x.Key.has(name) })
	}
	return p
}

// answer filters and shapes a page. It needs no lock.
func (c *call) answer(s *search, x *index, p *page) (any, error) {
	var items []attr.Item
	count := 0
	for _, data := range p.rows {
		it := attr.Decode(data)
		if x != nil {
			it = x.project(it)
		}
		if s.filter != nil && !s.filter.Match(it) {
			continue
		}
		if count++; s.Select != "COUNT" {
			items = append(items, shape(it, s.paths))
		}
	}
	b := &bill{}
	units := readUnits(p.bytes, readMode(s.ConsistentRead))
	if x != nil {
		u := usage{}
		u.addIndex(x.Name, units)
		b.add(s.TableName, u)
	} else {
		b.add(s.TableName, usage{table: units})
	}
	resource := c.Resource
	b.charge(c.Request)
	c.Resource = resource
	var o object
	if s.Select != "COUNT" {
		o.items("Items", items)
	}
	o.raw("Count", fmt.Append(nil, count))
	o.raw("ScannedCount", fmt.Append(nil, p.scanned))
	if p.last != nil {
		o.item("LastEvaluatedKey", p.last)
	}
	b.appendTo(&o, s.ReturnConsumedCapacity, false)
	return o.end(), nil
}
