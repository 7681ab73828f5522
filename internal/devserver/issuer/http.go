package issuer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxBody is the largest request for a token, in bytes.
const maxBody = 16 << 10

// Handler serves the issuer; the paths are those below its URL:
//
//	GET  /.well-known/openid-configuration
//	GET  /jwks
//	POST /token   form or JSON: subject, audience, client_id, scope, email, name, ttl, alg
//	POST /rotate  new keys sign from now on
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.serveDiscovery)
	mux.HandleFunc("GET /jwks", i.serveKeys)
	mux.HandleFunc("POST /token", i.serveToken)
	mux.HandleFunc("POST /rotate", i.serveRotation)
	for path, method := range map[string]string{"/.well-known/openid-configuration": "GET", "/jwks": "GET", "/token": "POST", "/rotate": "POST"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", method)
			refuse(w, http.StatusMethodNotAllowed, "invalid_request", path+" takes "+method)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "invalid_request", "there is no "+r.URL.Path+" here; see GET /.well-known/openid-configuration, GET /jwks, POST /token, POST /rotate")
	})
	return mux
}

// reply writes a JSON answer that nobody may keep.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse writes an error. https://www.rfc-editor.org/rfc/rfc6749#section-5.2
func refuse(w http.ResponseWriter, status int, code, description string) {
	reply(w, status, map[string]string{"error": code, "error_description": description})
}

// serveDiscovery describes the issuer. It has no authorization endpoint: nobody signs in
// here. https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
func (i *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/jwks", "token_endpoint": i.URL + "/token",
		"response_types_supported": []string{"token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{RS256, ES256},
		"claims_supported":                      []string{"aud", "auth_time", "client_id", "email", "exp", "iat", "iss", "jti", "name", "scope", "sub", "token_use", "username"},
	})
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) { i.replyKeys(w, nil) }

func (i *Issuer) serveRotation(w http.ResponseWriter, _ *http.Request) { i.replyKeys(w, i.Rotate()) }

// replyKeys answers the public keys, unless something went wrong.
func (i *Issuer) replyKeys(w http.ResponseWriter, err error) {
	keys, unread := i.published()
	if err = errors.Join(err, unread); err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", err.Error())
		return
	}
	reply(w, http.StatusOK, map[string]any{"keys": keys})
}

func (i *Issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	asked, err := readRequest(w, r)
	token := ""
	if err == nil {
		token, err = i.Mint(asked)
	}
	mistake := (*Unfit)(nil)
	switch {
	case errors.As(err, &mistake):
		refuse(w, http.StatusBadRequest, "invalid_request", mistake.Mistake)
	case err != nil:
		refuse(w, http.StatusInternalServerError, "server_error", err.Error())
	default:
		ttl := asked.TTL
		if ttl == 0 {
			ttl = TTL
		}
		reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(ttl.Seconds()), "scope": asked.Scope})
	}
}

// readRequest reads what token is wanted, from a form or from JSON.
func readRequest(w http.ResponseWriter, r *http.Request) (Request, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return Request{}, unfit("the body could not be read; it has %d bytes at most", maxBody)
	}
	fields := map[string]string{}
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case kind == "application/json" || bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")): // curl -d says that JSON is a form
		if fields, err = readJSON(data); err != nil {
			return Request{}, err
		}
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(data))
		if err != nil {
			return Request{}, unfit("the form could not be read")
		}
		for name, values := range form {
			if len(values) > 1 {
				return Request{}, unfit("%s stands twice", name)
			}
			fields[name] = values[0]
		}
	default:
		return Request{}, unfit("the body is a form (application/x-www-form-urlencoded) or JSON (application/json)")
	}
	return newRequest(fields)
}

// readJSON reads an object of texts; ttl may be a number of seconds.
func readJSON(data []byte) (map[string]string, error) {
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, unfit("the body is not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, unfit("something follows the JSON object")
	}
	fields := map[string]string{}
	for name, v := range members {
		switch v := v.(type) {
		case string:
			fields[name] = v
		case json.Number:
			if name != "ttl" {
				return nil, unfit("%s must be a text", name)
			}
			fields[name] = v.String()
		default:
			return nil, unfit("%s must be a text", name)
		}
	}
	return fields, nil
}

// newRequest makes a request of its fields and refuses unknown ones.
func newRequest(fields map[string]string) (Request, error) {
	var r Request
	for name, v := range fields {
		switch name {
		case "subject":
			r.Subject = v
		case "audience":
			r.Audience = v
		case "client_id":
			r.Client = v
		case "scope":
			r.Scope = v
		case "email":
			r.Email = v
		case "name":
			r.Name = v
		case "alg":
			r.Alg = v
		case "ttl":
			ttl, err := time.ParseDuration(v)
			if seconds, plain := strconv.Atoi(v); plain == nil {
				ttl, err = time.Duration(min(max(seconds, -1<<31), 1<<31))*time.Second, nil
			}
			if err != nil || ttl == 0 {
				return Request{}, unfit("ttl is a number of seconds, or a duration such as 15m; below 0 the token has expired already")
			}
			r.TTL = ttl
		default:
			return Request{}, unfit("the field %s is not known; known are subject, audience, client_id, scope, email, name, ttl, alg", name)
		}
	}
	return r, nil
}
