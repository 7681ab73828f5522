package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/media"
	"omnihub/internal/metric"
)

// handler answers GET /media/{team}/{file}.
type handler struct {
	Library *media.Library
	Metrics *metric.Meter
}

// forever is what a cache may keep: what stands at an address never changes.
const forever = "public, max-age=31536000, immutable"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.Metrics.Flush()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet {
		refuse(w, hub.E(hub.BadMethod, "media: serve", nil))
		return
	}
	f, err := h.Library.Find(r.Context(), hub.TeamID(r.PathValue("team")), r.PathValue("file"))
	if err != nil {
		refuse(w, err)
		return
	}
	tag := `"` + f.Hash + `"`
	if known(r.Header.Get("If-None-Match"), tag) {
		keep(w, tag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, err := h.Library.Read(r.Context(), f)
	if err != nil {
		refuse(w, err)
		return
	}
	keep(w, tag)
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Write(body)
}

func keep(w http.ResponseWriter, tag string) {
	w.Header().Set("Cache-Control", forever)
	w.Header().Set("ETag", tag)
}

// known reports whether a client has the file: by the weak comparison.
// https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
func known(header, tag string) bool {
	for _, one := range strings.Split(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// refuse answers an error. All that is not there is answered alike.
func refuse(w http.ResponseWriter, err error) {
	code, detail := hub.CodeOf(err), "There is no such picture."
	switch code {
	case hub.NotFound:
	case hub.BadMethod:
		detail = "Pictures are read with GET."
		w.Header().Set("Allow", http.MethodGet)
	default:
		code, detail = hub.Transient, "The picture could not be read now. Ask again."
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code.HTTPStatus())
	json.NewEncoder(w).Encode(map[string]any{"status": code.HTTPStatus(), "code": code, "detail": detail})
}
