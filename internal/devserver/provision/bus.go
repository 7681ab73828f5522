package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"omnihub/internal/devserver/template"
)

// applyBuses makes the buses, then the rules with their targets, and takes away what
// the template has no more: of its own buses every other rule; of the default bus,
// which others may share, those that bear the stack's name and send to its queues only.
func applyBuses(ctx context.Context, client *eventbridge.Client, m *template.Model) error {
	buses := []string{template.DefaultBus}
	for _, b := range m.Buses {
		if err := applyBus(ctx, client, b); err != nil {
			return fmt.Errorf("event bus %s: %w", b.Name, err)
		}
		buses = append(buses, b.Name)
	}
	for _, r := range m.Rules {
		if err := applyRule(ctx, client, r); err != nil {
			return fmt.Errorf("event rule %s of bus %s: %w", r.Name, r.Bus, err)
		}
	}
	for _, bus := range buses {
		if err := removeRules(ctx, client, m, bus); err != nil {
			return fmt.Errorf("event bus %s: remove rules: %w", bus, err)
		}
	}
	return nil
}

// applyBus makes a bus if it is missing. Its description shows nothing to who uses it,
// and its dead-letter queue is for events that could not be encrypted: neither is kept
// in step.
func applyBus(ctx context.Context, client *eventbridge.Client, b template.Bus) error {
	_, err := client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &b.Name})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		in := &eventbridge.CreateEventBusInput{Name: &b.Name}
		if b.Description != "" {
			in.Description = &b.Description
		}
		_, err = client.CreateEventBus(ctx, in)
	}
	return err
}

func deadLetter(arn string) *types.DeadLetterConfig {
	if arn == "" {
		return nil
	}
	return &types.DeadLetterConfig{Arn: &arn}
}

// applyRule puts the rule and its targets, which replaces what is there, and removes
// targets of other ids.
func applyRule(ctx context.Context, client *eventbridge.Client, r template.Rule) error {
	in := &eventbridge.PutRuleInput{Name: &r.Name, EventBusName: &r.Bus, EventPattern: &r.Pattern, State: types.RuleStateEnabled}
	if !r.Enabled {
		in.State = types.RuleStateDisabled
	}
	if r.Description != "" {
		in.Description = &r.Description
	}
	if _, err := client.PutRule(ctx, in); err != nil {
		return err
	}
	old, err := listTargets(ctx, client, r.Bus, r.Name)
	if err != nil {
		return err
	}
	there := targetIDs(old)
	var targets []types.Target
	for _, t := range r.Targets {
		targets = append(targets, target(t))
		there = slices.DeleteFunc(there, func(id string) bool { return id == t.ID })
	}
	if err := removeTargets(ctx, client, r.Bus, r.Name, there); err != nil {
		return err
	}
	if len(targets) == 0 {
		return nil
	}
	out, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &r.Name, EventBusName: &r.Bus, Targets: targets})
	if err != nil {
		return err
	}
	for _, f := range out.FailedEntries {
		return fmt.Errorf("target %s: %s: %s", aws.ToString(f.TargetId), aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage))
	}
	return nil
}

func target(t template.Target) types.Target {
	out := types.Target{Id: &t.ID, Arn: &t.ARN, DeadLetterConfig: deadLetter(t.DeadLetter)}
	if t.Input != "" {
		out.Input = &t.Input
	}
	if t.InputPath != "" {
		out.InputPath = &t.InputPath
	}
	if x := t.Transformer; x != nil {
		out.InputTransformer = &types.InputTransformer{InputTemplate: &x.Template}
		if len(x.Paths) > 0 {
			out.InputTransformer.InputPathsMap = x.Paths
		}
	}
	if t.Group != "" {
		out.SqsParameters = &types.SqsParameters{MessageGroupId: &t.Group}
	}
	if t.Retry != nil {
		out.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(int32(t.Retry.Attempts)), MaximumEventAgeInSeconds: aws.Int32(int32(t.Retry.MaxAge.Seconds()))}
	}
	return out
}

// removeRules takes away the rules of a bus that the template does not have. Rules
// that a service manages itself stay.
func removeRules(ctx context.Context, client *eventbridge.Client, m *template.Model, bus string) error {
	in := &eventbridge.ListRulesInput{EventBusName: &bus}
	if bus == template.DefaultBus {
		in.NamePrefix = aws.String(m.Stack + "-")
	}
	var extra []string
	for {
		out, err := client.ListRules(ctx, in)
		if err != nil {
			return err
		}
		for _, r := range out.Rules {
			known := slices.ContainsFunc(m.Rules, func(have template.Rule) bool { return have.Bus == bus && have.Name == *r.Name })
			if !known && aws.ToString(r.ManagedBy) == "" {
				extra = append(extra, *r.Name)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	for _, name := range extra {
		there, err := listTargets(ctx, client, bus, name)
		if err == nil && bus == template.DefaultBus && !ours(m, there) {
			continue
		}
		ids := targetIDs(there)
		if err == nil {
			err = removeTargets(ctx, client, bus, name, ids)
		}
		if err == nil {
			_, err = client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &bus})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// ours reports whether targets are queues of the template, all of them.
func ours(m *template.Model, targets []types.Target) bool {
	foreign := func(t types.Target) bool { return m.QueueByARN(aws.ToString(t.Arn)) == nil }
	return len(targets) > 0 && !slices.ContainsFunc(targets, foreign)
}

func listTargets(ctx context.Context, client *eventbridge.Client, bus, rule string) ([]types.Target, error) {
	in := &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: &bus}
	var targets []types.Target
	for {
		out, err := client.ListTargetsByRule(ctx, in)
		if err != nil {
			return nil, err
		}
		targets = append(targets, out.Targets...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return targets, nil
		}
	}
}

func targetIDs(targets []types.Target) []string {
	var ids []string
	for _, t := range targets {
		ids = append(ids, *t.Id)
	}
	return ids
}

func removeTargets(ctx context.Context, client *eventbridge.Client, bus, rule string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	out, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &bus, Ids: ids})
	if err != nil {
		return err
	}
	if len(out.FailedEntries) > 0 {
		return fmt.Errorf("remove target %s: %s", strings.Join(ids, ", "), aws.ToString(out.FailedEntries[0].ErrorMessage))
	}
	return nil
}
