package main

import (
	"io"
	"net/http"

	"omnihub/internal/devserver/fault"
	"omnihub/internal/failpoint"
)

// failpointPath is below which a function asks whether it dies.
const failpointPath = "/_dev/failpoint/"

// failpointState is what GET /_dev/failpoints shows.
type failpointState struct {
	Built    bool                `json:"built"` // with the tag chaos
	Plan     fault.FailpointPlan `json:"plan"`
	Passages fault.Passages      `json:"passages"` // since the start, by function and point
}

func (m *machine) failpointState() failpointState {
	plan, passages := m.failpoints.State()
	if plan.Points == nil {
		plan.Points = []fault.Failpoint{}
	}
	return failpointState{m.chaotic(), plan, passages}
}

func (m *machine) serveFailpoints(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, m.failpointState())
}

// setFailpoints puts a plan into effect.
func (m *machine) setFailpoints(w http.ResponseWriter, r *http.Request) {
	if !m.chaotic() {
		refuse(w, http.StatusConflict, "the functions have no failpoints: build with -tags chaos (DEV_TAGS=chaos)")
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // the caller broke off
	}
	plan, err := fault.ParseFailpoints(raw, m.findLabel)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	m.failpoints.Set(plan)
	m.log.Info("devserver", "failpoints changed", "points", len(plan.Points))
	reply(w, http.StatusOK, m.failpointState())
}

// passFailpoint answers a function that came to a failpoint: 410 is its death.
func (m *machine) passFailpoint(w http.ResponseWriter, r *http.Request) {
	id := m.find(r.PathValue("function"))
	if id == "" {
		refuse(w, http.StatusNotFound, "there is no function "+r.PathValue("function"))
		return
	}
	point := failpoint.Point(r.PathValue("point"))
	die, err := m.failpoints.Hit(short(id), point)
	if err != nil {
		m.log.Error(short(id), "came to a failpoint that is not known", "point", string(point))
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	if !die {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	m.functions[id].Measure()
	m.log.Info(short(id), "dies at a failpoint", "point", string(point))
	w.WriteHeader(http.StatusGone)
}
