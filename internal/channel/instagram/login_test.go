package instagram_test

import (
	"context"
	"maps"

	"omnihub/internal/channel"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/hub"
)

// pageAdapter is the adapter as accounts with Facebook Login see it: their tokens cannot
// be renewed.
type pageAdapter struct {
	channel.Adapter
	channel.Handshaker
	channel.Profiler
	channel.Typist
	channel.ReadMarker
	channel.Connector
	channel.Registrar
	channel.Finder
}

func newPageAdapter(p channel.Platform) channel.Adapter {
	a := instagram.New(p)
	return pageAdapter{a, a, a, a, a, a, a, a}
}

// loginAdapter adds to each account that it uses Instagram Login, a word that stands in
// texts too and is no secret, which the contract would take it for.
type loginAdapter struct{ *instagram.Adapter }

func newLoginAdapter(p channel.Platform) channel.Adapter { return loginAdapter{instagram.New(p)} }

func byInstagram(a channel.Account) channel.Account {
	if a.Secrets == nil {
		return a
	}
	a.Secrets = maps.Clone(a.Secrets)
	a.Secrets[instagram.Login] = instagram.LoginInstagram
	return a
}

func (l loginAdapter) Send(ctx context.Context, a channel.Account, m channel.Outgoing) (channel.Sent, error) {
	return l.Adapter.Send(ctx, byInstagram(a), m)
}

func (l loginAdapter) Profile(ctx context.Context, a channel.Account, user string) (channel.Profile, error) {
	return l.Adapter.Profile(ctx, byInstagram(a), user)
}

func (l loginAdapter) Typing(ctx context.Context, a channel.Account, user, message string) error {
	return l.Adapter.Typing(ctx, byInstagram(a), user, message)
}

func (l loginAdapter) MarkRead(ctx context.Context, a channel.Account, user, message string) error {
	return l.Adapter.MarkRead(ctx, byInstagram(a), user, message)
}

func (l loginAdapter) Check(ctx context.Context, a channel.Account) (channel.Standing, error) {
	return l.Adapter.Check(ctx, byInstagram(a))
}

func (l loginAdapter) Register(ctx context.Context, a channel.Account) error {
	return l.Adapter.Register(ctx, byInstagram(a))
}

func (l loginAdapter) Unregister(ctx context.Context, a channel.Account) error {
	return l.Adapter.Unregister(ctx, byInstagram(a))
}

func (l loginAdapter) Registered(ctx context.Context, a channel.Account) (bool, error) {
	return l.Adapter.Registered(ctx, byInstagram(a))
}

func (l loginAdapter) Refresh(ctx context.Context, a channel.Account) (channel.Secrets, hub.Millis, error) {
	return l.Adapter.Refresh(ctx, byInstagram(a))
}

func (l loginAdapter) Find(ctx context.Context, a channel.Account, m channel.Outgoing, since hub.Millis, known map[string]bool) (channel.Sent, bool, error) {
	return l.Adapter.Find(ctx, byInstagram(a), m, since, known)
}
