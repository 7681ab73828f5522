package sqs

import (
	"net/http"

	"omnihub/internal/localaws/wire"
)

// queryCodes are the codes of the old Query protocol where they differ from the
// names of the JSON protocol. SDKs report these, and so do the entries of Failed.
var queryCodes = map[string]string{
	"QueueDoesNotExist":                 "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":                   "QueueAlreadyExists",
	"PurgeQueueInProgress":              "AWS.SimpleQueueService.PurgeQueueInProgress",
	"BatchEntryIdsNotDistinct":          "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":               "AWS.SimpleQueueService.BatchRequestTooLong",
	"EmptyBatchRequest":                 "AWS.SimpleQueueService.EmptyBatchRequest",
	"InvalidBatchEntryId":               "AWS.SimpleQueueService.InvalidBatchEntryId",
	"TooManyEntriesInBatchRequest":      "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"MessageNotInflight":                "AWS.SimpleQueueService.MessageNotInflight",
	"UnsupportedOperation":              "AWS.SimpleQueueService.UnsupportedOperation",
	"InvalidParameterValueException":    "InvalidParameterValue",
	"MissingRequiredParameterException": "MissingParameter",
	"AccessDeniedException":             "AccessDenied",
}

// QueryCode is the code of the Query protocol for a code of the JSON protocol: the
// value of the header x-amzn-query-error.
func QueryCode(code string) string {
	if old, ok := queryCodes[code]; ok {
		return old
	}
	return code
}

func noQueue() error {
	return wire.Errorf("QueueDoesNotExist", "The specified queue does not exist.")
}

func missing(parameter string) *wire.Error {
	return wire.Errorf("MissingRequiredParameterException", "The request must contain the parameter %s.", parameter)
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}

// invalidValue refuses one parameter's value.
func invalidValue(value any, parameter, reason string) *wire.Error {
	return invalid("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func noResource(format string, args ...any) *wire.Error {
	e := wire.Errorf("ResourceNotFoundException", format, args...)
	e.Status = http.StatusNotFound
	return e
}

func badHandle(handle string) *wire.Error {
	e := wire.Errorf("ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", handle)
	e.Status = http.StatusNotFound
	return e
}
