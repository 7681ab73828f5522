package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project are the files that `make cost` reads.
var project = paths{
	template: "../../template.yaml", golden: "../budget/testdata/budget.golden",
	prices: "prices.json", assumptions: "assumptions.json", measured: "measured.json",
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// changed is a file of the project with one text in another's place.
func changed(t *testing.T, path, old, text string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	return write(t, strings.Replace(string(data), old, text, 1))
}

func TestPriceOfAnAmount(t *testing.T) {
	p := &Prices{Items: map[string]Price{"kms.request": {USD: 0.03, Per: 10_000}}}
	if got, err := p.Of("kms.request", 50_000); err != nil || !near(got, 0.15) {
		t.Errorf("got %g, %v, want 0.15", got, err)
	}
	if got, err := p.Of("s3.put", 1); err == nil {
		t.Errorf("an item without a price: got %g, want an error", got)
	}
}

func TestPriceFileNeedsSourceDateAndOrigin(t *testing.T) {
	const whole = `{"region":"us-east-1","currency":"USD","note":"","items":{"a":{"name":"A","usd":1,"per":10,"source":"https://a","date":"2026-09-06","read":"page"}}}`
	if _, err := ReadPrices(write(t, whole)); err != nil {
		t.Fatalf("the whole file: %v", err)
	}
	for name, change := range map[string][2]string{
		"no source":       {`"https://a"`, `""`},
		"no date":         {`"2026-09-06"`, `""`},
		"a date in words": {`"2026-09-06"`, `"September"`},
		"no origin":       {`"page"`, `""`},
		"per nothing":     {`"per":10`, `"per":0`},
		"below zero":      {`"usd":1`, `"usd":-1`},
		"euros":           {`"USD"`, `"EUR"`},
		"no region":       {`"us-east-1"`, `""`},
		"another member":  {`"usd":1`, `"usd":1,"eur":1`},
	} {
		if _, err := ReadPrices(write(t, strings.Replace(whole, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestEveryLineOfTheReportHasAPrice(t *testing.T) {
	p, err := ReadPrices(project.prices)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range append([]string{"logs.gb", "scheduler.invocation", "kms.key", "cloudwatch.alarm", "dynamodb.stream"}, lines...) {
		if _, err := p.Of(id, 1); err != nil {
			t.Error(err)
		}
	}
}

func TestAssumptionsSayWhereTheyComeFrom(t *testing.T) {
	a, err := ReadAssumptions(project.assumptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range a.origins() {
		if _, err := ReadAssumptions(changed(t, project.assumptions, `"`+o.text+`"`, `""`)); err == nil {
			t.Errorf("%s without an origin: got no error", o.part)
		}
	}
	if _, err := ReadAssumptions(changed(t, project.assumptions, `"wait_s": 20`, `"wait_s": 0`)); err == nil {
		t.Error("a receive each 0 s: got no error")
	}
}
