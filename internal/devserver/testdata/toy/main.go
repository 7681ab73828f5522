// Command toy is the function that devserver's own tests run: MODE chooses what
// it is, and the event what it does.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	switch os.Getenv("START") {
	case "exit":
		fmt.Fprintln(os.Stderr, "no settings, no start")
		os.Exit(3)
	case "hang":
		select {}
	}
	h := &hub{}
	if os.Getenv("MODE") != "" {
		h.connect()
	}
	modes := map[string]any{"echo": h.echo, "check": h.check, "worker": h.worker, "changes": h.changes, "hear": h.hear, "fail": h.fail, "sweep": h.sweep, "": act}
	lambda.Start(modes[os.Getenv("MODE")])
}

// order is an event of the plain mode.
type order struct {
	Do    string `json:"do"`
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
	Wait  string `json:"wait"`
}

type refusedError struct{ what string }

func (e *refusedError) Error() string { return "refused: " + e.what }

// breaking gives some bytes and then fails.
type breaking struct{ sent bool }

func (b *breaking) Read(p []byte) (int, error) {
	if b.sent {
		return 0, &refusedError{"midway"}
	}
	b.sent = true
	return copy(p, `{"half":`), nil
}

func act(ctx context.Context, o order) (any, error) {
	slog.New(slog.NewJSONHandler(os.Stdout, nil)).Info("acting", "do", o.Do)
	switch o.Do {
	case "echo":
		return o, nil
	case "error":
		return nil, &refusedError{o.Text}
	case "panic":
		panic("out of " + o.Text)
	case "exit":
		fmt.Fprintln(os.Stderr, "going down: "+o.Text)
		os.Exit(7)
	case "sleep":
		d, err := time.ParseDuration(o.Wait)
		if err != nil {
			return nil, err
		}
		time.Sleep(d)
		return "slept", nil
	case "big":
		return strings.Repeat("x", o.Bytes), nil
	case "grow":
		held := make([]byte, o.Bytes)
		for i := 0; i < len(held); i += 4096 {
			held[i] = 1
		}
		if o.Text == "and die" {
			os.Exit(7)
		}
		return len(held), nil
	case "stream":
		return io.Reader(bytes.NewReader([]byte(`{"streamed":true}`))), nil
	case "break":
		return io.Reader(&breaking{}), nil
	case "env":
		return os.Environ(), nil
	case "pid":
		return os.Getpid(), nil
	case "deadline":
		at, _ := ctx.Deadline()
		return at.UnixMilli(), nil
	case "trace":
		return ctx.Value("x-amzn-trace-id"), nil
	case "late-exit":
		go func() {
			time.Sleep(50 * time.Millisecond)
			fmt.Fprint(os.Stderr, "the last words")
			os.Exit(9)
		}()
		return "soon", nil
	}
	return nil, errors.New("unknown order")
}
