package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"omnihub/internal/devserver/template"
)

// applyKeys makes the keys and aliases that are missing. A key has no name of its
// own, so that each gets one more alias, by which it is found again.
func applyKeys(ctx context.Context, client *kms.Client, m *template.Model, known map[string]string) error {
	for _, k := range m.WrappingKeys {
		now, err := findKey(ctx, client, k.Alias)
		if err == nil && now == nil {
			now, err = createKey(ctx, client, k)
		}
		if err != nil {
			return fmt.Errorf("key %s: %w", k.ID, err)
		}
		known[k.ID], known[k.ID+".KeyId"], known[k.ID+".Arn"] = *now.KeyId, *now.KeyId, *now.Arn
	}
	for _, a := range m.Aliases {
		now, err := findKey(ctx, client, a.Name)
		switch {
		case err == nil && now == nil:
			_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &a.Name, TargetKeyId: aws.String(known[a.Key])})
		case err == nil && *now.KeyId != known[a.Key]:
			err = fmt.Errorf("it names another key than %s: %w", a.Key, ErrRemade)
		}
		if err != nil {
			return fmt.Errorf("alias %s: %w", a.Name, err)
		}
	}
	return nil
}

// findKey answers nil if no key has the alias.
func findKey(ctx context.Context, client *kms.Client, alias string) (*types.KeyMetadata, error) {
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	var missing *types.NotFoundException
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.KeyMetadata, nil
}

func createKey(ctx context.Context, client *kms.Client, k template.WrappingKey) (*types.KeyMetadata, error) {
	out, err := client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String(k.ID)})
	if err != nil {
		return nil, err
	}
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &k.Alias, TargetKeyId: out.KeyMetadata.KeyId})
	return out.KeyMetadata, err
}
