package conformance

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"omnihub/internal/localaws"
)

func (c *cloud) kms() *kms.Client { return kms.NewFromConfig(c.config("tester")) }

// newKey makes a key with an alias of its own.
func newKey(t *testing.T, api *kms.Client) (key *types.KeyMetadata, alias string) {
	t.Helper()
	made := must(api.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("conformance"), KeySpec: types.KeySpecSymmetricDefault}))(t)
	alias = "alias/" + unique("key")
	must(api.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: made.KeyMetadata.KeyId}))(t)
	return made.KeyMetadata, alias
}

func TestKMSKeyIsFoundByEveryName(t *testing.T) {
	api := newCloud(t).kms()
	key, alias := newKey(t, api)
	aliasARN := strings.Replace(*key.Arn, "key/"+*key.KeyId, alias, 1)
	for _, name := range []string{*key.KeyId, *key.Arn, alias, aliasARN} {
		got := must(api.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name}))(t).KeyMetadata
		if *got.KeyId != *key.KeyId || *got.Arn != *key.Arn || !got.Enabled || got.KeyState != types.KeyStateEnabled ||
			got.KeySpec != types.KeySpecSymmetricDefault || got.KeyUsage != types.KeyUsageTypeEncryptDecrypt {
			t.Errorf("%s: got %+v", name, got)
		}
		sealed := must(api.Encrypt(ctx, &kms.EncryptInput{KeyId: &name, Plaintext: []byte("x")}))(t)
		if *sealed.KeyId != *key.Arn || sealed.EncryptionAlgorithm != types.EncryptionAlgorithmSpecSymmetricDefault {
			t.Errorf("%s: got key %s, algorithm %s", name, *sealed.KeyId, sealed.EncryptionAlgorithm)
		}
		opened := must(api.Decrypt(ctx, &kms.DecryptInput{KeyId: &name, CiphertextBlob: sealed.CiphertextBlob}))(t)
		if string(opened.Plaintext) != "x" || *opened.KeyId != *key.Arn {
			t.Errorf("%s: got %q under %s", name, opened.Plaintext, *opened.KeyId)
		}
	}
	listed := must(api.ListAliases(ctx, &kms.ListAliasesInput{KeyId: key.KeyId}))(t).Aliases
	if len(listed) != 1 || *listed[0].AliasName != alias || *listed[0].AliasArn != aliasARN || *listed[0].TargetKeyId != *key.KeyId {
		t.Errorf("got aliases %+v, want %s", listed, alias)
	}
	for _, name := range []string{"alias/" + unique("none"), "00000000-0000-4000-8000-000000000000", *key.Arn + "0"} {
		_, err := api.Encrypt(ctx, &kms.EncryptInput{KeyId: &name, Plaintext: []byte("x")})
		var missing *types.NotFoundException
		if !errors.As(err, &missing) {
			t.Errorf("%s: got %v, want NotFoundException", name, err)
		}
	}
	other := must(api.CreateKey(ctx, &kms.CreateKeyInput{}))(t).KeyMetadata
	_, err := api.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: other.KeyId})
	var exists *types.AlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("second alias of one name: got %v, want AlreadyExistsException", err)
	}
	_, err = api.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("nameless"), TargetKeyId: other.KeyId})
	wantCode(t, err, "ValidationException")
}

func TestKMSOpensOnlyInTheContextAndWithTheKey(t *testing.T) {
	api := newCloud(t).kms()
	key, _ := newKey(t, api)
	plain := bytes.Repeat([]byte{0, 255, 'a', 'b'}, 1024) // 4096: the most
	bound := map[string]string{"team": "a", "purpose": "x"}
	sealed := must(api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.Arn, Plaintext: plain, EncryptionContext: bound}))(t).CiphertextBlob
	again := must(api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.Arn, Plaintext: plain, EncryptionContext: bound}))(t).CiphertextBlob
	if bytes.Equal(sealed, again) || bytes.Contains(sealed, plain[:64]) {
		t.Error("the ciphertext is the same twice, or shows the plaintext")
	}
	opened := must(api.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: bound}))(t)
	if !bytes.Equal(opened.Plaintext, plain) {
		t.Error("got another plaintext")
	}
	invalid := func(what string, blob []byte, context map[string]string) {
		t.Helper()
		_, err := api.Decrypt(ctx, &kms.DecryptInput{KeyId: key.Arn, CiphertextBlob: blob, EncryptionContext: context})
		var refused *types.InvalidCiphertextException
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want InvalidCiphertextException", what, err)
		}
	}
	for _, context := range []map[string]string{nil, {"team": "a"}, {"team": "b", "purpose": "x"}, {"team": "a", "purpose": "x", "more": ""}, {"Team": "a", "purpose": "x"}} {
		invalid(fmt.Sprint("context ", context), sealed, context)
	}
	for _, i := range []int{len(sealed) / 2, len(sealed) - 1} {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		invalid(fmt.Sprint("byte ", i, " changed"), bad, bound)
		invalid(fmt.Sprint("cut to ", i), sealed[:i], bound)
	}
	other, _ := newKey(t, api)
	_, err := api.Decrypt(ctx, &kms.DecryptInput{KeyId: other.Arn, CiphertextBlob: sealed, EncryptionContext: bound})
	var incorrect *types.IncorrectKeyException
	if !errors.As(err, &incorrect) {
		t.Errorf("another key: got %v, want IncorrectKeyException", err)
	}
	_, err = api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.Arn, Plaintext: append(plain, 0)})
	wantCode(t, err, "ValidationException")
	_, err = api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.Arn, Plaintext: []byte{}})
	wantCode(t, err, "ValidationException")
}

func TestKMSMakesDataKeys(t *testing.T) {
	api := newCloud(t).kms()
	key, alias := newKey(t, api)
	bound := map[string]string{"team": "a"}
	for _, in := range []*kms.GenerateDataKeyInput{{KeySpec: types.DataKeySpecAes256}, {NumberOfBytes: aws.Int32(32)}, {NumberOfBytes: aws.Int32(1024)}} {
		in.KeyId, in.EncryptionContext = &alias, bound
		made := must(api.GenerateDataKey(ctx, in))(t)
		want := 32
		if in.NumberOfBytes != nil {
			want = int(*in.NumberOfBytes)
		}
		opened := must(api.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: bound}))(t)
		if len(made.Plaintext) != want || !bytes.Equal(opened.Plaintext, made.Plaintext) || *made.KeyId != *key.Arn {
			t.Errorf("got %d bytes under %s, want %d that open again", len(made.Plaintext), *made.KeyId, want)
		}
	}
	for _, in := range []*kms.GenerateDataKeyInput{{}, {KeySpec: types.DataKeySpecAes256, NumberOfBytes: aws.Int32(32)}, {NumberOfBytes: aws.Int32(0)}, {NumberOfBytes: aws.Int32(1025)}} {
		in.KeyId = key.KeyId
		_, err := api.GenerateDataKey(ctx, in)
		wantCode(t, err, "ValidationException")
	}
}

func TestKMSRefusesWhatItDoesNotKnow(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	api := c.kms()
	key, _ := newKey(t, api)
	_, err := api.GenerateDataKeyWithoutPlaintext(ctx, &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: key.KeyId, KeySpec: types.DataKeySpecAes256})
	wantCode(t, err, "NotImplementedByLocalCloud")
	_, err = api.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify})
	wantCode(t, err, "NotImplementedByLocalCloud")
	_, err = api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), DryRun: aws.Bool(true)})
	wantCode(t, err, "NotImplementedByLocalCloud")
	_, err = api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), EncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha1})
	wantCode(t, err, "NotImplementedByLocalCloud")

	// A ciphertext of a key that is not here: its head names the key.
	foreign := must(api.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}))(t).CiphertextBlob
	foreign[1] ^= 1
	_, err = api.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: foreign})
	wantCode(t, err, "AccessDeniedException")
	_, err = api.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: foreign, KeyId: key.KeyId})
	wantCode(t, err, "IncorrectKeyException")
	_, err = api.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: foreign[:20], KeyId: key.KeyId})
	wantCode(t, err, "InvalidCiphertextException")
}

func TestKMSAsksForPermissionOnTheKey(t *testing.T) {
	allowed := ""
	c := newCloud(t, func(cfg *localaws.Config) {
		cfg.Permit = func(caller, action, resource string) error {
			if caller == "tester" || action+" "+resource == allowed {
				return nil
			}
			return fmt.Errorf("%s may not %s on %s", caller, action, resource)
		}
	})
	key, alias := newKey(t, c.kms())
	sealed := must(c.kms().Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}))(t).CiphertextBlob
	api := kms.NewFromConfig(c.config("function"))
	calls := map[string]func() error{
		"kms:Encrypt": func() error {
			_, err := api.Encrypt(ctx, &kms.EncryptInput{KeyId: &alias, Plaintext: []byte("x")})
			return err
		},
		"kms:Decrypt": func() error {
			_, err := api.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed})
			return err
		},
		"kms:GenerateDataKey": func() error {
			_, err := api.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &alias, KeySpec: types.DataKeySpecAes256})
			return err
		},
		"kms:DescribeKey": func() error {
			_, err := api.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
			return err
		},
	}
	for action, call := range calls {
		allowed = ""
		wantCode(t, call(), "AccessDeniedException")
		allowed = action + " " + *key.Arn
		if err := call(); err != nil {
			t.Errorf("%s: got %v with the permission on the key", action, err)
		}
	}
}

func TestKMSKeysSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	key, alias := "", ""
	var sealed []byte
	t.Run("before", func(t *testing.T) {
		api := newCloud(t, onDisk(dir)).kms()
		made, name := newKey(t, api)
		key, alias = *made.KeyId, name
		sealed = must(api.Encrypt(ctx, &kms.EncryptInput{KeyId: &alias, Plaintext: []byte("x")}))(t).CiphertextBlob
	})
	api := newCloud(t, onDisk(dir)).kms()
	opened := must(api.Decrypt(ctx, &kms.DecryptInput{KeyId: &alias, CiphertextBlob: sealed}))(t)
	if string(opened.Plaintext) != "x" || !strings.HasSuffix(*opened.KeyId, key) {
		t.Errorf("got %q under %s, want x under %s", opened.Plaintext, *opened.KeyId, key)
	}
	info, err := os.Stat(filepath.Join(dir, "aws.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file that holds the keys: got %v, %v, want mode 0600", info, err)
	}
}

func TestKMSErrorsStandOnTheWireAsAWSWritesThem(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	body := `{"CiphertextBlob":"` + base64.StdEncoding.EncodeToString([]byte("nothing")) + `"}`
	req, err := http.NewRequest("POST", c.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "TrentService.Decrypt")
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	answer := must(http.DefaultClient.Do(req))(t)
	defer answer.Body.Close()
	text := must(io.ReadAll(answer.Body))(t)
	if answer.StatusCode != 400 || !strings.Contains(string(text), `"__type":"InvalidCiphertextException"`) {
		t.Errorf("got %d %s", answer.StatusCode, text)
	}
}
