package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"omnihub/internal/devserver/build"
	"omnihub/internal/devserver/gateway"
	"omnihub/internal/devserver/source"
)

// apiHandler serves the HTTP API, and the dev controls below /_dev/. Requests wait
// while the clock moves.
func (m *machine) apiHandler() http.Handler {
	c := gateway.Config{API: m.model.API, Account: account, Region: region, Now: m.clock.Now, Log: m.log,
		Function: func(id string) gateway.Invoker { return m.functions[id] }}
	if !m.unthrottled {
		c.Throttle = func(route string) (gateway.Limit, bool) {
			l, ok := m.model.API.Throttle(route)
			return gateway.Limit(l), ok
		}
	}
	api := gateway.New(c)
	dev := http.NewServeMux()
	dev.HandleFunc("POST /_dev/tick/{function}", m.serveTick)
	dev.HandleFunc("GET /_dev/clock", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, m.clockState(nil)) })
	dev.HandleFunc("POST /_dev/clock", m.serveClock)
	dev.HandleFunc("GET /_dev/healthz", m.serveHealth)
	dev.HandleFunc("GET /_dev/idle", m.serveIdle)
	dev.HandleFunc("GET /_dev/state", m.serveState)
	dev.HandleFunc("GET /_dev/events", m.serveEvents)
	dev.HandleFunc("POST /_dev/kill/{function}", m.serveKill)
	dev.HandleFunc("POST /_dev/rebuild", m.serveRebuild)
	dev.HandleFunc("GET /_dev/failpoints", m.serveFailpoints)
	dev.HandleFunc("POST /_dev/failpoints", m.setFailpoints)
	dev.HandleFunc("POST "+failpointPath+"{function}/{point}", m.passFailpoint)
	dev.HandleFunc("/_dev/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is no control "+r.Method+" "+r.URL.Path)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_dev/") {
			dev.ServeHTTP(w, r)
			return
		}
		m.gate.RLock()
		defer m.gate.RUnlock()
		api.ServeHTTP(w, r)
	})
}

func (m *machine) serveTick(w http.ResponseWriter, r *http.Request) {
	id := m.find(r.PathValue("function"))
	if id == "" {
		refuse(w, http.StatusNotFound, "there is no function "+r.PathValue("function"))
		return
	}
	m.gate.RLock()
	fired := m.timetable.Tick(id)
	m.gate.RUnlock()
	if len(fired) == 0 {
		refuse(w, http.StatusNotFound, id+" has no schedule")
		return
	}
	reply(w, statusOf(fired), map[string]any{"fired": fired})
}

// statusOf is 200 if all of it went well, else 502.
func statusOf(fired []source.Fired) int {
	for _, f := range fired {
		if f.Error != "" {
			return http.StatusBadGateway
		}
	}
	return http.StatusOK
}

func (m *machine) clockState(fired []source.Fired) map[string]any {
	out := map[string]any{"now": m.clock.Now().UTC(), "offset": m.clock.Offset().String()}
	if fired != nil {
		out["fired"] = fired
	}
	return out
}

func (m *machine) serveClock(w http.ResponseWriter, r *http.Request) {
	var body struct{ Advance string }
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, `want {"advance":"15m"}: `+err.Error())
		return
	}
	by, err := time.ParseDuration(body.Advance)
	if err != nil {
		refuse(w, http.StatusBadRequest, `advance must be a duration, such as "15m" or "36h"`)
		return
	}
	if by < 0 {
		refuse(w, http.StatusBadRequest, "the clock does not go backwards")
		return
	}
	fired, err := m.advance(by)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	reply(w, http.StatusOK, m.clockState(fired))
}

// advance moves the clock: sources stop, invocations finish, the clock moves,
// processes start anew with it, what is due by it is done, and the schedules that
// were passed fire once each before the sources go on.
func (m *machine) advance(by time.Duration) ([]source.Fired, error) {
	m.changing.Lock()
	defer m.changing.Unlock()
	if !m.ready.Load() {
		return nil, errors.New("the devserver is not ready")
	}
	m.sources.Stop()
	defer m.sources.Start()
	m.gate.Lock()
	err := m.host.Drain(context.Background())
	offset := m.clock.Offset() + by
	if err == nil && !m.memory {
		err = m.state.keepOffset(offset) // first: after a kill the clock must not go back
	}
	if err == nil {
		m.clock.Set(offset)
		for i := range m.model.Functions {
			f := &m.model.Functions[i]
			m.functions[f.ID].Replace(m.configuration(f))
		}
		if m.cloud != nil {
			m.cloud.Sweep()
		}
	}
	m.gate.Unlock()
	if err != nil {
		return nil, err
	}
	m.log.Info("devserver", "the clock moved", "by", by, "now", m.clock.Now().UTC().Format(time.RFC3339))
	fired := m.timetable.Passed()
	if fired == nil {
		fired = []source.Fired{}
	}
	return fired, nil
}

func (m *machine) serveHealth(w http.ResponseWriter, _ *http.Request) {
	oldest := time.Duration(0)
	for _, r := range m.readers {
		for _, p := range r.Positions() {
			oldest = max(oldest, p.Age)
		}
	}
	status := http.StatusOK
	if !m.ready.Load() {
		status = http.StatusServiceUnavailable
	}
	reply(w, status, map[string]any{"ready": m.ready.Load(), "iterator_age": oldest.Round(time.Second).String()})
}

func (m *machine) serveState(w http.ResponseWriter, r *http.Request) {
	s, err := m.snapshot(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	processes, peaks := m.host.Processes(), map[string]int64{}
	for id, f := range m.functions {
		peaks[short(id)] = f.Peak()
	}
	reply(w, http.StatusOK, map[string]any{"addresses": m.urls, "clock": m.clockState(nil), "activity": s,
		"processes": processes, "peak_bytes": peaks, "schedules": m.timetable.Plan()})
}

func (m *machine) serveKill(w http.ResponseWriter, r *http.Request) {
	id := m.find(r.PathValue("function"))
	if id == "" {
		refuse(w, http.StatusNotFound, "there is no function "+r.PathValue("function"))
		return
	}
	// ?busy=10s waits so long for a process that has an event, and kills that.
	if text := r.FormValue("busy"); text != "" {
		wait, err := time.ParseDuration(text)
		if err != nil || wait < 0 {
			refuse(w, http.StatusBadRequest, "busy is a duration, such as 10s")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		pid := m.functions[id].KillBusy(ctx)
		if pid == 0 {
			refuse(w, http.StatusConflict, id+" had no event within "+wait.String())
			return
		}
		reply(w, http.StatusOK, map[string]any{"function": id, "pid": pid})
		return
	}
	pid := m.functions[id].Kill()
	if pid == 0 {
		refuse(w, http.StatusConflict, id+" has no process now")
		return
	}
	reply(w, http.StatusOK, map[string]any{"function": id, "pid": pid})
}

func (m *machine) serveRebuild(w http.ResponseWriter, _ *http.Request) {
	changed, err := m.rebuild(context.Background())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	reply(w, http.StatusOK, map[string]any{"changed": changed})
}

// rebuild builds all functions and starts those anew whose program changed. A
// function that could not be built keeps its old program.
func (m *machine) rebuild(ctx context.Context) ([]string, error) {
	m.changing.Lock()
	defer m.changing.Unlock()
	if !m.ready.Load() {
		return nil, errors.New("the devserver is not ready")
	}
	began := time.Now()
	changed := []string{}
	err := m.builder.Run(ctx, m.targets, false, func(o build.Outcome) {
		m.tellBuild(o)
		if o.Changed {
			changed = append(changed, o.ID)
			m.functions[o.ID].Replace(m.configuration(m.model.Function(o.ID)))
		}
	})
	if !m.templateTime().Equal(m.written) {
		m.log.Warn("devserver", "the template has changed since the start: stop and start again to run it")
	}
	took := fmt.Sprintf("%.1f", time.Since(began).Seconds())
	switch {
	case err != nil:
		m.log.Error("devserver", "some functions could not be built; their old programs go on running", "seconds", took)
	case len(changed) == 0:
		m.log.Info("devserver", "nothing changed", "seconds", took)
	default:
		m.log.Info("devserver", "running the new programs", "functions", strings.Join(changed, ","), "seconds", took)
	}
	return changed, err
}
