package bot

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/tag"
)

// Tags puts tags on homes by a book, as of the bot: what chat.Receiver asks of it.
func Tags(book *tag.Book) func(ctx context.Context, team hub.TeamID, home hub.HomeID, names []string, id string, at hub.Millis) error {
	return func(ctx context.Context, team hub.TeamID, home hub.HomeID, names []string, id string, at hub.Millis) error {
		return book.Change(ctx, team, home, names, nil, tag.Call{ID: id, At: at, Source: "bot", By: "hub:bot"})
	}
}
