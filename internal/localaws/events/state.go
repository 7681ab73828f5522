package events

import (
	"encoding/json"
	"fmt"
	"strings"

	"omnihub/internal/localaws/disk"
)

const (
	diskBuses = "events.buses"
	diskRules = "events.rules" // with their targets
)

func (b *bus) op() disk.Op {
	return disk.Op{Bucket: diskBuses, Key: []byte(b.name), Value: encode(b.busRecord)}
}

func (r *rule) key() []byte { return []byte(r.Bus + "\x00" + r.Name) }

func (r *rule) op() disk.Op {
	return disk.Op{Bucket: diskRules, Key: r.key(), Value: encode(r.ruleRecord)}
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("events: a record cannot be encoded: " + err.Error()) // plain structs always can
	}
	return text
}

func (e *Engine) load() error {
	err := e.cfg.Disk.Load(diskBuses, func(name, value []byte) error {
		b := &bus{name: string(name), rules: map[string]*rule{}}
		e.buses[b.name] = b
		return json.Unmarshal(value, &b.busRecord)
	})
	if err != nil {
		return err
	}
	if e.buses[defaultBus] == nil {
		e.cfg.Disk.Append(e.newBus(defaultBus, "").op())
	}
	err = e.cfg.Disk.Load(diskRules, func(key, value []byte) error {
		r := &rule{}
		if err := json.Unmarshal(value, &r.ruleRecord); err != nil {
			return err
		}
		name := strings.ReplaceAll(string(key), "\x00", "/")
		b := e.buses[r.Bus]
		if b == nil {
			return fmt.Errorf("rule %s: its bus is missing", name)
		}
		var err error
		if r.pattern, err = compilePattern(r.EventPattern); err != nil {
			return fmt.Errorf("rule %s: %w", name, err)
		}
		for _, t := range r.Targets {
			made, err := e.newTarget(t, "targets")
			if err != nil {
				return fmt.Errorf("rule %s: target %s: %w", name, t.Id, err)
			}
			r.targets = append(r.targets, made)
		}
		r.arn = e.ruleARN(r.Bus, r.Name)
		b.rules[r.Name] = r
		return nil
	})
	for _, b := range e.buses {
		b.refresh()
	}
	return err
}
