package events

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"omnihub/internal/localaws/wire"
)

// The forms of names. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
var (
	busForm  = regexp.MustCompile(`^[/.\-_A-Za-z0-9]+$`)
	nameForm = regexp.MustCompile(`^[.\-_A-Za-z0-9]+$`)
)

// constraint is how AWS writes that a value is not as its model says.
func constraint(value any, at, rule string) *wire.Error {
	return wire.Validation("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, at, rule)
}

// checkText refuses a text that is too short or too long.
func checkText(s, at string, least, most int) error {
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		return constraint(s, at, "Member must have length greater than or equal to "+fmt.Sprint(least))
	case n > most:
		return constraint(s, at, "Member must have length less than or equal to "+fmt.Sprint(most))
	}
	return nil
}

// checkName refuses what is no name of a rule or of a target.
func checkName(s, at string) error {
	if err := checkText(s, at, 1, 64); err != nil {
		return err
	}
	if !nameForm.MatchString(s) {
		return constraint(s, at, `Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	}
	return nil
}

// busName is the bus that a name or an ARN of this account and region names; "" names
// the default bus. The bus need not exist.
func (e *Engine) busName(s string) (string, error) {
	if s == "" {
		return defaultBus, nil
	}
	name := strings.TrimPrefix(s, e.busARN(""))
	if strings.HasPrefix(name, "arn:") {
		return "", wire.Unsupported("event buses of another account or region (%s)", s)
	}
	if err := checkText(name, "eventBusName", 1, 256); err != nil {
		return "", err
	}
	if !busForm.MatchString(name) {
		return "", constraint(s, "eventBusName", `Member must satisfy regular expression pattern: (arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+`)
	}
	return name, nil
}

// page is the part of a list that a call wants.
type page struct {
	NextToken string
	Limit     *int
}

// cut returns one page of sorted names and the token of the next.
func (p page) cut(names []string) (out []string, token string, err error) {
	most := 100
	if p.Limit != nil {
		switch most = *p.Limit; {
		case most < 1:
			return nil, "", constraint(most, "limit", "Member must have value greater than or equal to 1")
		case most > 100:
			return nil, "", constraint(most, "limit", "Member must have value less than or equal to 100")
		}
	}
	if p.NextToken != "" {
		last, err := base64.URLEncoding.DecodeString(p.NextToken)
		if err != nil {
			return nil, "", wire.Validation("Parameter NextToken is not valid.")
		}
		i, found := slices.BinarySearch(names, string(last))
		if found {
			i++
		}
		names = names[i:]
	}
	if len(names) > most {
		token, names = base64.URLEncoding.EncodeToString([]byte(names[most-1])), names[:most]
	}
	return names, token, nil
}

// filtered are the keys of a map that begin with prefix, sorted.
func filtered[V any](m map[string]V, prefix string) []string {
	var names []string
	for name := range m {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
