package channeltest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Vectors reads testdata/signature_vectors.json, in which the body of a vector may be a
// sample's. Of gives the credentials of a key, and of the URL without its query that was
// signed, if any.
func Vectors(tb testing.TB, of func(key hub.Secret, address string) channel.Credentials) (out []Vector) {
	tb.Helper()
	data, err := os.ReadFile("testdata/signature_vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var list []struct {
		Origin, Key, URL, Body, Signature string
		BodyFile                          string `json:"body_file"`
		Forged                            bool
	}
	if err := json.Unmarshal(data, &list); err != nil || len(list) == 0 {
		tb.Fatalf("got %d vectors, %v, want some", len(list), err)
	}
	for i, v := range list {
		body := []byte(v.Body)
		if v.BodyFile != "" {
			if body, err = os.ReadFile(filepath.Join("testdata/samples", v.BodyFile)); err != nil {
				tb.Fatal(err)
			}
		}
		address, query, _ := strings.Cut(v.URL, "?")
		out = append(out, Vector{
			Name: fmt.Sprintf("%d %s", i, v.Origin), Body: body, Query: query, Signature: v.Signature, Forged: v.Forged,
			Credentials: of(hub.Secret(v.Key), address),
		})
	}
	return out
}
