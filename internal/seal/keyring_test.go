package seal

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"omnihub/internal/hub"
	"omnihub/internal/localaws"
)

// service is a key service with one key.
type service struct {
	cloud  *localaws.Server
	config aws.Config
	key    string
}

func newService(t *testing.T) *service {
	t.Helper()
	cloud, err := localaws.Open(localaws.Config{})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(cloud)
	t.Cleanup(func() { front.Close(); cloud.Close() })
	s := &service{cloud: cloud, config: aws.Config{
		Region: "us-east-1", BaseEndpoint: &front.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: localaws.Transport{}},
	}}
	s.key = s.newKey(t)
	return s
}

func (s *service) newKey(t *testing.T) string {
	t.Helper()
	out, err := kms.NewFromConfig(s.config).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}

// keyring is one of a new process.
func (s *service) keyring(key string) *Keyring { return NewKeyring(kms.NewFromConfig(s.config), key) }

func (s *service) decrypts() int {
	calls := 0
	for _, c := range s.cloud.Meter().Counts() {
		if c.Operation == "Decrypt" {
			calls += c.Calls
		}
	}
	return calls
}

func TestWrappedKeyOpensOnlyInItsContext(t *testing.T) {
	s, key := newService(t), NewKey()
	k := s.keyring(s.key)
	wrapped, err := k.Wrap(t.Context(), key, map[string]string{"team": "a", "purpose": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, key) {
		t.Error("the key stands in clear in its wrapped form")
	}
	// Twice: what was opened once must not open elsewhere either.
	for range 2 {
		got, err := k.Unwrap(t.Context(), wrapped, map[string]string{"purpose": "x", "team": "a"})
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("got %x, %v, want the key", got, err)
		}
		clear(got) // the caller's own
		for _, other := range []map[string]string{{"team": "b", "purpose": "x"}, {"team": "a"}, nil} {
			if _, err := k.Unwrap(t.Context(), wrapped, other); hub.CodeOf(err) != hub.Internal {
				t.Errorf("with %v: got %v, want internal", other, err)
			}
		}
	}
	if _, err := s.keyring(s.newKey(t)).Unwrap(t.Context(), wrapped, map[string]string{"team": "a", "purpose": "x"}); hub.CodeOf(err) != hub.Internal {
		t.Errorf("with another wrapping key: got %v, want internal", err)
	}
	for _, bad := range [][]byte{nil, wrapped[:10], append(bytes.Clone(wrapped), 0)} {
		if _, err := k.Unwrap(t.Context(), bad, map[string]string{"team": "a", "purpose": "x"}); hub.CodeOf(err) != hub.Internal {
			t.Errorf("damaged: got %v, want internal", err)
		}
	}
}

func TestKeyIsOpenedOncePerProcess(t *testing.T) {
	s := newService(t)
	k, bound := s.keyring(s.key), map[string]string{"team": "a"}
	wrapped, err := k.Wrap(t.Context(), NewKey(), bound)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := k.Unwrap(t.Context(), wrapped, bound); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.decrypts(); got != 1 {
		t.Errorf("got %d calls of Decrypt, want 1", got)
	}
	if _, err := s.keyring(s.key).Unwrap(t.Context(), wrapped, bound); err != nil {
		t.Fatal(err)
	}
	if got := s.decrypts(); got != 2 {
		t.Errorf("got %d calls of Decrypt by two processes, want 2", got)
	}
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to 10.0.0.1")
}

func TestSilentKeyServiceIsTransient(t *testing.T) {
	s := newService(t)
	wrapped, err := s.keyring(s.key).Wrap(t.Context(), NewKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, late := s.keyring(s.key).Unwrap(ended, wrapped, nil)
	_, gone := s.keyring("alias/none").Unwrap(t.Context(), wrapped, nil)
	s.config.HTTPClient = &http.Client{Transport: broken{}}
	_, silent := s.keyring(s.key).Unwrap(t.Context(), wrapped, nil)
	_, unwrapped := s.keyring(s.key).Wrap(t.Context(), NewKey(), nil)
	for what, err := range map[string]error{"out of time": late, "no such key": gone, "unwrap": silent, "wrap": unwrapped} {
		if hub.CodeOf(err) != hub.Transient || strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("%s: got %v, want transient and no more than that", what, err)
		}
	}
}
