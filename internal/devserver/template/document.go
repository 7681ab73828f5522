package template

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Document is a template as it is written, before parameters and conditions.
type Document struct {
	name     string
	sections map[string]*yaml.Node
}

// Options are what a template does not say about the place where it runs.
type Options struct {
	Stack, Region, Account string
	Parameters             map[string]string // over the template's defaults
	APIURL                 string            // base URL of the HTTP API
	AWSURL                 string            // base URL of the AWS endpoint, for queue URLs

	// Known holds attributes that are only known once a resource exists, by
	// "LogicalId" for Ref and "LogicalId.Attribute" for GetAtt.
	Known map[string]string

	// Shuffle makes every FIFO queue a standard queue without the suffix.
	Shuffle bool
}

// HasParameter reports whether the template has a parameter of that name.
func (d *Document) HasParameter(name string) bool {
	return field(d.sections["Parameters"], name) != nil
}

// Read reads a template file.
func Read(path string) (*Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("template: read: %w", err)
	}
	return Parse(filepath.Base(path), data)
}

// Parse reads a template; name stands in error texts.
func Parse(name string, data []byte) (*Document, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("template: %s: %w", name, err)
	}
	d := &Document{name: name, sections: map[string]*yaml.Node{}}
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("template: %s: not a mapping of sections", name)
	}
	if err := d.plain(root.Content[0]); err != nil {
		return nil, err
	}
	top := root.Content[0]
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		switch key.Value {
		case "Parameters", "Mappings", "Conditions", "Globals", "Resources":
			if value.Kind != yaml.MappingNode {
				return nil, d.errorf(value, "section %s is not a mapping", key.Value)
			}
			d.sections[key.Value] = value
		case "AWSTemplateFormatVersion", "Description", "Metadata", "Outputs", "Rules":
		case "Transform":
			if value.Value != "AWS::Serverless-2016-10-31" {
				return nil, d.errorf(value, "transform %s is not known", describe(value))
			}
		default:
			return nil, d.errorf(key, "section %s is not known", key.Value)
		}
	}
	if d.sections["Resources"] == nil {
		return nil, fmt.Errorf("template: %s: no section Resources", name)
	}
	return d, nil
}

// plain replaces aliases by what they stand for and refuses merge keys and
// doubled keys, which the services read in their own ways.
func (d *Document) plain(n *yaml.Node) error {
	for i, c := range n.Content {
		if c.Kind == yaml.AliasNode {
			n.Content[i] = c.Alias
			continue
		}
		if err := d.plain(c); err != nil {
			return err
		}
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			return d.errorf(key, "merge keys (<<) are not known")
		}
		if seen[key.Value] {
			return d.errorf(key, "key %s stands twice", key.Value)
		}
		seen[key.Value] = true
	}
	return nil
}

// errorf makes an error that names the place.
func (d *Document) errorf(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("template: %s line %d: %s", d.name, n.Line, fmt.Sprintf(format, args...))
}

// describe is a short text for a node in an error.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return n.Tag + " " + n.Value
		}
		return fmt.Sprintf("%q", n.Value)
	case yaml.SequenceNode:
		return "a list"
	}
	return "a mapping"
}

// field is the value of a mapping's key, or nil.
func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// scalar makes a string node at the place of another.
func scalar(value string, at *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: value, Line: at.Line, Column: at.Column}
}
