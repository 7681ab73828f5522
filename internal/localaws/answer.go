package localaws

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"

	"omnihub/internal/localaws/sqs"
	"omnihub/internal/localaws/wire"
)

// credential reads the access key id and the service's name from the signature of
// a request or of a presigned URL, unchecked.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
func credential(req *http.Request) (caller, service string) {
	scope := ""
	if _, rest, found := strings.Cut(req.Header.Get("Authorization"), "Credential="); found {
		scope, _, _ = strings.Cut(rest, ",")
	} else if strings.Contains(req.URL.RawQuery, "X-Amz-Credential=") {
		scope = req.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(strings.TrimSpace(scope), "/") // key/date/region/service/aws4_request
	if len(parts) < 5 {
		return parts[0], ""
	}
	return strings.Join(parts[:len(parts)-4], "/"), parts[len(parts)-2]
}

// generic are the errors that AWS gives a name outside the service's own model.
var generic = map[string]string{
	"ValidationException":               "com.amazon.coral.validate#",
	"SerializationException":            "com.amazon.coral.service#",
	"UnknownOperationException":         "com.amazon.coral.service#",
	"AccessDeniedException":             "com.amazon.coral.service#",
	"InvalidParameterValueException":    "com.amazon.coral.service#",
	"MissingRequiredParameterException": "com.amazon.coral.service#",
}

// writeJSONError sets the headers of an error and returns its status and body.
func writeJSONError(w http.ResponseWriter, to target, e *wire.Error) (int, []byte) {
	namespace := to.namespace
	if own, ok := generic[e.Code]; ok {
		namespace = own
	}
	body := map[string]any{"__type": namespace + e.Code}
	maps.Copy(body, e.Fields)
	if e.Code == "TransactionCanceledException" {
		body["Message"] = e.Message // the model of this one has a capital
	} else {
		body["message"] = e.Message
	}
	if to.service == "sqs" {
		fault := "Sender"
		if e.HTTPStatus() >= 500 {
			fault = "Receiver"
		}
		w.Header().Set("X-Amzn-Query-Error", sqs.QueryCode(e.Code)+";"+fault)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	return e.HTTPStatus(), text
}

// denied is the refusal of a permission, as each service writes it.
func denied(service string, cause error) *wire.Error {
	var own *wire.Error
	if errors.As(cause, &own) {
		return own
	}
	e := &wire.Error{Code: "AccessDeniedException", Message: cause.Error()}
	switch service {
	case "s3":
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case "sqs":
		e.Status = http.StatusForbidden
	}
	return e
}

func internal() *wire.Error {
	return &wire.Error{Code: "InternalFailure", Status: http.StatusInternalServerError,
		Message: "The request processing has failed because of an unknown error, exception or failure."}
}

func bodyError(err error, limit int) *wire.Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &wire.Error{Code: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("the local cloud takes requests of up to %d bytes", limit)}
	}
	return wire.Errorf("SerializationException", "the body could not be read")
}

// query refuses a call of the Query protocol in a form that its clients show.
func (s *Server) query(w http.ResponseWriter, req *http.Request, scope, id string) {
	what := "the service " + scope
	if scope == "sqs" || scope == "" {
		what = "the Query protocol of SQS (AWS CLI 1.29 or 2.13 and later, and current SDKs, speak JSON)"
	}
	refusal := wire.Unsupported("%s", what)
	io.Copy(io.Discard, http.MaxBytesReader(w, req.Body, maxJSON))
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(refusal.HTTPStatus())
	type xmlError struct{ Type, Code, Message string }
	xml.NewEncoder(w).Encode(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     xmlError
		RequestId string
	}{Error: xmlError{"Sender", refusal.Code, refusal.Message}, RequestId: id})
}

// requestID is a random UUID. It names an answer in logs and guards nothing.
func requestID() string {
	a, b := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xFFFF, a&0xFFF, b>>48&0x3FFF|0x8000, b&0xFFFFFFFFFFFF)
}
