package instagram_test

import (
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/hub"
)

// FuzzVerify: either of the connection's secrets signs.
func FuzzVerify(f *testing.F) {
	const other hub.Secret = "instagram-secret-of-the-app"
	s := suite(f)
	s.Credentials.Secrets = channel.Secrets{instagram.AppSecret: credentials.Secrets[instagram.AppSecret], instagram.InstagramAppSecret: other}
	s.FuzzVerify(f, func(body []byte) string { return contracttest.Sign(body, other) })
}

func FuzzHandshake(f *testing.F) { suite(f).FuzzHandshake(f) }

func FuzzSplit(f *testing.F) {
	suite(f).FuzzSplit(f, contracttest.Items("instagram", "page"), contracttest.Frame, slices.Concat(unknown(), further())...)
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.FuzzParse(f, s.Bodies(f, slices.Concat(unknown(), further())...), nil, func(t *testing.T, _, _ []byte, e channel.Event) {
		seen := map[string]bool{}
		for _, file := range e.Message.Media {
			if file.Name == "post" && seen[file.URL] {
				t.Fatalf("got a file twice: %+v", e.Message.Media)
			}
			seen[file.URL] = true
		}
	})
}
