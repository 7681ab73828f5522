package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Mutant is the product with one of its defences removed, and what must notice.
type Mutant struct {
	Name    string // [a-z0-9-]
	Lacks   string // the defence that is removed, in words
	Threats []string
	Hunks   []Hunk
	Killers []Killer // each is enough
}

// Hunk replaces a text that stands in a file exactly once.
type Hunk struct {
	File     string // relative to the module's root, with slashes
	Old, New string // lines without surrounding space
}

// Killer is a check that passes on the product and fails on the mutant.
type Killer struct {
	Package, Test string   // a Go test; Package is a folder relative to the root
	Chaos         []string // else the flags of a chaos run
	// Expect is what the failure must say: one of a test's messages, or a promise that
	// a chaos run broke. A test that panics or runs out of time kills only if this
	// names it. nil = any message of the test.
	Expect *regexp.Regexp
}

// String is the killer as the list writes it, without what it expects.
func (k Killer) String() string {
	if k.Test != "" {
		return k.Package + " " + k.Test
	}
	return "chaos " + strings.Join(k.Chaos, " ")
}

var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// load reads every *.txt of a folder. README.md tells the form.
func load(dir fs.FS) ([]Mutant, error) {
	files, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	var all []Mutant
	known := map[string]bool{}
	for _, name := range files {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		list, err := parse(name, string(text))
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if known[m.Name] {
				return nil, fmt.Errorf("%s: there are two mutants %s", name, m.Name)
			}
			known[m.Name] = true
		}
		all = append(all, list...)
	}
	return all, nil
}

// reading is one file of the list while it is read, line by line.
type reading struct {
	list []Mutant
	file string // of the hunks to come
	side byte   // '-' or '+' while a hunk is being read
}

func parse(name, text string) ([]Mutant, error) {
	var p reading
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if err := p.line(strings.TrimSpace(lines.Text())); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	for _, m := range p.list {
		if err := m.whole(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, m.Name, err)
		}
	}
	return p.list, lines.Err()
}

func (p *reading) line(text string) error {
	if text == "" || text[0] == '#' {
		return nil
	}
	if text[0] == '-' || text[0] == '+' {
		return p.change(text[0], strings.TrimSpace(text[1:]))
	}
	p.side = 0
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return fmt.Errorf("%q has nothing behind it", word)
	}
	if word == "mutant" {
		if !nameForm.MatchString(rest) {
			return fmt.Errorf("%q is no name: want words of a-z and 0-9 with hyphens", rest)
		}
		p.list, p.file = append(p.list, Mutant{Name: rest}), ""
		return nil
	}
	if len(p.list) == 0 {
		return fmt.Errorf("%q stands before the first mutant", word)
	}
	m := &p.list[len(p.list)-1]
	switch word {
	case "lacks":
		m.Lacks = rest
	case "threat":
		m.Threats = strings.Fields(rest)
	case "file":
		if !fs.ValidPath(rest) || path.Ext(rest) != ".go" {
			return fmt.Errorf("%q is no Go file of the module", rest)
		}
		p.file = rest
	case "test", "chaos":
		k, err := killer(word, rest)
		if err != nil {
			return err
		}
		m.Killers = append(m.Killers, k)
	default:
		return fmt.Errorf("%q is not known here", word)
	}
	return nil
}

// change takes a line of a hunk. A "-" after a "+" begins the next hunk of the file.
func (p *reading) change(side byte, text string) error {
	if p.file == "" {
		return fmt.Errorf("a change without its file")
	}
	m := &p.list[len(p.list)-1]
	if side == '-' && p.side != '-' {
		m.Hunks = append(m.Hunks, Hunk{File: p.file})
	}
	if side == '+' && p.side == 0 {
		return fmt.Errorf("a change begins with what stands in the file")
	}
	p.side = side
	h := &m.Hunks[len(m.Hunks)-1]
	to := &h.Old
	if side == '+' {
		to = &h.New
	}
	if *to != "" {
		*to += "\n"
	}
	*to += text
	return nil
}

// killer reads "<package> <test> [=> <expected>]" or "<flags> => <expected>".
func killer(word, rest string) (Killer, error) {
	what, expect, told := strings.Cut(rest, " => ")
	fields := strings.Fields(what)
	var k Killer
	switch {
	case word == "test" && len(fields) == 2 && strings.HasPrefix(fields[1], "Test"):
		k.Package, k.Test = fields[0], fields[1]
	case word == "test":
		return k, fmt.Errorf("a test is named by its package and its function, got %q", what)
	case !told:
		return k, fmt.Errorf("a chaos run names the promise that must break")
	default:
		k.Chaos = fields
	}
	if told {
		var err error
		if k.Expect, err = regexp.Compile(strings.TrimSpace(expect)); err != nil {
			return k, err
		}
	}
	return k, nil
}

// whole refuses a mutant that lacks a part.
func (m Mutant) whole() error {
	switch {
	case m.Lacks == "":
		return fmt.Errorf("it does not say what it lacks")
	case len(m.Threats) == 0:
		return fmt.Errorf("it names no threat")
	case len(m.Hunks) == 0:
		return fmt.Errorf("it changes nothing")
	case len(m.Killers) == 0:
		return fmt.Errorf("nothing kills it")
	}
	for _, h := range m.Hunks {
		if h.Old == "" || h.Old == h.New {
			return fmt.Errorf("a change of %s changes nothing", h.File)
		}
	}
	return nil
}
