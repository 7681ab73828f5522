package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Assumptions is what is neither counted nor priced. Each part says where it comes
// from.
type Assumptions struct {
	Budget struct {
		USD      float64 `json:"usd"`      // of a million
		Scenario string  `json:"scenario"` // stands in the names of those that it binds
		Column   string  `json:"column"`
		// Without are the kinds of events whose publication the budget leaves out, and
		// Parameters are those of the template by which a deployment leaves them out.
		Without    []string          `json:"without"`
		Parameters map[string]string `json:"parameters"`
		Origin     string            `json:"origin"`
	} `json:"budget"`
	Month struct {
		Days     float64 `json:"days"`
		Messages float64 `json:"messages"`
		Origin   string  `json:"origin"`
	} `json:"month"`
	CPU struct {
		InvokeMS float64 `json:"invoke_ms"` // of one whole processor
		CallMS   float64 `json:"call_ms"`
		FullMB   float64 `json:"full_mb"` // memory that comes with one whole processor
		Origin   string  `json:"origin"`
	} `json:"cpu"`
	WaitMS struct {
		SQS      float64 `json:"sqs"`
		DynamoDB float64 `json:"dynamodb"`
		Events   float64 `json:"events"`
		KMS      float64 `json:"kms"`
		S3       float64 `json:"s3"`
		Platform float64 `json:"platform"`
		Origin   string  `json:"origin"`
	} `json:"wait_ms"`
	Cold struct {
		Share  float64 `json:"share"` // of the invocations
		InitMS float64 `json:"init_ms"`
		Origin string  `json:"origin"`
	} `json:"cold"`
	PlatformCalls struct {
		PerMessage map[string]float64 `json:"per_message"` // by function
		Origin     string             `json:"origin"`
	} `json:"platform_calls"`
	Polling struct {
		Pollers float64 `json:"pollers"` // of one queue
		WaitS   float64 `json:"wait_s"`
		Origin  string  `json:"origin"`
	} `json:"polling"`
	Logs struct {
		OverheadBytes float64  `json:"overhead_bytes"` // of a line
		GB            float64  `json:"gb"`             // bytes
		Invocation    []string `json:"invocation"`     // lines that Lambda adds to an invocation
		Webhook       []string `json:"webhook"`        // lines of the access log for a webhook
		Origin        string   `json:"origin"`
	} `json:"logs"`
}

// ReadAssumptions reads the assumption file. A part without an origin is an error.
func ReadAssumptions(path string) (*Assumptions, error) {
	var a Assumptions
	if err := readStrict(path, &a); err != nil {
		return nil, err
	}
	for _, o := range a.origins() {
		if o.text == "" {
			return nil, fmt.Errorf("cost: %s: %s does not say where it comes from", path, o.part)
		}
	}
	if (len(a.Budget.Without) == 0) != (len(a.Budget.Parameters) == 0) {
		return nil, fmt.Errorf("cost: %s: the budget's without and parameters go together", path)
	}
	for _, v := range []float64{a.Budget.USD, a.Month.Days, a.Month.Messages, a.CPU.FullMB, a.Polling.WaitS, a.Logs.GB} {
		if v <= 0 {
			return nil, fmt.Errorf("cost: %s: the budget, the month, full_mb, wait_s and gb must be above 0", path)
		}
	}
	return &a, nil
}

type origin struct{ part, value, text string }

// origins are the parts with what they assume, for the report.
func (a *Assumptions) origins() []origin {
	w := a.WaitMS
	return []origin{
		{"budget", fmt.Sprintf("%.2f USD a million, column %q, %s", a.Budget.USD, a.Budget.Column, a.leftOut()), a.Budget.Origin},
		{"month", fmt.Sprintf("%g days, %.0f messages", a.Month.Days, a.Month.Messages), a.Month.Origin},
		{"processor time", fmt.Sprintf("%g ms an invocation, %g ms a call, of a processor of %g MB", a.CPU.InvokeMS, a.CPU.CallMS, a.CPU.FullMB), a.CPU.Origin},
		{"waiting", fmt.Sprintf("ms a call: DynamoDB %g, SQS %g, EventBridge %g, KMS %g, S3 %g, platform %g", w.DynamoDB, w.SQS, w.Events, w.KMS, w.S3, w.Platform), w.Origin},
		{"cold starts", fmt.Sprintf("%g of the invocations, %g ms each", a.Cold.Share, a.Cold.InitMS), a.Cold.Origin},
		{"platform calls", each(a.PlatformCalls.PerMessage, " "), a.PlatformCalls.Origin},
		{"polling", fmt.Sprintf("%g pollers a queue, a receive each %g s", a.Polling.Pollers, a.Polling.WaitS), a.Polling.Origin},
		{"logs", fmt.Sprintf("%.0f bytes an invocation where Lambda logs each, %.0f bytes a webhook, beside the functions' own lines", a.lineBytes(a.Logs.Invocation), a.lineBytes(a.Logs.Webhook)), a.Logs.Origin},
	}
}

// each is a list of names with their values.
func each[V any](values map[string]V, between string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, fmt.Sprint(name, between, values[name]))
	}
	return strings.Join(list, ", ")
}

// leftOut names what the budget leaves out, and how a deployment does.
func (a *Assumptions) leftOut() string {
	if len(a.Budget.Without) == 0 {
		return "with all that is published"
	}
	return fmt.Sprintf("without the publication of %s: %s", strings.Join(a.Budget.Without, ", "), each(a.Budget.Parameters, "="))
}

// lineBytes is what lines count.
func (a *Assumptions) lineBytes(lines []string) float64 {
	n := 0.0
	for _, l := range lines {
		n += float64(len(l)) + a.Logs.OverheadBytes
	}
	return n
}

// wait is how long a call of a service takes, in ms.
func (a *Assumptions) wait(service string) float64 {
	switch service {
	case sqs:
		return a.WaitMS.SQS
	case events:
		return a.WaitMS.Events
	case kms:
		return a.WaitMS.KMS
	case s3:
		return a.WaitMS.S3
	default:
		return a.WaitMS.DynamoDB
	}
}
