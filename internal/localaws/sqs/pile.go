package sqs

import "container/heap"

// pile is a heap whose items know their place in it, so that any one can be taken
// out or moved. An item is in one pile at most; outside, its slot is -1.
type pile[T interface{ slot() *int }] struct {
	items []T
	less  func(a, b T) bool
}

func (p *pile[T]) Len() int           { return len(p.items) }
func (p *pile[T]) Less(i, j int) bool { return p.less(p.items[i], p.items[j]) }

func (p *pile[T]) Swap(i, j int) {
	p.items[i], p.items[j] = p.items[j], p.items[i]
	*p.items[i].slot(), *p.items[j].slot() = i, j
}

func (p *pile[T]) Push(x any) {
	item := x.(T)
	*item.slot() = len(p.items)
	p.items = append(p.items, item)
}

func (p *pile[T]) Pop() any {
	var none T
	end := len(p.items) - 1
	item := p.items[end]
	p.items[end] = none
	p.items = p.items[:end]
	*item.slot() = -1
	return item
}

func (p *pile[T]) add(item T)  { heap.Push(p, item) }
func (p *pile[T]) drop(item T) { heap.Remove(p, *item.slot()) }
func (p *pile[T]) fix(item T)  { heap.Fix(p, *item.slot()) }
