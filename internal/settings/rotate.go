package settings

import (
	"context"
	"errors"
	"fmt"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/store"
)

// KeyRest is how long the old keys of a team stay after a rotation: longer than any
// process serves what it has read before.
const KeyRest = 15 * time.Minute

// Rotate gives a team a new data key and seals all that it has again under it. It
// answers the key's name. Old keys stay until Drop, so that processes that have read
// the settings before open them meanwhile. Whether it was cut off or somebody else's
// change came between, nothing is lost, and it may be repeated.
func (s Setup) Rotate(ctx context.Context, id hub.TeamID) (string, error) {
	key := seal.NewKey()
	wrapped, err := s.Keyring.Wrap(ctx, key, teamContext(id))
	if err != nil {
		return "", err
	}
	var name string
	err = Settle(func() error {
		t, it, err := s.team(ctx, id)
		if err != nil {
			return err
		}
		if name, err = store.NextKeyID(it.Keys); err != nil {
			return err
		}
		if err := t.Box.Add(name, key); err != nil {
			return err
		}
		pepper, err := t.Box.Seal(t.Pepper, string(id), pepperField)
		if err != nil {
			return err
		}
		return s.Store.AddTeamKey(ctx, it, store.WrappedKey{ID: name, Wrapped: wrapped, Since: s.now()}, pepper)
	})
	if err != nil {
		return "", err
	}
	_, err = s.Reseal(ctx, id)
	return name, err
}

// Reseal finishes what an interrupted rotation left: it seals what stands under an
// old key of the team under the newest. It answers how many settings that were. A
// setting that is damaged stays as it is and is an error, after all others are done.
func (s Setup) Reseal(ctx context.Context, id hub.TeamID) (int, error) {
	done := 0
	err := Settle(func() error {
		t, _, err := s.team(ctx, id)
		if err != nil {
			return err
		}
		list, err := s.Store.Sealed(ctx, id)
		if err != nil {
			return err
		}
		var busy, damaged error
		for _, it := range list {
			fields, changed, err := resealed(t, it)
			switch {
			case errors.Is(err, seal.ErrNoKey): // of a rotation since, or of none: the next round tells
				busy = hub.E(hub.Conflict, "settings: reseal", fmt.Errorf("%s: %w", it.Place, err))
				continue
			case err != nil:
				damaged = err
				continue
			case !changed:
				continue
			}
			switch err := s.Store.Reseal(ctx, it, fields); {
			case hub.CodeOf(err) == hub.Conflict:
				busy = err
			case err != nil:
				return err
			default:
				done++
			}
		}
		if busy != nil {
			return busy
		}
		return damaged
	})
	return done, err
}

// resealed gives the sealed fields of a setting under the team's newest key.
func resealed(t *Team, it store.SealedItem) (map[string][]byte, bool, error) {
	fields, changed := map[string][]byte{}, false
	for field, sealed := range it.Fields {
		fields[field] = sealed
		if seal.KeyOf(sealed) == t.Box.Newest() {
			continue
		}
		clear, err := t.Box.Open(sealed, string(t.ID), it.Place, field)
		if err == nil {
			fields[field], err = t.Box.Seal(clear, string(t.ID), it.Place, field)
		}
		if err != nil {
			return nil, false, hub.E(hub.Internal, "settings: reseal "+it.Place+" "+field, err)
		}
		changed = true
	}
	return fields, changed, nil
}

// Drop removes the old keys of a team and answers how many those were. Conflict if
// the last rotation is not KeyRest ago, or if something still stands under an old
// key: nothing can be sealed under one any more once a newer one has joined, so what
// is found here is all there is.
func (s Setup) Drop(ctx context.Context, id hub.TeamID) (int, error) {
	it, err := s.Store.Team(ctx, id, store.Strict)
	if err != nil {
		return 0, err
	}
	if len(it.Keys) < 2 {
		return 0, nil
	}
	newest := it.Keys[len(it.Keys)-1]
	if rest := newest.Since.Add(KeyRest).Time().Sub(s.now().Time()); rest > 0 {
		return 0, &hub.Error{Code: hub.Conflict, Op: "settings: drop keys", RetryAfter: rest,
			Err: fmt.Errorf("processes may hold settings of before the rotation for %s more", rest.Round(time.Second))}
	}
	list, err := s.Store.Sealed(ctx, id)
	if err != nil {
		return 0, err
	}
	if seal.KeyOf(it.Pepper) != newest.ID {
		list = append(list, store.SealedItem{Place: pepperField, Fields: map[string][]byte{pepperField: it.Pepper}})
	}
	for _, setting := range list {
		for field, sealed := range setting.Fields {
			if seal.KeyOf(sealed) != newest.ID {
				return 0, hub.E(hub.Conflict, "settings: drop keys", fmt.Errorf("%s %s is not sealed under the newest key", setting.Place, field))
			}
		}
	}
	return len(it.Keys) - 1, s.Store.KeepNewestKey(ctx, it)
}

// RotateEdge lets a new key of webhook path ids join the others and answers its name.
// From then on new path ids bear it; those that were given out stay good for ever,
// since they stand at the platforms. Processes know the new key within a minute, and
// within eleven if the table does not answer.
func (s Setup) RotateEdge(ctx context.Context) (string, error) {
	wrapped, err := s.Keyring.Wrap(ctx, seal.NewKey(), edgeContext)
	if err != nil {
		return "", err
	}
	var name string
	err = Settle(func() error {
		seen, err := s.Store.EdgeKeys(ctx, store.Strict)
		if err != nil {
			return err
		}
		if name, err = store.NextKeyID(seen); err != nil {
			return err
		}
		return s.Store.AddEdgeKey(ctx, seen, store.WrappedKey{ID: name, Wrapped: wrapped, Since: s.now()})
	})
	return name, err
}
