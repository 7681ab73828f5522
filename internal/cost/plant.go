package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"omnihub/internal/devserver/schedule"
	"omnihub/internal/devserver/template"
)

// stackName is the stack whose prefix internal/budget takes off the resources.
const stackName = "omnihub"

// trigger is what invokes a function.
type trigger int

const (
	byHTTP trigger = iota
	byQueue
	byStream
	bySchedule
)

// Function is what the template says of a function, as far as it costs.
type Function struct {
	Memory  float64 // MB
	Trigger trigger
	Queue   string  // that feeds it, as the golden file names it; "" unless byQueue
	Monthly float64 // invocations by its schedules; 0 unless bySchedule
	Quiet   bool    // Lambda logs no start and no report of what succeeds
}

// Plant is what template.yaml deploys, as far as it costs.
type Plant struct {
	Functions map[string]Function
	Queues    map[string]bool // by the golden file's name: whether it is FIFO
	Fed       []string        // queues that feed a function: these are polled
	Keys      float64         // of the key service
	Alarms    float64
}

// ReadPlant reads template.yaml. Days is the length of a month.
func ReadPlant(path string, days float64) (*Plant, error) {
	m, err := resolve(path, nil)
	if err != nil {
		return nil, err
	}
	quiet, alarms, err := unplayed(path)
	if err != nil {
		return nil, err
	}
	p := &Plant{Functions: map[string]Function{}, Queues: map[string]bool{}, Keys: float64(len(m.WrappingKeys)), Alarms: alarms}
	for _, q := range m.Queues {
		p.Queues[short(q.Name)] = q.FIFO
	}
	routed := map[string]bool{}
	for _, r := range m.API.Routes {
		routed[r.Function] = true
	}
	for _, a := range m.API.Authorizers {
		routed[a.Function] = true // "" = by tokens alone
	}
	for _, f := range m.Functions {
		own := Function{Memory: float64(f.Memory), Quiet: quiet[f.ID]}
		kinds := 0
		if routed[f.ID] {
			kinds++
			own.Trigger = byHTTP
		}
		if len(f.Queues) > 0 {
			kinds++
			if len(f.Queues) > 1 {
				return nil, fmt.Errorf("cost: %s is fed by %d queues, which is not known here", f.ID, len(f.Queues))
			}
			own.Trigger, own.Queue = byQueue, short(m.Queue(f.Queues[0].Queue).Name)
			p.Fed = append(p.Fed, own.Queue)
		}
		if len(f.Streams) > 0 {
			kinds++
			own.Trigger = byStream
		}
		for i, s := range f.Schedules {
			if i == 0 {
				kinds++
				own.Trigger = bySchedule
			}
			n, err := monthly(s.Expression, days)
			if err != nil {
				return nil, fmt.Errorf("cost: %s: %w", f.ID, err)
			}
			own.Monthly += n
		}
		if kinds != 1 {
			return nil, fmt.Errorf("cost: %s has %d kinds of triggers, want one", f.ID, kinds)
		}
		p.Functions[f.ID] = own
	}
	return p, nil
}

func resolve(path string, parameters map[string]string) (*template.Model, error) {
	doc, err := template.Read(path)
	if err != nil {
		return nil, fmt.Errorf("cost: %w", err)
	}
	m, err := doc.Resolve(template.Options{Stack: stackName, Region: "us-east-1", Account: "000000000000",
		Parameters: parameters, APIURL: "http://api", AWSURL: "http://aws"})
	if err != nil {
		return nil, fmt.Errorf("cost: %w", err)
	}
	return m, nil
}

// quiet are the functions of which Lambda logs failures only, sorted.
func (p *Plant) quiet() []string {
	var names []string
	for name, f := range p.Functions {
		if f.Quiet {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func short(name string) string { return strings.TrimPrefix(name, stackName+"-") }

// monthly counts how often a rate(…) comes in a month.
func monthly(expression string, days float64) (float64, error) {
	s, err := schedule.Parse(expression, "UTC")
	if err != nil {
		return 0, fmt.Errorf("how often %s comes is not known: %w", expression, err)
	}
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	end := start.Add(time.Duration(days * 24 * float64(time.Hour)))
	n := 0.0
	for at := s.Next(start, start); !at.IsZero() && !at.After(end); at = s.Next(start, at) {
		n++
	}
	return n, nil
}

// unplayed reads what the local stack does not play: the functions of which Lambda
// logs failures only, and the number of alarms.
func unplayed(path string) (quiet map[string]bool, alarms float64, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, fmt.Errorf("cost: %w", err)
	}
	var t struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				LoggingConfig struct {
					SystemLogLevel string `yaml:"SystemLogLevel"`
				} `yaml:"LoggingConfig"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(data, &t); err != nil {
		return nil, 0, fmt.Errorf("cost: %w", err)
	}
	quiet = map[string]bool{}
	for id, r := range t.Resources {
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			alarms++
		case "AWS::Serverless::Function":
			quiet[id] = r.Properties.LoggingConfig.SystemLogLevel == "WARN"
		}
	}
	return quiet, alarms, nil
}
