package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/stack"
)

func TestKeyIsTheSameAfterARestartAndRolesHoldForIt(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir()})
	client := kms.NewFromConfig(aws.Config{Region: region, BaseEndpoint: &s.AWS, Credentials: credentials.NewStaticCredentialsProvider("me", "any", "")})
	sealed, err := client.Encrypt(ctx(t), &kms.EncryptInput{KeyId: aws.String("alias/omnihub-echo"), Plaintext: []byte("the secret")})
	if err != nil {
		t.Fatal(err)
	}
	blob := base64.StdEncoding.EncodeToString(sealed.CiphertextBlob)
	if status, answer := echo(t, s, "open", blob); status != 200 || !strings.Contains(answer, "the secret") {
		t.Errorf("got %d %s, want the secret", status, answer)
	}
	_, answer := echo(t, s, "encrypt", "")
	for _, want := range []string{"AccessDeniedException", "Echo", "kms:Encrypt", *sealed.KeyId} {
		if !strings.Contains(answer, want) {
			t.Errorf("call outside the role: got %s, want %s in it", answer, want)
		}
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	again := fixture(t, stack.Options{Dir: s.Dir})
	if status, answer := echo(t, again, "open", blob); status != 200 || !strings.Contains(answer, "the secret") {
		t.Errorf("after a restart: got %d %s, want the secret", status, answer)
	}
}
