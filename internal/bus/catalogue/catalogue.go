// Package catalogue describes every kind of event that the hub publishes: one JSON
// Schema (2020-12) of the event's detail for each, in the file of the kind's name.
// README.md shows them as a table.
package catalogue

import (
	"embed"
	"slices"

	"omnihub/internal/hub"
)

//go:embed *.json
var files embed.FS

// kinds in the order in which the table shows them.
var kinds = []string{
	hub.MessageReceived, hub.MessageStatus, hub.MessageReaction, hub.MessageEdited, hub.MessageUnsent, hub.MessagesReadUpTo,
	hub.ConversationOpened, hub.ConversationChanged, hub.ConversationClosed,
	hub.ContactCreated, hub.ContactChanged, hub.ContactLinked, hub.ContactUnlinked, hub.ContactCandidate, hub.ContactMoved, hub.AccountLinked, hub.ContactEntered,
	hub.ContactErasing, hub.ContactErased,
	hub.OmniLinked, hub.OmniAsked, hub.OmniFailed,
	hub.TagApplied, hub.TagRemoved,
	hub.Followed, hub.Unfollowed, hub.OptOut, hub.OptIn, hub.MarketingOut,
	hub.AccountNotice, hub.AccountConnected, hub.AccountDisconnected,
	hub.AccountTokenExpiring, hub.AccountTokenExpired, hub.AccountTokenRenewed, hub.AccountWebhookLost,
}

// Kinds are the kinds of events, which are also their detail types on the bus.
func Kinds() []string { return slices.Clone(kinds) }

// Known tells whether there is such a kind.
func Known(kind string) bool { return slices.Contains(kinds, kind) }

// Schema is the JSON Schema of a kind's detail; false if there is no such kind.
func Schema(kind string) ([]byte, bool) {
	if !Known(kind) {
		return nil, false
	}
	raw, err := files.ReadFile(kind + ".json")
	return raw, err == nil
}
