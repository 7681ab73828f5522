package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// Price is the list price of one item.
type Price struct {
	Name   string  `json:"name"`
	USD    float64 `json:"usd"`
	Per    float64 `json:"per"`    // units that this buys
	Source string  `json:"source"` // address of the page or file that says so
	Date   string  `json:"date"`   // of the price: YYYY-MM-DD, or YYYY-MM
	Read   string  `json:"read"`   // how the figure was read
}

// Prices is the price file.
type Prices struct {
	Region   string           `json:"region"`
	Currency string           `json:"currency"`
	Note     string           `json:"note"`
	Items    map[string]Price `json:"items"`
}

// ReadPrices reads the price file. A price without source, date and origin is an
// error, as is a member that is not known.
func ReadPrices(path string) (*Prices, error) {
	var p Prices
	if err := readStrict(path, &p); err != nil {
		return nil, err
	}
	if p.Region == "" || p.Currency != "USD" {
		return nil, fmt.Errorf("cost: %s: wants a region, and USD", path)
	}
	for _, id := range p.ids() {
		it := p.Items[id]
		if it.Name == "" || it.Source == "" || it.Read == "" || it.USD < 0 || it.Per <= 0 {
			return nil, fmt.Errorf("cost: %s: %s: wants name, usd, per, source and read", path, id)
		}
		if _, err := time.Parse("2006-01-02", it.Date); err != nil {
			if _, err := time.Parse("2006-01", it.Date); err != nil {
				return nil, fmt.Errorf("cost: %s: %s: wants a date", path, id)
			}
		}
	}
	return &p, nil
}

// Of is the price of an amount of an item, in USD. An item without a price is an error.
func (p *Prices) Of(id string, amount float64) (float64, error) {
	it, ok := p.Items[id]
	if !ok {
		return 0, fmt.Errorf("cost: the price file has no price of %s", id)
	}
	return it.USD * amount / it.Per, nil
}

func (p *Prices) ids() []string { return slices.Sorted(maps.Keys(p.Items)) }

// readStrict reads a JSON file and refuses members that v has not.
func readStrict(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cost: %w", err)
	}
	defer func() { _ = f.Close() }()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("cost: %s: %w", path, err)
	}
	return nil
}
