package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// refusals collects the calls that the credentials may not make, so that an error can
// name the permissions that are missing.
type refusals struct {
	mu      sync.Mutex
	actions map[string]bool
}

// permissions are the names of permissions that differ from those of the calls.
var permissions = map[string]string{
	"sqs:SendMessageBatch": "sqs:SendMessage", "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
	"s3:ListBuckets": "s3:ListAllMyBuckets", "s3:ListObjectsV2": "s3:ListBucket",
}

// note makes a client tell of the calls that it was refused.
func (r *refusals) note(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("refusals", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		var coded smithy.APIError
		if errors.As(err, &coded) {
			switch coded.ErrorCode() {
			case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KMS.AccessDeniedException":
				r.add(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
			}
		}
		return out, metadata, err
	}), middleware.After)
}

func (r *refusals) add(service, operation string) {
	prefix := strings.ToLower(service)
	if prefix == "eventbridge" {
		prefix = "events"
	}
	action := prefix + ":" + operation
	if name, ok := permissions[action]; ok {
		action = name
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.actions == nil {
		r.actions = map[string]bool{}
	}
	r.actions[action] = true
}

// explain adds to a command's error what its credentials may not do; nil stays nil.
func (r *refusals) explain(err error) error {
	if r == nil || err == nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.actions) == 0 {
		return err
	}
	return fmt.Errorf("%w\nthese credentials lack a permission: %s; hubctl help lists what each command needs",
		err, strings.Join(slices.Sorted(maps.Keys(r.actions)), ", "))
}
