// Package role decides what a function's execution role allows, from the policy
// statements of the template: identity policies with actions and resources, the
// wildcards * and ?, and explicit denials.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package role

import "strings"

// Statement is one statement of an identity policy. Its conditions were found to
// hold when the template was read.
type Statement struct {
	Deny      bool
	Actions   []string // "sqs:SendMessage", "dynamodb:*"; case does not matter
	Resources []string // ARNs with the wildcards * and ?
}

// Policy is everything that a role states.
type Policy []Statement

// Allows reports whether the policy allows the action on the resource: at least
// one statement allows it and none denies it. The resource must be one ARN, or
// "*" for an action that has no resource.
func (p Policy) Allows(action, resource string) bool {
	allowed := false
	for _, s := range p {
		if !s.covers(action, resource) {
			continue
		}
		if s.Deny {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s Statement) covers(action, resource string) bool {
	action = strings.ToLower(action)
	for _, a := range s.Actions {
		if !Match(strings.ToLower(a), action) {
			continue
		}
		for _, r := range s.Resources {
			if Match(r, resource) {
				return true
			}
		}
		return false
	}
	return false
}

// Match reports whether text fits the pattern, in which * stands for any number
// of characters and ? for exactly one.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
