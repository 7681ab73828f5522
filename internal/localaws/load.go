package localaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"omnihub/internal/localaws/dynamo"
)

// Load puts many items into a table of DynamoDB at once: see dynamo.Engine.Load.
func (s *Server) Load(table string, lines io.Reader) (int, error) {
	return s.dynamo.Load(table, lines)
}

// takeItems answers POST /_localaws/load?table=<name>.
func (s *Server) takeItems(w http.ResponseWriter, req *http.Request) {
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil || len(query) != 1 || len(query["table"]) != 1 {
		http.Error(w, "localaws: load: the query is table=<name> and nothing else", http.StatusBadRequest)
		return
	}
	loaded, err := s.Load(query.Get("table"), req.Body)
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, dynamo.ErrLines) {
			status = http.StatusBadRequest
		}
		http.Error(w, fmt.Sprintf("%v (%d items are loaded)", err, loaded), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]int{"loaded": loaded})
}
