package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// readSecrets reads NAME=VALUE lines.
func readSecrets(r io.Reader) (channel.Secrets, error) {
	given := channel.Secrets{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		if !ok || name == "" || v == "" {
			return nil, errors.New("hubctl connect: secrets are read as lines of NAME=VALUE")
		}
		given[strings.TrimSpace(name)] = hub.Secret(strings.TrimSpace(v))
	}
	return given, lines.Err()
}

// parts divides what was given between connection and account, and refuses what the
// channel does not know.
func parts(adapter channel.Adapter, given channel.Secrets) (verify, send channel.Secrets, err error) {
	verify, send = channel.Secrets{}, channel.Secrets{}
	setup := adapter.Setup()
	left := len(given)
	for _, side := range []struct {
		fields []channel.Field
		into   channel.Secrets
	}{{setup.Connection, verify}, {setup.Account, send}} {
		for _, f := range side.fields {
			if v, ok := given[f.Name]; ok {
				side.into[f.Name] = v
				left--
			}
		}
	}
	if left > 0 { // the names may be secrets that stand on the wrong side
		return nil, nil, fmt.Errorf("hubctl connect: among the secrets is one that %s does not have; it has %s", adapter.Kind(), list(setup))
	}
	return verify, send, nil
}

// missing is an error that names what neither was given nor is stored.
func missing(fields []channel.Field, given, stored channel.Secrets) error {
	for _, f := range fields {
		if !f.Optional && given[f.Name] == "" && stored[f.Name] == "" {
			return fmt.Errorf("hubctl connect: the secret %s is missing (%s)", f.Name, f.Help)
		}
	}
	return nil
}

// list names a channel's secrets.
func list(setup channel.Setup) string {
	var names []string
	for _, f := range slices.Concat(setup.Connection, setup.Account) {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
