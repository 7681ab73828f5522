package api

import (
	"context"
	"errors"

	"omnihub/internal/api/problem"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
)

type erasurePreview struct {
	Contact  hub.HomeID   `json:"contact"`
	Homes    []hub.HomeID `json:"homes"`
	Threads  int          `json:"threads"`
	Messages int          `json:"messages"`
	More     bool         `json:"more_messages"`
	Remains  []string     `json:"remains"`
	Token    string       `json:"confirm"`
	Expires  *string      `json:"confirm_until"`
}

// previewErasure shows what an erasure of the contact would take.
func (a *API) previewErasure(ctx context.Context, c *call) (answer, error) {
	p, err := a.Erasures.Preview(ctx, c.team.ID, c.home())
	if err != nil {
		return answer{}, err
	}
	out := erasurePreview{
		Contact: p.Root, Homes: []hub.HomeID{}, Threads: p.Threads, Messages: p.Messages, More: p.More,
		Remains: append([]string{}, p.Remains...), Token: p.Token, Expires: instant(p.Expires),
	}
	for _, h := range p.Homes {
		out.Homes = append(out.Homes, h.ID)
	}
	return answer{body: out}, nil
}

type erasureShown struct {
	ID      string           `json:"id"`
	Contact hub.HomeID       `json:"contact"`
	Homes   []hub.HomeID     `json:"homes"`
	Begun   *string          `json:"begun_at"`
	By      string           `json:"by"`
	Phase   hub.ErasurePhase `json:"phase"`
	Erased  *string          `json:"erased_at"`
	Counts  erasureCounts    `json:"counts"`
}

type erasureCounts struct {
	Contacts int `json:"contacts"`
	Messages int `json:"messages"`
	Ledger   int `json:"ledger"`
	Records  int `json:"records"`
}

// showErasure is an erasure while it goes on, and as its certificate.
func showErasure(e hub.Erasure) erasureShown {
	return erasureShown{e.ID, e.Root, append([]hub.HomeID{}, e.Homes...), instant(e.At), e.By, e.Phase, instant(e.Erased), erasureCounts(e.Counts)}
}

// eraseContact begins the erasure that was shown under a token.
func (a *API) eraseContact(ctx context.Context, c *call) (answer, error) {
	var in struct {
		Confirm string `json:"confirm"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	e, err := a.Erasures.Begin(ctx, c.team.ID, c.home(), in.Confirm, c.audit("contact.erase", target(c.home())))
	return answer{body: showErasure(e)}, err
}

func (a *API) listErasures(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	all, next, err := a.Store.ErasurePage(ctx, c.team.ID, place, c.limit())
	return page(c, all, next, showErasure), err
}

func (a *API) showErasure(ctx context.Context, c *call) (answer, error) {
	e, err := a.Erasures.Erasure(ctx, c.team.ID, c.param("erasure"))
	return answer{body: showErasure(e)}, err
}

// allowAgain lets a value of somebody who was erased come back by imports.
func (a *API) allowAgain(ctx context.Context, c *call) (answer, error) {
	var in struct {
		Field string `json:"field"`
		Value string `json:"value"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	err := a.Erasures.Allow(ctx, c.team.ID, contact.Change{Field: in.Field, Value: in.Value}, c.audit("erasure.allow", "tombstone/"+in.Field))
	var field *contact.FieldError
	if errors.As(err, &field) {
		err = problem.Body("/value", field.Detail)
	}
	return answer{}, err
}
