package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// load reads a bucket as text.
func load(t *testing.T, s *Store, bucket string) string {
	t.Helper()
	all := ""
	if err := s.Load(bucket, func(key, value []byte) error { all += fmt.Sprintf("%s=%s ", key, value); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWritesAreThereAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	tickets := []Ticket{
		s.Append(Op{"b", []byte("k2"), []byte("2")}, Op{"b", []byte("k1"), []byte("1")}, Op{"c", []byte("k"), []byte{}}),
		s.Append(Op{"b", []byte("k2"), nil}),
		s.Append(),
		s.Tip(),
	}
	for i, ticket := range tickets {
		if err := ticket.Wait(); err != nil {
			t.Fatalf("ticket %d: %v", i, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if got, want := load(t, s, "b"), "k1=1 "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := load(t, s, "c"), "k= "; got != want {
		t.Errorf("got %q, want %q: an empty value is no deletion", got, want)
	}
	if got := load(t, s, "none"); got != "" {
		t.Errorf("got %q in a bucket that was never written, want nothing", got)
	}
}

func TestNoFileMeansNothingToWaitFor(t *testing.T) {
	s := open(t, "")
	if err := errors.Join(s.Append(Op{"b", []byte("k"), []byte("v")}).Wait(), s.Tip().Wait(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := load(t, s, "b"); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestCloseWritesWhatIsPendingAndRefusesTheRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	before := s.Append(Op{"b", []byte("k"), []byte("v")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := before.Wait(); err != nil {
		t.Errorf("before Close: got %v, want it written", err)
	}
	if err := s.Append(Op{"b", []byte("late"), []byte("v")}).Wait(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
	s = open(t, path)
	defer s.Close()
	if got, want := load(t, s, "b"), "k=v "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What cannot be written must not be followed by what can: the file would have a hole.
func TestNothingIsWrittenAfterAFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	if err := s.Append(Op{"b", []byte("first"), []byte("v")}).Wait(); err != nil {
		t.Fatal(err)
	}
	bad := s.Append(Op{"b", nil, []byte("a pair needs a key")})
	if err := bad.Wait(); err == nil {
		t.Fatal("got no error for an impossible write, want one")
	}
	for range 3 {
		if err := s.Append(Op{"b", []byte("later"), []byte("v")}).Wait(); err == nil {
			t.Fatal("got an acknowledgement after a failure, want its error")
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if got, want := load(t, s, "b"), "first=v "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOrderOfAppendsIsTheOrderOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	var mu sync.Mutex
	var n uint64
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 100 {
				mu.Lock()
				n++
				ticket := s.Append(Op{"b", []byte("last"), binary.BigEndian.AppendUint64(nil, n)})
				mu.Unlock()
				if err := ticket.Wait(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	var last uint64
	if err := s.Load("b", func(_, value []byte) error { last = binary.BigEndian.Uint64(value); return nil }); err != nil {
		t.Fatal(err)
	}
	if last != 800 {
		t.Errorf("got %d as the last write, want 800", last)
	}
}

func TestFileHasOneOwner(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the lock")
	}
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	defer s.Close()
	if _, err := Open(path); err == nil {
		t.Error("got a second owner of the file, want an error")
	}
}
