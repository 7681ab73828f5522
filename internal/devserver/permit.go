package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/template"
)

// guard enforces the functions' roles on their calls. Who is no function is
// allowed everything.
type guard struct {
	log *logs.Log

	mu    sync.Mutex
	model *template.Model
	told  map[string]bool
}

// use puts the roles of a model into effect.
func (g *guard) use(m *template.Model) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.model, g.told = m, map[string]bool{}
}

// permit answers nil if the caller's role allows the action on the resource.
func (g *guard) permit(caller, action, resource string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.model == nil {
		return nil
	}
	f := g.model.Function(caller)
	if f == nil || f.Role.Allows(action, resource) {
		return nil
	}
	err := fmt.Errorf("function %s is not authorized to perform %s on %s: its role in the template does not allow it", caller, action, resource)
	if key := caller + " " + action + " " + resource; !g.told[key] {
		g.told[key] = true
		g.log.Block(short(caller), "", "a call was refused", []string{err.Error()})
	} else {
		g.log.Error(short(caller), "a call was refused", "action", action, "resource", resource)
	}
	return err
}

// checkRoles finds what roles lack so that Lambda could read their functions'
// sources, and keep what they failed at: all of it at once.
func checkRoles(m *template.Model, streams map[string]string) error {
	var missing []string
	need := func(f *template.Function, resource string, actions ...string) {
		for _, a := range actions {
			if !f.Role.Allows(a, resource) {
				missing = append(missing, fmt.Sprintf("%s needs %s on %s", f.ID, a, resource))
			}
		}
	}
	for i := range m.Functions {
		f := &m.Functions[i]
		for _, s := range f.Queues {
			need(f, m.Queue(s.Queue).ARN, template.QueueActions()...)
		}
		if to := f.Async.OnFailure; to != "" {
			need(f, to, "sqs:SendMessage")
		}
		for _, s := range f.Streams {
			need(f, streams[s.Table], template.StreamActions()...)
			if s.OnFailure != "" {
				need(f, m.Bucket(s.OnFailure).ARN+"/aws/lambda/x", "s3:PutObject")
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("devserver: roles lack permissions that event sources need:\n  " + strings.Join(missing, "\n  "))
}

// short is a function's name in the log: its logical id in lower case, without
// the word Function.
func short(id string) string {
	name := strings.ToLower(id)
	if bare := strings.TrimSuffix(name, "function"); bare != "" {
		return bare
	}
	return name
}
