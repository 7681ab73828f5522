package fault

import (
	"net/http"
	"slices"
	"strings"

	"omnihub/internal/localaws/wire"
)

// Texts of DynamoDB:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const (
	scaling = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. " +
		"If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
	hotKey  = "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."
	ongoing = "Transaction is ongoing for the item"
)

// answer is the error that a service gives for a fault.
func answer(fault string, c *Call, d roll) *wire.Error {
	switch fault {
	case Throttle:
		return throttled(c, d)
	case Conflict:
		if strings.HasPrefix(c.Operation, "Transact") {
			return cancelled(c, d, "TransactionConflict", ongoing)
		}
		return wire.Errorf("TransactionConflictException", ongoing)
	case Internal:
		return internal(c.Service)
	}
	message := "The request has failed due to a temporary failure of the server."
	if c.Service == "s3" {
		message = "Service is unable to handle request."
	}
	return &wire.Error{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable, Message: message}
}

// throttled is the error of a service that gets too many requests.
//   - DynamoDB, on demand: ThrottlingException while a table grows and
//     ProvisionedThroughputExceededException for a hot key, with the reason and the
//     table; a transaction is cancelled, or refused as any other call.
//   - SQS: RequestThrottled, which has the status 403.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
func throttled(c *Call, d roll) *wire.Error {
	switch c.Service {
	case "dynamodb":
		if strings.HasPrefix(c.Operation, "Transact") && d.bits&1 == 0 {
			return cancelled(c, d, "ThrottlingError", scaling)
		}
		use := "Write"
		if reads(c.Operation) {
			use = "Read"
		}
		kind := "Table"
		if strings.Contains(c.Resource, "/") {
			kind = "Index"
		}
		reasons := []map[string]string{{"reason": kind + use + "KeyRangeThroughputExceeded", "resource": c.ARN}}
		if d.bits&2 == 0 {
			return &wire.Error{Code: "ThrottlingException", Message: scaling, Fields: map[string]any{"throttlingReasons": reasons}}
		}
		return &wire.Error{Code: "ProvisionedThroughputExceededException", Message: hotKey, Fields: map[string]any{"ThrottlingReasons": reasons}}
	case "sqs":
		return &wire.Error{Code: "RequestThrottled", Status: http.StatusForbidden, Message: "Request is throttled."}
	case "s3":
		return &wire.Error{Code: "SlowDown", Status: http.StatusServiceUnavailable, Message: "Please reduce your request rate."}
	case "kms":
		return wire.Errorf("ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
	}
	return wire.Errorf("ThrottlingException", "Rate exceeded")
}

func reads(operation string) bool {
	return slices.Contains([]string{"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"}, operation)
}

// cancelled is a transaction that one of its items stopped.
func cancelled(c *Call, d roll, code, message string) *wire.Error {
	type reason struct {
		Code    string
		Message string `json:",omitempty"`
	}
	n := max(c.Entries, 1)
	reasons, codes := make([]reason, n), make([]string, n)
	for i := range reasons {
		reasons[i].Code, codes[i] = "None", "None"
	}
	at := d.bits >> 8 % uint64(n)
	reasons[at], codes[at] = reason{code, message}, code
	e := wire.Errorf("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.Fields = map[string]any{"CancellationReasons": reasons}
	return e
}

// internal is an error that is the service's fault.
func internal(service string) *wire.Error {
	e := &wire.Error{Status: http.StatusInternalServerError}
	switch service {
	case "dynamodb", "streams":
		e.Code, e.Message = "InternalServerError", "Internal server error"
	case "events":
		e.Code, e.Message = "InternalException", "This exception occurs due to unexpected causes."
	case "kms":
		e.Code, e.Message = "KMSInternalException", "The request was rejected because an internal exception occurred. The request can be retried."
	case "s3":
		e.Code, e.Message = "InternalError", "We encountered an internal error. Please try again."
	default:
		e.Code, e.Message = "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."
	}
	return e
}
