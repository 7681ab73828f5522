package main

import (
	"maps"

	"omnihub/internal/devserver/demoteam"
	"omnihub/internal/devserver/issuer"
)

// issuerPath is where the local issuer is served, below the platforms' address.
const issuerPath = "/_issuer"

// The template's parameters for another issuer than a pool of its own, and who the
// local issuer's tokens are for.
const (
	issuerParameter   = "Issuer"
	audienceParameter = "Audience"
	localAudience     = "omnihub-local"
)

// issuerURL is the local issuer's name.
func (m *machine) issuerURL() string { return m.urls.Platform + issuerPath }

// openIssuer opens the local issuer; its keys survive a restart as the state does.
func (m *machine) openIssuer() error {
	c := issuer.Config{URL: m.issuerURL(), Client: localAudience, Now: m.clock.Now}
	if !m.memory {
		c.Path = m.state.file("issuer.json")
	}
	var err error
	m.issuer, err = issuer.Open(c)
	return err
}

// withIssuer gives the template the local issuer, unless the developer named another or
// the template does not ask for one.
func (m *machine) withIssuer(given map[string]string) map[string]string {
	_, issuerGiven := given[issuerParameter]
	_, audienceGiven := given[audienceParameter]
	if issuerGiven || audienceGiven || !m.document.HasParameter(issuerParameter) || !m.document.HasParameter(audienceParameter) {
		return given
	}
	out := maps.Clone(given)
	out[issuerParameter], out[audienceParameter] = m.issuerURL(), localAudience
	return out
}

// takesLocalTokens is whom the local issuer's tokens must be for to open the API, or ""
// if they do not.
func (m *machine) takesLocalTokens() string {
	for _, a := range m.model.API.Authorizers {
		if a.JWT != nil && a.JWT.Issuer == m.issuerURL() {
			return a.JWT.Audience[0]
		}
	}
	return ""
}

// tokens are fresh tokens of the demo team's members, by role; none if the API does not
// take the local issuer's.
func (m *machine) tokens() (map[string]string, error) {
	client := m.takesLocalTokens()
	if client == "" {
		return nil, nil
	}
	out := map[string]string{}
	for _, member := range demoteam.Members() {
		token, err := m.issuer.Mint(issuer.Request{Subject: member.Subject, Client: client, Email: member.Email, Name: member.Name})
		if err != nil {
			return nil, err
		}
		out[member.Role] = token
	}
	return out, nil
}
