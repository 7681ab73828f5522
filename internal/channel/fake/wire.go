package fake

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// JSON writes JSON in which characters stand for themselves.
func JSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only types of the fakes, and JSON that was read before, come here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Answer answers a call at once, so that what becomes of it is told after it.
func Answer(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who has left loses his answer
	_ = http.NewResponseController(w).Flush()
}

// Digits derives n digits from names, always the same ones.
func Digits(n int64, names ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", names))
	of := new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
	return fmt.Sprintf("%0*s", n, of.Mod(new(big.Int).SetBytes(sum[:]), of).String())
}

// Random makes n bytes for an id. Ids are random, since the hub may remember some from
// before the platform was started.
func Random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// RandomNumber is a number from least up to least and span.
func RandomNumber(least, span int64) int64 {
	n, err := rand.Int(rand.Reader, big.NewInt(span))
	if err != nil {
		panic(err) // the system's random source never fails
	}
	return least + n.Int64()
}

// Recent are the moments of what a platform limits, oldest first.
type Recent []time.Time

// Full forgets what is over a span ago, and reports whether there are as many left as
// there may be.
func (r *Recent) Full(now time.Time, span time.Duration, most int) bool {
	for len(*r) > 0 && now.Sub((*r)[0]) >= span {
		*r = (*r)[1:]
	}
	return len(*r) >= most
}

// Note adds a moment.
func (r *Recent) Note(now time.Time) { *r = append(*r, now) }

// Newest are the last of a list, at most so many.
func Newest[T any](list []T, most int) []T {
	return slices.Clone(list[max(0, len(list)-most):])
}

// Entry finds what stands under a key, or puts something empty there.
func Entry[T any](in map[string]*T, key string) *T {
	if in[key] == nil {
		in[key] = new(T)
	}
	return in[key]
}
