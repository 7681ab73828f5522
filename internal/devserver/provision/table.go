package provision

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/devserver/template"
)

// applyTable answers the ARN of the table's stream, or "".
func applyTable(ctx context.Context, client *dynamodb.Client, t template.Table) (string, error) {
	_, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		if err := createTable(ctx, client, t); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	}
	now, err := settle(ctx, client, t.Name)
	if err != nil {
		return "", err
	}
	if err := checkKeys(t, now.Table); err != nil {
		return "", err
	}
	if err := applyIndexes(ctx, client, t, now.Table); err != nil {
		return "", err
	}
	if err := applyStream(ctx, client, t, now.Table); err != nil {
		return "", err
	}
	if err := applyTTL(ctx, client, t); err != nil {
		return "", err
	}
	if now, err = settle(ctx, client, t.Name); err != nil || t.StreamView == "" {
		return "", err
	}
	return aws.ToString(now.Table.LatestStreamArn), nil
}

func createTable(ctx context.Context, client *dynamodb.Client, t template.Table) error {
	in := &dynamodb.CreateTableInput{TableName: &t.Name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: definitions(t), KeySchema: schema(t.Keys)}
	for _, i := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.Name), KeySchema: schema(i.Keys), Projection: projection(i)})
	}
	if t.StreamView != "" {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(t.StreamView)}
	}
	_, err := client.CreateTable(ctx, in)
	return err
}

func definitions(t template.Table) []types.AttributeDefinition {
	var out []types.AttributeDefinition
	for _, a := range t.Attributes {
		out = append(out, types.AttributeDefinition{AttributeName: aws.String(a.Name), AttributeType: types.ScalarAttributeType(a.Type)})
	}
	return out
}

func schema(keys []template.Key) []types.KeySchemaElement {
	var out []types.KeySchemaElement
	for _, k := range keys {
		out = append(out, types.KeySchemaElement{AttributeName: aws.String(k.Name), KeyType: types.KeyType(k.Type)})
	}
	return out
}

func projection(i template.Index) *types.Projection {
	return &types.Projection{ProjectionType: types.ProjectionType(i.Projection), NonKeyAttributes: i.Include}
}

// keyText writes a key with the types of its parts, to compare it.
func keyText(keys []types.KeySchemaElement, attributes []types.AttributeDefinition) string {
	var out []string
	for _, k := range keys {
		kind := ""
		for _, a := range attributes {
			if *a.AttributeName == *k.AttributeName {
				kind = string(a.AttributeType)
			}
		}
		out = append(out, fmt.Sprintf("%s %s %s", *k.AttributeName, k.KeyType, kind))
	}
	return strings.Join(out, ", ")
}

func checkKeys(t template.Table, now *types.TableDescription) error {
	has, want := keyText(now.KeySchema, now.AttributeDefinitions), keyText(schema(t.Keys), definitions(t))
	if has != want {
		return fmt.Errorf("the key is (%s), the template says (%s): %w", has, want, ErrRemade)
	}
	return nil
}

// applyIndexes drops indexes that are gone or changed and makes those that are
// missing, one at a time, as AWS wants it.
func applyIndexes(ctx context.Context, client *dynamodb.Client, t template.Table, now *types.TableDescription) error {
	update := func(u types.GlobalSecondaryIndexUpdate) error {
		_, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &t.Name, AttributeDefinitions: definitions(t),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{u}})
		if err == nil {
			_, err = settle(ctx, client, t.Name)
		}
		return err
	}
	there := map[string]bool{}
	for _, has := range now.GlobalSecondaryIndexes {
		at := slices.IndexFunc(t.Indexes, func(i template.Index) bool { return i.Name == *has.IndexName })
		if at >= 0 && sameIndex(t, t.Indexes[at], has, now) {
			there[*has.IndexName] = true
			continue
		}
		if err := update(types.GlobalSecondaryIndexUpdate{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: has.IndexName}}); err != nil {
			return err
		}
	}
	for _, i := range t.Indexes {
		if there[i.Name] {
			continue
		}
		if err := update(types.GlobalSecondaryIndexUpdate{Create: &types.CreateGlobalSecondaryIndexAction{
			IndexName: aws.String(i.Name), KeySchema: schema(i.Keys), Projection: projection(i)}}); err != nil {
			return err
		}
	}
	return nil
}

func sameIndex(t template.Table, want template.Index, has types.GlobalSecondaryIndexDescription, now *types.TableDescription) bool {
	included := slices.Clone(want.Include)
	slices.Sort(included)
	there := slices.Clone(has.Projection.NonKeyAttributes)
	slices.Sort(there)
	return keyText(schema(want.Keys), definitions(t)) == keyText(has.KeySchema, now.AttributeDefinitions) &&
		string(has.Projection.ProjectionType) == want.Projection && (len(included) == 0 && len(there) == 0 || reflect.DeepEqual(included, there))
}

// applyStream switches the stream on or off. Another view type is a new stream.
func applyStream(ctx context.Context, client *dynamodb.Client, t template.Table, now *types.TableDescription) error {
	has := ""
	if s := now.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		has = string(s.StreamViewType)
	}
	if has == t.StreamView {
		return nil
	}
	var steps []*types.StreamSpecification
	if has != "" {
		steps = append(steps, &types.StreamSpecification{StreamEnabled: aws.Bool(false)})
	}
	if t.StreamView != "" {
		steps = append(steps, &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewType(t.StreamView)})
	}
	for _, s := range steps {
		if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &t.Name, StreamSpecification: s}); err != nil {
			return err
		}
		if _, err := settle(ctx, client, t.Name); err != nil {
			return err
		}
	}
	return nil
}

func applyTTL(ctx context.Context, client *dynamodb.Client, t template.Table) error {
	out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.Name})
	if err != nil {
		return err
	}
	has := ""
	if d := out.TimeToLiveDescription; d != nil && (d.TimeToLiveStatus == "ENABLED" || d.TimeToLiveStatus == "ENABLING") {
		has = aws.ToString(d.AttributeName)
	}
	set := func(name string, on bool) error {
		_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: &t.Name,
			TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &name, Enabled: &on}})
		return err
	}
	if has == t.TTL {
		return nil
	}
	if has != "" {
		if err := set(has, false); err != nil {
			return err
		}
	}
	if t.TTL != "" {
		return set(t.TTL, true)
	}
	return nil
}
