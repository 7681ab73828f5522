package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
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
		if !ok || name == "" {
			return nil, errors.New("hubctl connect: secrets are read as lines of NAME=VALUE")
		}
		given[strings.TrimSpace(name)] = hub.Secret(strings.TrimSpace(v))
	}
	return given, lines.Err()
}

// fieldsOf are the lines that tell a channel's credentials.
func fieldsOf(a channel.Adapter) string {
	setup := a.Setup()
	var out strings.Builder
	for _, side := range []struct {
		of     string
		fields []channel.Field
	}{{"connection", setup.Connection}, {"account", setup.Account}} {
		for _, f := range side.fields {
			help := f.Help
			if f.Optional {
				help = "may be left out; " + help
			}
			fmt.Fprintf(&out, "      %-21s  %-10s   %s\n", f.Name, side.of, help)
		}
	}
	return out.String()
}

// channels tells, for the usage, what every channel is connected with.
func channels(adapters map[hub.Channel]channel.Adapter) string {
	var out strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(adapters)) {
		setup := adapters[kind].Setup()
		fmt.Fprintf(&out, "\n    %s: -external is %s", kind, setup.External)
		if setup.Single {
			out.WriteString("; a connection has one account")
		}
		out.WriteString("\n" + fieldsOf(adapters[kind]))
	}
	return out.String()
}

// usageOf is the usage, with what the channels are connected with.
func usageOf(adapters map[hub.Channel]channel.Adapter) string {
	return strings.Replace(usage, channelsHere, channels(adapters), 1)
}

const channelsHere = "\n    {channels}\n"
