package main

import (
	"fmt"
	"slices"

	"omnihub/internal/devserver/template"
	"omnihub/internal/localaws/pattern"
)

// checkSwitch holds what the budget leaves out against the template: with the
// budget's parameters there must be a stream that hands over facts, but none of that
// kind. Else the budget is that of no deployment.
func checkSwitch(path string, a *Assumptions) error {
	if len(a.Budget.Without) == 0 {
		return nil
	}
	m, err := resolve(path, a.Budget.Parameters)
	if err != nil {
		return err
	}
	for _, kind := range a.Budget.Without {
		spared := false
		for _, f := range m.Functions {
			for _, s := range f.Streams {
				this, err := handsOver(s, kind)
				if err != nil {
					return err
				}
				another, err := handsOver(s, kind+".another")
				if err != nil {
					return err
				}
				spared = spared || another && !this
			}
		}
		if !spared {
			return fmt.Errorf("cost: budget: with %s the template publishes %s all the same", each(a.Budget.Parameters, "="), kind)
		}
	}
	return nil
}

// handsOver tells whether a stream's filters let the insert of a fact through.
func handsOver(s template.StreamSource, kind string) (bool, error) {
	var filters []*pattern.Pattern
	for _, text := range s.Filters {
		p, err := pattern.CompileFilter(text)
		if err != nil {
			return false, fmt.Errorf("cost: filter of %s: %w", s.Event, err)
		}
		filters = append(filters, p)
	}
	fact := map[string]any{"eventName": "INSERT", "dynamodb": map[string]any{
		"NewImage": map[string]any{"pub": map[string]any{"S": kind}},
	}}
	return len(filters) == 0 || slices.ContainsFunc(filters, func(p *pattern.Pattern) bool { return p.Match(fact) }), nil
}
