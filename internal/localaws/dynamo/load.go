package dynamo

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
)

// Bounds of a load: how many items go under one lock and to disk together, and how
// long a line may be.
const (
	loadBatch = 2000
	maxLine   = 16 << 20
)

// ErrLines says that what was to be loaded cannot be: a line is no item of the table,
// or there is no such table.
var ErrLines = errors.New("cannot be loaded")

// Load puts items into a table, each a line in the wire's JSON: {"PK":{"S":"a"},…}. An
// item takes the place of the one with its key, as by PutItem, and every index has it.
// It differs from PutItem in that the table's stream tells nothing of it, nothing is
// metered, and no fault, no condition and nobody's permission is asked for.
//
// It loads in batches, between which others may read and write, and returns when they
// are on disk, with the number of their items. An error that is ErrLines names the
// line; the batches before it stay, and nothing of its own batch is there.
func (e *Engine) Load(table string, lines io.Reader) (loaded int, err error) {
	in := bufio.NewScanner(lines)
	in.Buffer(make([]byte, 64<<10), maxLine)
	var before, written disk.Ticket
	for more := true; more && err == nil; {
		var items []attr.Item
		if items, more, err = nextItems(in, loaded); err != nil {
			break
		}
		before = written
		if written, err = e.admit(table, items, loaded); err == nil {
			loaded += len(items)
			err = before.Wait() // so that no more than two batches wait for the disk
		}
	}
	if lost := written.Wait(); lost != nil {
		err = lost
	}
	if err != nil {
		return loaded, fmt.Errorf("dynamo: load: %w", err)
	}
	return loaded, nil
}

// nextItems reads a batch, which comes after so many lines, and tells whether there may
// be more.
func nextItems(in *bufio.Scanner, lines int) (items []attr.Item, more bool, err error) {
	items = make([]attr.Item, 0, loadBatch)
	for len(items) < loadBatch {
		if !in.Scan() {
			if err = in.Err(); errors.Is(err, bufio.ErrTooLong) {
				err = badLine(lines+len(items), err)
			}
			return items, false, err
		}
		it, err := readLine(in.Bytes())
		if err != nil {
			return nil, false, badLine(lines+len(items), err)
		}
		items = append(items, it)
	}
	return items, true, nil
}

func readLine(line []byte) (attr.Item, error) {
	s, err := attr.NewScanner(line)
	if err != nil {
		return nil, err
	}
	it, err := s.ReadItem()
	if err != nil {
		return nil, err
	}
	return it, s.End()
}

// badLine refuses the line after so many others.
func badLine(lines int, err error) error {
	return fmt.Errorf("line %d %w: %w", lines+1, ErrLines, err)
}

// admit puts a batch, which comes after so many lines, into memory and hands it to the
// disk.
func (e *Engine) admit(table string, items []attr.Item, lines int) (disk.Ticket, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, err := e.table(table)
	if err != nil {
		return e.cfg.Disk.Tip(), fmt.Errorf("table %q %w: %w", table, ErrLines, err)
	}
	keys, sizes := make([]string, len(items)), make([]int, len(items))
	for i, it := range items {
		if keys[i], err = t.Key.ofItem(it); err == nil {
			sizes[i], err = t.check(it)
		}
		if err != nil {
			return e.cfg.Disk.Tip(), badLine(lines+i, err)
		}
	}
	ops := make([]disk.Op, 0, len(items))
	for i, it := range items {
		r, old := t.look(keys[i])
		if c := t.plan(keys[i], r, old, it, sizes[i]); c.changes() {
			_, op := t.store(c)
			ops = append(ops, op)
		}
	}
	return e.cfg.Disk.Append(ops...), nil
}
