package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// secret is a credential that a channel needs.
type secret struct {
	name   string
	sends  bool // it belongs to the account that sends, not to the connection that verifies
	advice string
}

// secrets are what each channel needs.
func secrets() map[hub.Channel][]secret {
	return map[hub.Channel][]secret{
		"line": {
			{"channel_secret", false, "LINE Developers Console, Basic settings"},
			{"channel_token", true, "the long-lived channel access token; Console, Messaging API"},
		},
		"whatsapp": {
			{"app_secret", false, "Meta App Dashboard, App settings, Basic"},
			{"verify_token", false, "a text of your own choice; enter the same at Meta beside the webhook's URL"},
			{"access_token", true, "of a system user that may send with the number"},
		},
	}
}

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
func parts(kind hub.Channel, given channel.Secrets) (verify, send channel.Secrets, err error) {
	verify, send = channel.Secrets{}, channel.Secrets{}
	left := len(given)
	for _, s := range secrets()[kind] {
		v, ok := given[s.name]
		switch {
		case !ok:
			continue
		case s.sends:
			send[s.name] = v
		default:
			verify[s.name] = v
		}
		left--
	}
	if left > 0 { // the names may be secrets that stand on the wrong side
		return nil, nil, fmt.Errorf("hubctl connect: among the secrets is one that %s does not have; it has %s", kind, list(kind, true, true))
	}
	return verify, send, nil
}

// missing is an error that names what neither was given nor is stored.
func missing(kind hub.Channel, sends bool, given, stored channel.Secrets) error {
	for _, s := range secrets()[kind] {
		if s.sends == sends && given[s.name] == "" && stored[s.name] == "" {
			return fmt.Errorf("hubctl connect: the secret %s is missing (%s)", s.name, s.advice)
		}
	}
	return nil
}

// list names a channel's secrets.
func list(kind hub.Channel, verifying, sending bool) string {
	var names []string
	for _, s := range secrets()[kind] {
		if s.sends && sending || !s.sends && verifying {
			names = append(names, s.name)
		}
	}
	return strings.Join(names, ", ")
}
