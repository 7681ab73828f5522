package main

import (
	"cmp"
	"testing"
)

func TestMemoryComesFromTheTemplate(t *testing.T) {
	own := map[string]float64{"API": 512, "Erase": 512, "Omnilink": 512}
	for change, want := range map[[2]string]float64{
		{"MemorySize: 256", "MemorySize: 256"}: 256,
		{"MemorySize: 256", "MemorySize: 512"}: 512,
	} {
		p, err := ReadPlant(changed(t, project.template, change[0], change[1]), 30)
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range p.Functions {
			if want := cmp.Or(own[name], want); f.Memory != want {
				t.Errorf("%s: got %g MB, want %g", name, f.Memory, want)
			}
		}
	}
}

func TestPlantKnowsWhatInvokesWhom(t *testing.T) {
	p, err := ReadPlant(project.template, 30)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Function{
		"Ingress":   {Memory: 256, Trigger: byHTTP, Quiet: true},
		"Inbound":   {Memory: 256, Trigger: byQueue, Queue: "InboundQueue.fifo", Quiet: true},
		"Relay":     {Memory: 256, Trigger: byStream, Quiet: true},
		"Outbound":  {Memory: 256, Trigger: byQueue, Queue: "OutboundQueue.fifo", Quiet: true},
		"Reconcile": {Memory: 256, Trigger: bySchedule, Monthly: 43_200, Quiet: true},
	}
	for name, f := range want {
		if p.Functions[name] != f {
			t.Errorf("%s: got %+v, want %+v", name, p.Functions[name], f)
		}
	}
	if !p.Queues["InboundQueue.fifo"] || len(p.Fed) < 2 || p.Keys != 1 || p.Alarms < 10 {
		t.Errorf("got queues %v, fed %v, %g keys, %g alarms", p.Queues, p.Fed, p.Keys, p.Alarms)
	}
}

func TestLogLevelComesFromTheTemplate(t *testing.T) {
	p, err := ReadPlant(changed(t, project.template, "SystemLogLevel: WARN", "SystemLogLevel: INFO"), 30)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(p.quiet()), len(p.Functions)-1; got != want || p.Functions["Ingress"].Quiet {
		t.Errorf("got %v, want all but Ingress", p.quiet())
	}
}

func TestMonthlyCountsRunsOfSchedules(t *testing.T) {
	for expression, want := range map[string]float64{"rate(1 minute)": 43_200, "rate(15 minutes)": 2_880, "rate(2 hours)": 360, "rate(1 day)": 30, "cron(59 * * * ? *)": 720, "cron(59 15 * * ? *)": 30} {
		if got, err := monthly(expression, 30); err != nil || got != want {
			t.Errorf("%s: got %g, %v, want %g", expression, got, err, want)
		}
	}
	for _, expression := range []string{"cron(0 * * * ?)", "rate(1 fortnight)", "rate(0 minutes)", "rate(minute)", ""} {
		if got, err := monthly(expression, 30); err == nil {
			t.Errorf("%q: got %g, want an error", expression, got)
		}
	}
}
