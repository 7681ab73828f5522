package main

import (
	"fmt"
	"maps"
	"sort"
)

// lines are the items in the order of the report.
var lines = []string{
	"httpapi.request", "lambda.request", "lambda.gbsecond", "sqs.fifo.request", "sqs.standard.request",
	"dynamodb.wru", "dynamodb.rru", "eventbridge.event", "kms.request", "s3.put",
}

// Bill is the price of a million events of one scenario in one shape, in USD.
type Bill struct {
	Usage Usage
	Items map[string]float64
	Sum   float64 // without logs and polling
	Logs  float64
}

const million = 1_000_000

// bill prices a usage. An item that has no line or no price is an error.
func bill(p *Prices, a *Assumptions, u Usage) (Bill, error) {
	b := Bill{Usage: u, Items: map[string]float64{}}
	left := maps.Clone(u.Items)
	for _, id := range lines {
		delete(left, id)
		if u.Items[id] == 0 {
			continue
		}
		usd, err := p.Of(id, u.Items[id]*million)
		if err != nil {
			return b, err
		}
		b.Items[id] = usd
		b.Sum += usd
	}
	for id := range left {
		return b, fmt.Errorf("cost: %s has no line in the report", id)
	}
	var err error
	b.Logs, err = p.Of("logs.gb", u.LogBytes*million/a.Logs.GB)
	return b, err
}

// Fixed is what a month costs whether anybody writes or not, in USD.
type Fixed struct {
	Name   string
	Amount float64
	USD    float64
}

// fixed prices polling and what else stands there; polling comes first.
func (m *Model) fixed(p *Prices, idle []Scenario) (polling, other []Fixed, err error) {
	seconds := m.Assume.Month.Days * 24 * 3600
	add := func(list *[]Fixed, name, id string, amount float64) {
		usd, priceErr := p.Of(id, amount)
		if priceErr != nil && err == nil {
			err = priceErr
		}
		*list = append(*list, Fixed{name, amount, usd})
	}
	queues := append([]string{}, m.Plant.Fed...)
	sort.Strings(queues)
	for _, q := range queues {
		add(&polling, "empty receives of "+q, m.queueItem(q), m.Assume.Polling.Pollers*seconds/m.Assume.Polling.WaitS)
	}
	for _, s := range idle {
		u, useErr := m.use(s, shapes[0])
		if useErr != nil {
			return nil, nil, useErr
		}
		ticks := 0.0
		for _, c := range s.Counts {
			ticks = max(ticks, m.Plant.Functions[c.Function].Monthly)
		}
		add(&other, "schedules", "scheduler.invocation", ticks)
		for _, id := range lines {
			if n := u.Items[id] * ticks; n > 0 {
				add(&other, "schedules: "+p.Items[id].Name, id, n)
			}
		}
	}
	add(&other, "keys", "kms.key", m.Plant.Keys)
	add(&other, "alarms", "cloudwatch.alarm", m.Plant.Alarms)
	return polling, other, err
}

func total(list []Fixed) float64 {
	sum := 0.0
	for _, f := range list {
		sum += f.USD
	}
	return sum
}
