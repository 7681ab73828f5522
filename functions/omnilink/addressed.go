package main

import (
	"net/http"
	"sync"
)

// addressed tells what stands behind the API its public address, by the first request:
// the stack cannot name the API to a function that is part of it. Before a domain of its
// own the parameter ApiUrl names it.
type addressed struct {
	next  http.Handler
	set   func(base string)
	known bool
	once  sync.Once
}

func (a *addressed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.known {
		a.once.Do(func() { a.set("https://" + r.Host) })
	}
	a.next.ServeHTTP(w, r)
}
