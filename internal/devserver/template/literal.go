package template

import (
	"bytes"
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"
)

// literal writes the resolved mapping below a key as JSON, for properties that
// CloudFormation hands on as they are. It answers "" if the property is absent.
func (o *object) literal(key string) string {
	n := o.get(key)
	if n == nil {
		return ""
	}
	if n.Kind != yaml.MappingNode {
		o.fail(n, "%s must be a mapping", key)
		return ""
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(o.plain(key, n))
	return strings.TrimSuffix(out.String(), "\n")
}

// plain is a node as encoding/json wants it. Where CloudFormation, which reads YAML
// 1.1, might see another value than the one here, it must be quoted.
func (o *object) plain(key string, n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = o.plain(key, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			list = append(list, o.plain(key, c))
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			o.fail(n, "%s: the number %s is not as JSON writes it: change or quote it", key, n.Value)
			return nil
		}
		return json.Number(n.Value)
	}
	switch strings.ToLower(n.Value) {
	case "y", "yes", "n", "no", "on", "off":
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			o.fail(n, "%s: %s without quotes is a truth value to some readers: quote it, or write true or false", key, n.Value)
		}
	}
	return n.Value
}
