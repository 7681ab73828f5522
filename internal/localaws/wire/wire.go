// Package wire is what the services of the local cloud share: the request as it
// came over HTTP, the errors as AWS writes them, and the meter of calls and units.
package wire

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Clock tells the one time of the local cloud. Services never call time.Now for
// anything that a user can observe (expiry, visibility, deduplication, TTL), so
// that the dev clock moves all of it at once.
type Clock func() time.Time

// Request is one call of one operation.
type Request struct {
	Service   string // "dynamodb", "streams", "sqs", "s3", "kms", "events"
	Operation string // "UpdateItem", "SendMessageBatch", …
	Caller    string // access key id of the signature: names the calling function
	Body      []byte // JSON
	Host      string // host:port that the client spoke to; queue URLs bear it

	// Context ends when the client is gone. Nil means that it never ends.
	Context context.Context

	// Permit answers nil if the caller's role allows action on resource (an ARN).
	// A nil Permit allows everything.
	Permit func(action, resource string) error

	// Unserved marks the entries of a batch call that a fault leaves undone, in the
	// order in which the service takes them. Nil marks none.
	Unserved []bool

	// Hide may shorten the visibility timeout of a message that a receive gives out:
	// 0 leaves the message visible. The digest is equal for equal messages. Nil
	// changes nothing.
	Hide func(digest string, fifo bool, visibility time.Duration) time.Duration

	// The service fills these for the meter.
	Resource string  // table, index ("table/index"), queue name, key id or bus name
	Read     float64 // read capacity units
	Write    float64 // write capacity units
}

// Allow checks the caller's permission for one action on one ARN.
func (r *Request) Allow(action, resource string) error {
	if r.Permit == nil {
		return nil
	}
	return r.Permit(action, resource)
}

// Leaves reports whether a fault leaves entry i of a batch call undone.
func (r *Request) Leaves(i int) bool { return i < len(r.Unserved) && r.Unserved[i] }

// Service runs the operations of one AWS service. The answer is encoded as JSON,
// or sent as it is if it is a Raw. Errors that are not *Error become a 500.
type Service interface {
	Do(r *Request) (any, error)
}

// Raw is an answer that is JSON already.
type Raw []byte

// Error is an AWS error answer.
type Error struct {
	Code    string         // "ConditionalCheckFailedException"
	Status  int            // HTTP status; 0 means 400
	Message string         //
	Fields  map[string]any // members beside __type and message: Item, CancellationReasons, …
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is the status that the answer carries.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Errorf makes an error of one code, status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Validation is the answer to a request that the service understands and refuses.
func Validation(format string, args ...any) *Error {
	return Errorf("ValidationException", format, args...)
}

// Unsupported is the answer to what AWS knows and the local cloud does not. It
// names the thing, so that nobody mistakes it for a fault of his own.
func Unsupported(format string, args ...any) *Error {
	return &Error{Code: "NotImplementedByLocalCloud", Status: http.StatusNotImplemented,
		Message: "the local cloud does not implement " + fmt.Sprintf(format, args...) + "; use another endpoint by AWS_ENDPOINT_URL"}
}
