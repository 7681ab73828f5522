package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
)

// send stores a message to a channel user and prints its key.
func (c *control) send(ctx context.Context, args []string) error {
	f := newFlags("send")
	team, account, to := f.String("team", "", ""), f.String("account", "", ""), f.String("to", "", "")
	class, id := f.String("class", "", ""), f.String("id", "", "")
	text, content := f.String("text", "", ""), f.String("content", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team", "account", "to", "class"); err != nil {
		return err
	}
	if (*text == "") == (*content == "") {
		return errors.New("hubctl send: want either -text or -content")
	}
	d := chat.Draft{
		Team: hub.TeamID(*team), Account: hub.AccountID(*account), To: *to, Class: hub.Class(*class),
		Content: hub.TextContent(*text), By: "hubctl",
	}
	if *content != "" {
		if *content == "-" {
			read, err := io.ReadAll(c.in)
			if err != nil {
				return fmt.Errorf("hubctl send: read the content: %w", err)
			}
			*content = string(read)
		}
		var err error
		if d.Content, err = readContent(*content); err != nil {
			return fmt.Errorf("hubctl send: %w", err)
		}
	}
	var err error
	if d.ID, d.At, err = repeated(*id); err != nil {
		return err
	}
	composer := &chat.Composer{Store: c.store, Settings: c.reader(), Adapters: c.adapters, Now: c.now}
	made, err := composer.Compose(ctx, d)
	if err != nil {
		return err
	}
	for _, key := range made.Keys {
		fmt.Fprintln(c.out, key)
	}
	for _, loss := range made.Losses {
		fmt.Fprintln(c.progress, "note:", loss.Sentence())
	}
	return nil
}

// repeated reads -id: a name of the caller's choice, or the whole key that a call
// printed, which makes the same message and no second one.
func repeated(id string) (string, hub.Millis, error) {
	_, name, ok := strings.Cut(id, "#")
	if !ok {
		return id, 0, nil
	}
	at := hub.MessageKey(id).At()
	if at == 0 || name == "" {
		return "", 0, errors.New("hubctl send: -id is a name without #, or the key that was printed")
	}
	return name, at, nil
}

// readContent reads the JSON of a hub.Content. Members that there are not are refused:
// a misspelt one would be left out in silence.
func readContent(text string) (hub.Content, error) {
	var content hub.Content
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&content); err != nil {
		return content, fmt.Errorf("content: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return content, errors.New("content: something stands behind the JSON")
	}
	return content, nil
}
