package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// refusals collects the calls that the credentials may not make, so that an error can
// name the permissions that are missing, and those that got no answer, with why.
type refusals struct {
	mu      sync.Mutex
	actions map[string]bool
	silent  string // the last call that got no answer, and why
}

const (
	// commandTries is how often a call is made at most; longestWait the longest wait between
	// two tries. A person who waits for a command has more time than a function.
	commandTries = 8
	longestWait  = 5 * time.Second
)

// patient makes of the functions' way to repeat a call that of a command.
func patient(functions func() aws.Retryer) func() aws.Retryer {
	return func() aws.Retryer {
		return retry.AddWithMaxBackoffDelay(retry.AddWithMaxAttempts(functions(), commandTries), longestWait)
	}
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
		switch {
		case errors.As(err, &coded):
			switch coded.ErrorCode() {
			case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KMS.AccessDeniedException":
				r.add(actionOf(ctx))
			}
		case err != nil && ctx.Err() == nil:
			r.unanswered(actionOf(ctx), innermost(err))
		}
		return out, metadata, err
	}), middleware.After)
}

// actionOf names a call as permissions do.
func actionOf(ctx context.Context) string {
	prefix := strings.ToLower(awsmiddleware.GetServiceID(ctx))
	if prefix == "eventbridge" {
		prefix = "events"
	}
	return prefix + ":" + awsmiddleware.GetOperationName(ctx)
}

func (r *refusals) add(action string) {
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

func (r *refusals) unanswered(action, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = action + ": " + why
}

// innermost is the cause of an error without what was asked and of whom.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// explain adds to a command's error what its credentials may not do, and what got no
// answer; nil stays nil.
func (r *refusals) explain(err error) error {
	if r == nil || err == nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.silent != "" {
		err = fmt.Errorf("%w\nthe last call without an answer was %s", err, r.silent)
	}
	if len(r.actions) == 0 {
		return err
	}
	return fmt.Errorf("%w\nthese credentials lack a permission: %s; hubctl help lists what each command needs",
		err, strings.Join(slices.Sorted(maps.Keys(r.actions)), ", "))
}
