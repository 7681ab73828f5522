package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// patched gives the files that a mutant changes, by their names, as it has them. A
// change whose text does not stand in its file exactly once is an error: the source
// has moved on, and the mutant with it must.
func patched(root string, m Mutant) (map[string][]byte, error) {
	files := map[string][]byte{}
	if err := patch(root, m, files); err != nil {
		return nil, err
	}
	return files, nil
}

// patch makes the changes of a mutant in files, and in those of the source that files
// does not hold yet. An error may leave some of them made.
func patch(root string, m Mutant, files map[string][]byte) error {
	for _, h := range m.Hunks {
		text, ok := files[h.File]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(h.File))); err != nil {
				return fmt.Errorf("mutant %s: %w", m.Name, err)
			}
		}
		changed, err := replace(string(text), h.Old, h.New)
		if err != nil {
			return fmt.Errorf("mutant %s: %s has changed: %w", m.Name, h.File, err)
		}
		files[h.File] = []byte(changed)
	}
	return nil
}

// replace puts new in the place of old, which must occur once. Indentation does not
// count, in neither of them.
func replace(text, old, new string) (string, error) {
	flat, at := flatten(text)
	first := strings.Index(flat, old)
	if first < 0 {
		return "", fmt.Errorf("nowhere does it say %q", old)
	}
	if again := strings.Index(flat[first+1:], old); again >= 0 {
		return "", fmt.Errorf("lines %d and %d both say %q", lineOf(text, at[first]), lineOf(text, at[first+1+again]), old)
	}
	return text[:at[first]] + new + text[at[first+len(old)]:], nil
}

// flatten takes the indentation out of a text. It answers, for each byte of what is
// left and for its end, the place in the text.
func flatten(text string) (string, []int) {
	var flat strings.Builder
	at := make([]int, 0, len(text)+1)
	start := true
	for i := range len(text) {
		c := text[i]
		if start && (c == ' ' || c == '\t') {
			continue
		}
		start = c == '\n'
		flat.WriteByte(c)
		at = append(at, i)
	}
	return flat.String(), append(at, len(text))
}

func lineOf(text string, at int) int { return strings.Count(text[:at], "\n") + 1 }

// overlay writes the files into a folder, and what the go command's flag -overlay
// reads to take them instead of the module's. It answers the name of the latter.
//
// https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies
func overlay(dir, root string, files map[string][]byte) (string, error) {
	over := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return "", err
		}
		over.Replace[filepath.Join(root, filepath.FromSlash(name))] = to
	}
	list, err := json.Marshal(over)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, list, 0o644)
}
