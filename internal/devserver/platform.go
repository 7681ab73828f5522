package main

import (
	"encoding/json"
	"io"
	"net/http"

	"omnihub/internal/channel/fake"
	"omnihub/internal/devserver/demoteam"
)

// reply writes a JSON answer.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}

func refuse(w http.ResponseWriter, status int, text string) {
	reply(w, status, map[string]string{"error": text})
}

// demo is what scripts need to know of the demo team. Members of capabilities that
// do not exist yet are left out.
type demo struct {
	Team     string             `json:"team"`
	API      string             `json:"api"`
	Accounts []demoteam.Account `json:"accounts"`
	Tokens   map[string]string  `json:"tokens,omitempty"` // by role
	Seeded   map[string]string  `json:"seeded"`
}

// platformHandler serves the fake platforms and what drives them.
func (m *machine) platformHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_demo", func(w http.ResponseWriter, _ *http.Request) {
		accounts := m.team.Accounts
		if accounts == nil {
			accounts = []demoteam.Account{}
		}
		tokens, err := m.tokens()
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		reply(w, http.StatusOK, demo{m.team.Team, m.urls.API, accounts, tokens, m.team.Seeded})
	})
	mux.Handle(issuerPath+"/", http.StripPrefix(issuerPath, m.issuer.Handler()))
	mux.HandleFunc("GET /_sent", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, m.ledger.Calls(r.FormValue("channel"), r.FormValue("to")))
	})
	mux.HandleFunc("GET /_faults", m.serveFaults)
	mux.HandleFunc("POST /_faults", m.setFaults)
	mux.HandleFunc("POST /_customer/{channel}", m.customer)
	for channel, p := range m.fakes {
		mux.Handle("/"+channel+"/", http.StripPrefix("/"+channel, p))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is no "+r.URL.Path+" here; see GET /_demo, GET /_sent, GET and POST /_faults, POST /_customer/{channel}, POST "+issuerPath+"/token")
	})
	return mux
}

func (m *machine) customer(w http.ResponseWriter, r *http.Request) {
	platform := m.fakes[r.PathValue("channel")]
	if platform == nil {
		refuse(w, http.StatusNotFound, "there is no fake platform "+r.PathValue("channel"))
		return
	}
	var act fake.Act
	d := json.NewDecoder(io.LimitReader(r.Body, 8<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&act); err != nil {
		refuse(w, http.StatusBadRequest, "the act could not be read: "+err.Error())
		return
	}
	delivery, err := platform.Act(r.Context(), act)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	reply(w, http.StatusOK, delivery)
}
